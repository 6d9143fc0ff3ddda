"""Anthropic's own client through the gateway: whole, streamed, async, with tools."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
from gateway_support import WINDOW, Exchange, Running, Target, count, gateway, target
from samples import prose

from ctxpipe import Corpus, Document

NEEDLE = "The ladder of Ada Fenwick leans behind the granary."
QUESTION = "Where does the ladder of Ada Fenwick lean?"
LONG = f"{prose(150, 1)}\n\n{NEEDLE}\n\n{prose(150, 2)}"
TOOL: Any = {"name": "look", "description": "Look.", "input_schema": {"type": "object", "properties": {}}}


def event(kind: str, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


def answer(x: Exchange) -> None:
    """In Anthropic's form, as long as the needle came with the prompt."""
    text = "Behind the granary." if NEEDLE in json.dumps(x.got.json) else "I do not know."
    usage = {"input_tokens": count(x.got.json), "output_tokens": 4}
    message: dict[str, Any] = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "usage": usage}
    message |= {"stop_reason": "end_turn", "stop_sequence": None}
    if not x.got.json.get("stream"):
        return x.json({**message, "content": [{"type": "text", "text": text}]})
    x.open_stream()
    x.part(event("message_start", message={**message, "content": []}))
    x.part(event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
    for piece in (text[:6], text[6:]):
        x.part(event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece}))
    x.part(event("content_block_stop", index=0))
    x.part(event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=usage))
    x.part(event("message_stop"))
    x.end_stream()


@pytest.fixture(scope="module")
def behind() -> Iterator[Target]:
    with target(messages=answer) as made:
        yield made


@pytest.fixture(scope="module")
def running(behind: Target) -> Iterator[Running]:
    with gateway(behind.url) as made:
        yield made


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=running.url, api_key="none", max_retries=0) as made:
        yield made


def asked(*, tools: bool = False) -> dict[str, Any]:
    messages: list[Any] = [{"role": "user", "content": LONG}, {"role": "assistant", "content": "Noted."}]
    if tools:
        use = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "t1", "content": LONG}
        messages = [
            {"role": "user", "content": prose(60)},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result, {"type": "text", "text": QUESTION}]},
        ]
    else:
        messages.append({"role": "user", "content": QUESTION})
    return {"model": "m", "max_tokens": 50, "system": "Be brief.", "messages": messages, "tools": [TOOL]}


@pytest.mark.parametrize("tools", [False, True])
def test_a_whole_answer(client: anthropic.Anthropic, behind: Target, tools: bool) -> None:
    said = client.messages.with_raw_response.create(**asked(tools=tools))
    message = said.parse()
    assert message.content[0].text == "Behind the granary."
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert message.usage.input_tokens == int(said.headers["x-ctxpipe-sent-tokens"]) <= WINDOW - 50
    sent = behind.last("/v1/messages").json
    assert (sent["system"], sent["tools"]) == ("Be brief.", [TOOL])
    if tools:
        (use,), (result, question) = (message["content"] for message in sent["messages"][-2:])
        assert use["id"] == result["tool_use_id"]
        assert question["text"] == QUESTION


def test_a_stream(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**asked()) as stream:
        assert "".join(stream.text_stream) == "Behind the granary."
        assert stream.get_final_message().usage.input_tokens <= WINDOW - 50


def test_the_async_client(running: Running) -> None:
    async def ask() -> list[Any]:
        async with anthropic.AsyncAnthropic(base_url=running.url, api_key="none", max_retries=0) as made:
            return list(await asyncio.gather(*(made.messages.create(**asked()) for _ in range(3))))

    assert [message.content[0].text for message in asyncio.run(ask())] == ["Behind the granary."] * 3


def test_an_error_is_one_that_the_client_knows(client: anthropic.Anthropic, behind: Target) -> None:
    def refuse(x: Exchange) -> None:
        x.json({"type": "error", "error": {"type": "rate_limit_error", "message": "slower"}}, status=429)

    behind.routes["/v1/messages"] = refuse
    try:
        with pytest.raises(anthropic.RateLimitError, match="slower"):
            client.messages.create(**asked())
    finally:
        behind.routes["/v1/messages"] = answer


def test_a_stream_from_a_corpus(behind: Target, tmp_path: Path) -> None:
    """The client leaves out the event that is ours, and a whole answer has it beside the message."""
    Corpus.build([Document(text=LONG, source="granary.txt")], tmp_path / "a.ctx").close()
    body = {"model": "m@a", "max_tokens": 50, "messages": [{"role": "user", "content": QUESTION}]}
    with (
        gateway(behind.url, corpora={"a": tmp_path / "a.ctx"}) as running,
        anthropic.Anthropic(base_url=running.url, api_key="none", max_retries=0) as client,
    ):
        with client.messages.stream(**body) as stream:
            assert "".join(stream.text_stream) == "Behind the granary."
        (citation,) = client.messages.create(**body).model_extra["ctxpipe"]["citations"]
    assert (citation["source"], citation["text"]) == ("granary.txt", NEEDLE)


def test_a_target_like_anthropics_is_counted_by_its_own_endpoint() -> None:
    """It has no ``/tokenize``, counts what is longer than its window, and calls the window otherwise."""

    def counted(x: Exchange) -> None:
        x.json({"input_tokens": 3 * count(x.got.json)})  # far from what anything here would estimate

    def listed(x: Exchange) -> None:
        x.json({"data": [{"id": "claude-a", "type": "model", "max_input_tokens": WINDOW}], "has_more": False})

    headers = {"x_api_key": "sk-ant-1", "anthropic_version": "2023-06-01"}
    body: dict[str, Any] = {"model": "claude-a", "max_tokens": 100, "system": "Be brief."}
    with (
        target(tokenize=None, messages=answer, count_tokens=counted, models=listed) as behind,
        gateway(behind.url) as running,
    ):
        for said, action in ((QUESTION, "passed"), (f"{LONG}\n\n{QUESTION}", "compressed")):
            # A request that surely fits is not counted.
            asked = {**body, "messages": [{"role": "user", "content": said}], "metadata": {"user_id": "u" * 9000}}
            got = running.post("/v1/messages", asked, **headers)
            sent = behind.last("/v1/messages")
            assert got.status_code == 200
            assert got.headers["x-ctxpipe-action"] == action
            assert "x-ctxpipe-counted" not in got.headers
            assert int(got.headers["x-ctxpipe-sent-tokens"]) == 3 * count(sent.json) <= WINDOW - 100
            assert sent.header("x-api-key") == "sk-ant-1"
        assert int(got.headers["x-ctxpipe-sent-tokens"]) > 0.7 * (WINDOW - 100)
        assert got.json()["content"][0]["text"] == "Behind the granary."
        question = behind.last("/v1/messages/count_tokens")
        assert (question.header("x-api-key"), question.header("anthropic-version")) == ("sk-ant-1", "2023-06-01")
        assert set(question.json) == {"model", "messages", "system"}
        assert not behind.asked("/tokenize")
