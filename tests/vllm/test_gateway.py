"""Clients that no one here wrote, through a gateway, against a real vLLM server."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from gateway_support import Running, gateway
from litellm_support import ask
from openai import AsyncOpenAI, BadRequestError, OpenAI
from samples import prose
from tool_template import TEMPLATE
from vllm_support import Served, needs_avx512

pytestmark = [pytest.mark.timeout(900), needs_avx512]
WINDOW = 2048
TURNS = 40
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "pressure",
            "description": "Look up the pressure of a pump.",
            "parameters": {"type": "object", "properties": {"pump": {"type": "string"}}, "required": ["pump"]},
        },
    }
]
ONE_PUMP: dict[str, Any] = {
    **TOOLS[0]["function"],
    "parameters": {"type": "object", "properties": {"pump": {"enum": ["P-7"]}}, "required": ["pump"]},
    "strict": True,
}
CALL = "What is the pressure of pump P-7?"
NEEDLE = "Ada Fenwick hid 14 silver spoons under the stairs of the mill."
QUESTION = "Where did Ada Fenwick hide the silver spoons?"
LONG = f"{prose(150)}\n\n{NEEDLE}\n\n{prose(150, 2)}"


@pytest.fixture(scope="module")
def behind(start_vllm: Any, smollm2_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    template = tmp_path_factory.mktemp("template") / "tools.jinja"
    template.write_text(TEMPLATE, encoding="utf-8")
    options = ["--chat-template", str(template), "--enable-auto-tool-choice", "--tool-call-parser", "hermes"]
    options += ["--max-model-len", str(WINDOW), "--enable-prompt-tokens-details", "--enable-prefix-caching"]
    with start_vllm(smollm2_dir, *options, name="tools") as served:
        yield served


@pytest.fixture(scope="module")
def running(behind: Served) -> Iterator[Running]:
    with gateway(behind.url, rank="auto", deadline=60.0) as made:
        yield made


@pytest.fixture(scope="module")
def client(running: Running) -> OpenAI:
    return OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0, timeout=300)


def chat(*said: str) -> list[Any]:
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(said)]
    return [{"role": "system", "content": "Be brief."}, *turns]


def test_what_the_server_refuses_is_answered_through_the_gateway(behind: Served, client: OpenAI) -> None:
    messages = chat(LONG, "Noted.", QUESTION)
    direct = OpenAI(base_url=f"{behind.url}/v1", api_key="none", max_retries=0)
    with pytest.raises(BadRequestError):
        direct.chat.completions.create(model="tools", messages=messages, max_tokens=20)
    said = client.chat.completions.with_raw_response.create(model="tools", messages=messages, max_tokens=20)
    answer = said.parse()
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == int(said.headers["x-ctxpipe-sent-tokens"]) <= WINDOW - 20
    assert answer.usage.prompt_tokens > 0.5 * WINDOW


@pytest.mark.parametrize("long", [False, True])
def test_streams_whole_answers_and_async_are_alike(client: OpenAI, running: Running, long: bool) -> None:
    options: dict[str, Any] = {
        "model": "tools",
        "messages": chat(LONG, "Noted.", QUESTION) if long else chat("What is the capital of France?"),
        "max_tokens": 16,
        "temperature": 0,
        "seed": 1,
    }
    whole = client.chat.completions.create(**options).choices[0].message.content
    events = client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True})
    pieces = list(events)
    assert "".join(event.choices[0].delta.content or "" for event in pieces if event.choices) == whole
    assert pieces[-1].usage is not None

    async def later() -> str | None:
        async with AsyncOpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0) as own:
            answers = await asyncio.gather(*(own.chat.completions.create(**options) for _ in range(4)))
        assert len({answer.choices[0].message.content for answer in answers}) == 1
        return answers[0].choices[0].message.content

    assert asyncio.run(later()) == whole


def test_structured_answers(client: OpenAI) -> None:
    # A model this small may write digits until it is stopped.
    schema = {"type": "object", "properties": {"bar": {"enum": [990, 1013, 1030]}}, "required": ["bar"]}
    said = client.chat.completions.create(
        model="tools",
        messages=chat(LONG, "Noted.", "What is the pressure?"),
        max_tokens=30,
        temperature=0,
        response_format={"type": "json_schema", "json_schema": {"name": "pressure", "schema": schema}},  # type: ignore[arg-type, misc]
        tools=TOOLS,
        tool_choice="none",
    )
    assert json.loads(said.choices[0].message.content or "")["bar"] in (990, 1013, 1030)


@pytest.mark.parametrize("long", [False, True])
def test_a_tool_call_comes_back_as_the_server_made_it(client: OpenAI, long: bool) -> None:
    """Whole and streamed. ``strict`` holds the arguments to the schema, which leaves the model one thing to say."""
    asked = chat(LONG, "Noted.", CALL) if long else chat(CALL)
    options: dict[str, Any] = {
        "model": "tools",
        "messages": asked,
        "tools": [{"type": "function", "function": ONE_PUMP}],
        "tool_choice": {"type": "function", "function": {"name": "pressure"}},
        "max_tokens": 100,
        "temperature": 0,
    }
    said = client.chat.completions.with_raw_response.create(**options)
    assert said.headers["x-ctxpipe-action"] == ("compressed" if long else "passed")
    message = said.parse().choices[0].message
    (call,) = message.tool_calls or ()
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("pressure", {"pump": "P-7"})

    events = client.chat.completions.create(**options, stream=True)
    deltas = [delta for event in events for one in event.choices for delta in one.delta.tool_calls or ()]
    assert {delta.index for delta in deltas} == {0}
    told = [delta.function for delta in deltas if delta.function]
    assert [one.name for one in told if one.name] == ["pressure"]
    assert json.loads("".join(one.arguments or "" for one in told)) == {"pump": "P-7"}

    result = {"role": "tool", "tool_call_id": call.id, "content": "Pump P-7 runs at 5.5 bar."}
    later = {"messages": [*asked, message.to_dict(), result], "tool_choice": "none", "max_tokens": 4}
    assert client.chat.completions.create(**{**options, **later}).choices


def test_a_tool_use_comes_back_to_the_anthropic_client(running: Running) -> None:
    with anthropic.Anthropic(base_url=running.url, api_key="none", max_retries=0, timeout=300) as own:
        said = own.messages.create(
            model="tools",
            max_tokens=100,
            messages=chat(CALL)[1:],
            tools=[{"name": "pressure", "input_schema": ONE_PUMP["parameters"], "strict": True}],
            tool_choice={"type": "tool", "name": "pressure"},
        )
    (use,) = said.content
    assert use.type == "tool_use"
    assert (use.name, use.input) == ("pressure", {"pump": "P-7"})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/completions", {"prompt": f"{LONG}\n\n{QUESTION}", "max_tokens": 5}),
        (
            "/v1/responses",
            {"input": chat(LONG, "Noted.", QUESTION)[1:], "instructions": "Be brief.", "max_output_tokens": 5},
        ),
        ("/v1/messages", {"messages": chat(LONG, "Noted.", QUESTION)[1:], "system": "Be brief.", "max_tokens": 5}),
        ("/v1/chat/completions", {"messages": chat(LONG, "Noted.", QUESTION), "tools": TOOLS, "max_tokens": 5}),
    ],
)
def test_every_endpoint_is_counted_as_the_server_counts(running: Running, path: str, body: dict[str, Any]) -> None:
    said = running.post(path, {"model": "tools", **body})
    assert said.status_code == 200, said.text
    usage = said.json()["usage"]
    names = ("prompt_tokens", "input_tokens")
    if path == "/v1/messages":  # in Anthropic's form, what was cached is counted apart
        names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    counted = sum(usage.get(name) or 0 for name in names)
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert int(said.headers["x-ctxpipe-sent-tokens"]) == counted <= WINDOW - 5


def test_it_fits_to_the_token(behind: Served, running: Running) -> None:
    """A prompt that fills the window exactly goes through as it is; with one token more it is cut."""
    prompt = "a" + " a" * 1500
    count = httpx2.post(f"{behind.url}/tokenize", json={"model": "tools", "prompt": prompt}).json()["count"]
    for more, action in ((0, "passed"), (1, "compressed")):
        body = {
            "model": "tools",
            "prompt": prompt,
            "max_tokens": WINDOW - count + more,
            "ignore_eos": False,
            "stop": [" "],
        }
        said = running.post("/v1/completions", body)
        assert said.headers["x-ctxpipe-action"] == action
        assert said.status_code == 200
        assert int(said.headers["x-ctxpipe-source-tokens"]) == count


def test_langchain_talks_through_it(running: Running) -> None:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    model = ChatOpenAI(base_url=f"{running.url}/v1", api_key=SecretStr("none"), model="tools", max_completion_tokens=8)
    assert model.invoke(chat(LONG, "Noted.", QUESTION)).usage_metadata is not None
    assert len(list(model.stream(chat("Hello.")))) > 1


def test_the_anthropic_client_talks_through_it(running: Running) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "pressure", "input": {"pump": "P-7"}}
    found = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": LONG}]}
    messages: list[Any] = [
        {"role": "user", "content": [{"type": "text", "text": prose(60), "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [found, {"type": "text", "text": QUESTION}]},
    ]
    tools: list[Any] = [{"name": "pressure", "input_schema": TOOLS[0]["function"]["parameters"]}]
    options: dict[str, Any] = {
        "model": "tools",
        "max_tokens": 8,
        "tools": tools,
        "system": "Be brief.",
        "extra_body": {"temperature": 0},
    }
    with anthropic.Anthropic(base_url=running.url, api_key="none", max_retries=0, timeout=300) as own:
        for asked in (chat("Hello.")[1:], chat(LONG, "Noted.", QUESTION)[1:], messages):
            said = own.messages.create(**options, messages=asked)
            with own.messages.stream(**options, messages=asked) as stream:
                streamed = stream.get_final_message()
            assert [part.to_dict() for part in streamed.content] == [part.to_dict() for part in said.content]
            usage = said.usage
            counted = (
                usage.input_tokens + (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
            )
            assert 0 < counted <= WINDOW - 8


@pytest.mark.skipif("CTXPIPE_TEST_LITELLM" not in os.environ, reason="LiteLLM has an environment of its own")
def test_litellms_client_talks_through_it(running: Running) -> None:
    body = {
        "model": "openai/tools",
        "messages": chat(LONG, "Noted.", QUESTION),
        "max_tokens": 8,
        "temperature": 0,
    }
    environment = Path(os.environ["CTXPIPE_TEST_LITELLM"])
    said = ask(environment, running.url, body)
    assert ask(environment, running.url, body | {"stream": True})["text"] == said["text"] != ""
    assert 0.5 * WINDOW < said["tokens"] <= WINDOW - 8


def test_models_are_listed(client: OpenAI) -> None:
    (model,) = client.models.list().data
    assert model.id == "tools"
    assert (model.model_extra or {})["max_model_len"] == WINDOW


def turn(number: int) -> list[Any]:
    call = {
        "id": f"call_{number}",
        "type": "function",
        "function": {"name": "pressure", "arguments": f'{{"pump": "P-{number}"}}'},
    }
    return [
        {"role": "user", "content": f"How is pump P-{number}?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"call_{number}", "content": prose(6, number)},
        {"role": "assistant", "content": f"Pump P-{number} runs at {number + 2}.5 bar."},
    ]


def grown(ask: Callable[[list[Any]], Any], system: str, turns: int, first: int = 0) -> float:
    """The share of prompt tokens found in the server's cache while a chat grows, asked each turn from the first."""
    messages: list[Any] = [{"role": "system", "content": system}]
    prompt = cached = 0
    for number in range(turns):
        *asked, answered = turn(number)
        messages += asked
        if number >= first:
            usage = ask(messages)
            prompt += usage.prompt_tokens
            cached += usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
        messages.append(answered)
    return cached / prompt


