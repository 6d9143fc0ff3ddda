"""LiteLLM's proxy with the guardrail in it, and LiteLLM's client through the gateway, in an environment of its own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from documents import block_of
from gateway_support import WINDOW, Exchange, Target, count, gateway, target
from openai import OpenAI
from samples import prose

pytestmark = pytest.mark.timeout(600)
BUDGET = 900
KEY = f"sk-{secrets.token_hex(32)}"
NEEDLE = "The ladder of Ada Fenwick leans behind the granary."
QUESTION = "Where does the ladder of Ada Fenwick lean?"
LONG = f"{prose(120, 1)}\n\n{NEEDLE}\n\n{prose(120, 2)}"
ENVIRONMENT = Path(os.environ.get("CTXPIPE_TEST_LITELLM", ""))


def answer(x: Exchange) -> None:
    text = "Behind the granary." if NEEDLE in x.got.body.decode() else "I do not know."
    if x.got.json.get("stream"):
        x.open_stream()
        for piece in (text[:6], text[6:]):
            choice = {"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": None}
            chunk = {"id": "r", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
            x.part(f"data: {json.dumps(chunk)}\n\n".encode())
        x.part(b"data: [DONE]\n\n")
        x.end_stream()
        return
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": count(x.got.json), "completion_tokens": 4, "total_tokens": count(x.got.json) + 4}
    x.json({"id": "r", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage})


@pytest.fixture(scope="module")
def behind() -> Iterator[Target]:
    with target(chat=answer) as made:
        yield made


@pytest.fixture(scope="module")
def client(behind: Target, tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[OpenAI]:
    """LiteLLM's proxy with the settings of the guardrail's page, in other tokens and fewer of them."""
    folder = tmp_path_factory.mktemp("litellm")
    (guardrail,) = yaml.safe_load(block_of("integrations/litellm.md", "yaml").text)["guardrails"]
    del guardrail["litellm_params"]["tokenizer"]
    guardrail["litellm_params"] |= {"budget": BUDGET, "deadline": 60}
    config = {
        "model_list": [
            {
                "model_name": "m",
                "litellm_params": {"model": "openai/m", "api_base": f"{behind.url}/v1", "api_key": "sk-1"},
            }
        ],
        "guardrails": [guardrail],
        "litellm_settings": {"telemetry": False},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(ENVIRONMENT / "bin" / "litellm"), "--config", str(folder / "config.yaml")]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environ = {"PYTHONPATH": str(repository), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    environ["LITELLM_MASTER_KEY"] = KEY
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | environ, stdout=log, stderr=log, cwd=folder)
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 300
            while not _answers(f"{url}/health/liveliness"):
                assert process.poll() is None, (folder / "log").read_text()[-3000:]
                assert time.monotonic() < end, "LiteLLM's proxy does not answer"
                time.sleep(0.3)
            yield OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=120)
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def test_the_guardrail_fits_a_chat(client: OpenAI, behind: Target) -> None:
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": LONG},
        {"role": "assistant", "content": "Noted."},
        {"role": "user", "content": QUESTION},
    ]
    said = client.chat.completions.with_raw_response.create(model="m", messages=messages, max_tokens=20)
    sent = behind.last("/v1/chat/completions").json
    assert said.parse().choices[0].message.content == "Behind the granary."
    assert count(sent) <= BUDGET
    assert sent["messages"][0] == messages[0]
    assert sent["messages"][-1] == messages[-1]
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert int(said.headers["x-ctxpipe-sent-tokens"]) <= BUDGET < int(said.headers["x-ctxpipe-source-tokens"])
    assert "ctxpipe" not in json.dumps(sent)


def test_a_long_question_and_tool_pairs(client: OpenAI, behind: Target) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages: list[Any] = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": LONG},
        {"role": "user", "content": f"{LONG}\n\n{QUESTION}"},
    ]
    client.chat.completions.create(model="m", messages=messages, max_tokens=20)
    sent = behind.last("/v1/chat/completions").json["messages"]
    assert count({"messages": sent}) <= BUDGET
    assert sent[-1]["content"].endswith(QUESTION)
    called = [one["id"] for message in sent for one in message.get("tool_calls") or ()]
    assert called == [message["tool_call_id"] for message in sent if message["role"] == "tool"]


def test_what_fits_and_what_cannot_be_cut_goes_on_as_it_came(client: OpenAI, behind: Target) -> None:
    small: list[Any] = [{"role": "user", "content": QUESTION}]
    large: list[Any] = [{"role": "system", "content": LONG}, *small]
    for messages, action in ((small, "passed"), (large, "failed-open")):
        said = client.chat.completions.with_raw_response.create(model="m", messages=messages, max_tokens=20)
        assert said.headers["x-ctxpipe-action"] == action
        assert behind.last("/v1/chat/completions").json["messages"] == messages


CLIENT = """
import json, sys, litellm
litellm.telemetry = False
body = json.loads(sys.stdin.read())
made = litellm.completion(api_base=sys.argv[1] + "/v1", api_key="sk-1", **body)
if body.get("stream"):
    print(json.dumps({"text": "".join(chunk.choices[0].delta.content or "" for chunk in made)}))
else:
    print(json.dumps({"text": made.choices[0].message.content, "tokens": made.usage.prompt_tokens}))
"""


@pytest.mark.parametrize("streams", [False, True])
def test_litellms_client_is_answered_through_the_gateway(behind: Target, streams: bool) -> None:
    messages = [{"role": "user", "content": f"{LONG} {LONG}"}, {"role": "assistant", "content": "Noted."}]
    messages.append({"role": "user", "content": QUESTION})
    body = {"model": "openai/m", "messages": messages, "max_tokens": 20, "stream": streams}
    with gateway(behind.url) as running:
        done = subprocess.run(
            [str(ENVIRONMENT / "bin" / "python"), "-c", CLIENT, running.url],
            input=json.dumps(body),
            env=os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            capture_output=True,
            text=True,
            check=True,
        )
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["text"] == "Behind the granary."
    assert streams or said["tokens"] <= WINDOW - 20