def test_a_tool_conversation_outgrows_the_window_and_stays_cached(
    behind: Served, client: OpenAI, record_property: Callable[[str, object], None]
) -> None:
    """Beside an application that drops its oldest turns when the server has no room for them."""
    direct = OpenAI(base_url=f"{behind.url}/v1", api_key="none", max_retries=0, timeout=600)

    def counted(messages: list[Any]) -> int:
        body = {"model": "tools", "messages": messages, "tools": TOOLS}
        return int(httpx2.post(f"{behind.url}/tokenize", json=body, timeout=60).json()["count"])

    def through(messages: list[Any]) -> Any:
        return client.chat.completions.create(model="tools", messages=messages, tools=TOOLS, max_tokens=1).usage

    def sliding(messages: list[Any]) -> Any:
        system, rest = messages[:1], messages[1:]
        while counted([*system, *rest]) >= WINDOW:
            rest = rest[next(i for i in range(1, len(rest)) if rest[i]["role"] == "user") :]
        kept = [*system, *rest]
        return direct.chat.completions.create(model="tools", messages=kept, tools=TOOLS, max_tokens=1).usage

    assert counted([message for number in range(TURNS) for message in turn(number)]) > 4 * WINDOW
    share = grown(through, "You look after the pumps of a harbour, through the gateway.", TURNS)
    without = grown(sliding, "You look after the pumps of a harbour, without it.", TURNS // 2, TURNS // 4)
    record_property("cached share of prompt tokens, through the gateway", round(share, 3))
    record_property("cached share of prompt tokens, without", round(without, 3))
    assert share > 0.6
    assert share > without + 0.1


def test_a_message_of_two_million_tokens(behind: Served) -> None:
    text = f"{prose(45_000)}\n\n{NEEDLE}\n\n{prose(45_000, 7)}"
    messages = [{"role": "user", "content": f"{text}\n\n{QUESTION}"}]
    body = {"model": "tools", "messages": messages, "max_tokens": 8, "return_token_ids": True}
    with gateway(behind.url, rank="auto", deadline=400.0) as running:
        said = httpx2.post(f"{running.url}/v1/chat/completions", json=body, timeout=500)
    assert said.status_code == 200, said.text
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert int(said.headers["x-ctxpipe-source-tokens"]) >= 2_000_000
    read = said.json()["prompt_token_ids"]
    sent = int(said.headers["x-ctxpipe-sent-tokens"])
    assert 0.95 * (WINDOW - 8) < sent == len(read) == said.json()["usage"]["prompt_tokens"] <= WINDOW - 8
    prompt = httpx2.post(f"{behind.url}/detokenize", json={"model": "tools", "tokens": read}).json()["prompt"]
    assert NEEDLE in prompt
    assert QUESTION in prompt
