"""What fits reaches the target as the client sent it, byte for byte, and so does what is no prompt."""

from __future__ import annotations

import http.client
import json
import random
from typing import Any

import httpx2
import pytest
from gateway_support import PROMPTS, Exchange, Got, Running, Target, gateway, idle, target
from samples import prose

SHAPES = 200
WORDS = ["the pump", "中文。", "😀", "é", "\\u00e9", '"quoted"', "line\nbreak", "\t", "</s>", "\u2028", "a" * 50]
EXTRAS: dict[str, Any] = {
    "temperature": 0.30000000000000004,
    "top_p": 1e-7,
    "stop": ["\n\n", "END"],
    "logit_bias": {"50256": -100},
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}],
    "tool_choice": "auto",
    "stream": False,
    "seed": 2**53 + 1,
    "n": 2,
    "user": "someone",
    "metadata": {"a": None, "b": [1, 2.0, True]},
    "unknown_field": {"deep": {"deeper": [[[]]]}},
    "max_tokens": 16,
    "reasoning_effort": "low",
}


def text(draw: random.Random) -> str:
    return " ".join(draw.choice(WORDS) for _ in range(draw.randint(1, 12)))


def content(draw: random.Random) -> Any:
    kind = draw.randrange(4)
    if kind == 0:
        return text(draw)
    parts: list[Any] = [{"type": "text", "text": text(draw)} for _ in range(draw.randint(1, 3))]
    if kind == 2:
        parts.append({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}})
    return parts if kind < 3 else text(draw)


def body(draw: random.Random, path: str) -> dict[str, Any]:
    extras = {name: EXTRAS[name] for name in draw.sample(sorted(EXTRAS), draw.randint(0, 5))}
    turns = [{"role": ("user", "assistant")[i % 2], "content": content(draw)} for i in range(draw.choice([1, 3, 5]))]
    if path == PROMPTS[0]:
        if draw.random() < 0.3:
            call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"a":  1}'}}
            turns += [
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "content": text(draw)},
            ]
        return {**extras, "model": "m", "messages": [{"role": "system", "content": text(draw)}, *turns]}
    if path == PROMPTS[1]:
        prompt = draw.choice([text(draw), [text(draw)], [text(draw), text(draw)], [1, 2, 3], [[1], [2]]])
        return {"prompt": prompt, **extras, "model": "m"}
    if path == PROMPTS[2]:
        return {"model": "m", "input": draw.choice([text(draw), turns]), "instructions": text(draw), **extras}
    return {"max_tokens": 20, "system": text(draw), "messages": turns, "model": "m", **extras}


def written(draw: random.Random, value: Any) -> bytes:
    """The same JSON as different programs write it."""
    options: list[dict[str, Any]] = [
        {},
        {"ensure_ascii": False},
        {"separators": (",", ":")},
        {"indent": 2, "ensure_ascii": False},
        {"indent": "\t", "sort_keys": True},
    ]
    return (
        draw.choice([b"", b" ", b"\r\n"])
        + json.dumps(value, **draw.choice(options)).encode()
        + draw.choice([b"", b"\n"])
    )


@pytest.mark.parametrize("path", PROMPTS)
def test_two_hundred_shapes_of_requests_that_fit(running: Running, behind: Target, path: str) -> None:
    draw = random.Random(path)
    client = http.client.HTTPConnection("127.0.0.1", running.port)
    for number in range(SHAPES // len(PROMPTS)):
        data = written(draw, body(draw, path))
        headers = {
            "Content-Type": draw.choice(["application/json", "application/json; charset=utf-8"]),
            "Authorization": f"Bearer key-{number}",
            "X-Custom": "  inner  spaces",
            "Accept-Encoding": draw.choice(["gzip, deflate", "identity"]),
            "User-Agent": "some-client/1.0",
        }
        if draw.random() < 0.2:
            client.request("POST", f"{path}?a=1&b=%2F%20", iter([data[:7], data[7:]]), headers, encode_chunked=True)
        else:
            client.request("POST", f"{path}?a=1&b=%2F%20", data, headers)
        said = client.getresponse()
        assert json.loads(said.read())["object"] == "answer"
        got = behind.last(path)
        assert got.body == data
        assert got.path == f"{path}?a=1&b=%2F%20"
        for name, value in headers.items():
            assert got.header(name.lower()) == value.strip()
        assert said.headers["x-ctxpipe-action"] == "passed"
    client.close()


def test_only_end_to_end_headers_pass(running: Running, behind: Target) -> None:
    client = http.client.HTTPConnection("127.0.0.1", running.port)
    data = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
    sent = {
        "Content-Type": "application/json",
        "Connection": "keep-alive, X-Secret-Hop",
        "X-Secret-Hop": "1",
        "Keep-Alive": "timeout=5",
        "TE": "trailers",
        "Upgrade": "h2c",
        "Proxy-Authorization": "Basic eA==",
        "Proxy-Connection": "keep-alive",
        "X-Kept": "yes",
    }
    client.request("POST", "/v1/chat/completions", data, sent)
    assert client.getresponse().status == 200
    client.close()
    got = {name.lower() for name, _ in behind.last("/v1/chat/completions").headers}
    assert got == {"host", "content-type", "content-length", "accept-encoding", "x-kept"}
    assert behind.last("/v1/chat/completions").header("host") == behind.url.removeprefix("http://")


def test_other_requests_pass_untouched(running: Running, behind: Target) -> None:
    def echo(x: Exchange) -> None:
        x.send(x.got.body, status=207, kind="application/octet-stream", X_Method=x.got.method, Set_Cookie="a=1")

    behind.routes.update(dict.fromkeys(["/v1/embeddings", "/v1/audio/speech", "/files", "/"], echo))
    blob = bytes(range(256)) * 4000
    for method, path, kind in [
        ("POST", "/v1/embeddings", "application/json"),
        ("PUT", "/files?name=a%2Fb", "multipart/form-data; boundary=x"),
        ("PATCH", "/v1/audio/speech", "audio/wav"),
        ("DELETE", "/files", "text/plain"),
        ("OPTIONS", "/", "text/plain"),
    ]:
        said = httpx2.request(method, running.url + path, content=blob, headers={"content-type": kind})
        got: Got = behind.seen[-1]
        assert (got.method, got.path, got.body, got.header("content-type")) == (method, path, blob, kind)
        assert (said.status_code, said.content, said.headers["x-method"]) == (207, blob, method)
        assert not any(name.startswith("x-ctxpipe-") for name in said.headers)
    assert httpx2.get(f"{running.url}/nowhere").json() == {"detail": "Not Found"}
    head = httpx2.head(f"{running.url}/files")
    assert head.status_code == 207
    assert head.content == b""
    # A cookie that the target set for one client is not sent with another's request.
    assert not any(got.header("cookie") for got in behind.seen)


def test_uploads_pass_however_they_are_framed(running: Running, behind: Target) -> None:
    """In chunks, and with a length that is said to be for this connection only."""
    behind.routes["/v1/files"] = lambda x: x.send(x.got.body)
    for headers, chunked in (({"Transfer-Encoding": "chunked"}, True), ({"Connection": "content-length"}, False)):
        client = http.client.HTTPConnection("127.0.0.1", running.port)
        blob = bytes(range(256)) * 1000
        parts = [blob[:1], blob[1:100_000], blob[100_000:]]
        length = {} if chunked else {"Content-Length": str(len(blob))}
        client.request("POST", "/v1/files", iter(parts), headers | length, encode_chunked=chunked)
        said = client.getresponse()
        assert (said.status, said.read()) == (200, blob)
        got = behind.last("/v1/files")
        assert got.body == blob
        assert (got.header("transfer-encoding"), got.header("content-length")) == (
            ("chunked", None) if chunked else (None, str(len(blob)))
        )
        client.close()


def test_prompts_in_forms_that_are_not_read_pass_untouched(running: Running, behind: Target) -> None:
    data = json.dumps({"model": "m", "messages": [{"role": "user", "content": prose(500)}]}).encode()
    for headers in ({"content_encoding": "gzip"}, {"content_type": "text/plain"}):
        said = running.post("/v1/chat/completions", data, **headers)
        assert "x-ctxpipe-action" not in said.headers
        assert behind.last("/v1/chat/completions").body == data
    for value in ([], 7, {"messages": "no"}, {"messages": [{"role": "king", "content": "x"}]}, {"prompt": 3}, {}):
        for path in PROMPTS:
            body = json.dumps(value).encode()
            said = running.post(path, body)
            assert said.headers["x-ctxpipe-action"] == "passed"
            assert behind.last(path).body == body


def test_an_answer_passes_as_it_is() -> None:
    def odd(x: Exchange) -> None:
        x.send(
            b"\x1f\x8b rubbish", status=418, kind="application/json", Content_Encoding="gzip", X_Ctxpipe_Action="forged"
        )

    data = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    with (
        target(chat=odd) as behind,
        gateway(behind.url, work=idle, annotate=True) as running,
        httpx2.stream("POST", f"{running.url}/v1/chat/completions", json=data) as said,
    ):
        assert b"".join(said.iter_raw()) == b"\x1f\x8b rubbish"
        assert said.status_code == 418
        assert said.headers["content-encoding"] == "gzip"
        assert said.headers.get_list("x-ctxpipe-action") == ["passed"]


def test_models_say_the_window_to_assume(behind: Target) -> None:
    with gateway(behind.url, work=idle, budget=500) as running:
        (model,) = running.get("/v1/models").json()["data"]
        assert model["max_model_len"] == 2000
        assert model["ctxpipe"] == {"window": 2000, "budget": 500}
    with gateway(behind.url, work=idle, assumed_window=100_000) as running:
        (model,) = running.get("/v1/models").json()["data"]
        assert model["max_model_len"] == 100_000
        assert model["ctxpipe"] == {"window": 2000}
        assert model["id"] == "m"


def test_answers_are_annotated_where_asked_for(behind: Target) -> None:
    with gateway(behind.url, annotate=True) as running:
        said = running.post(
            "/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": prose(400)}]}
        )
        small = running.post("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
    assert said.json()["ctxpipe"]["action"] == "compressed"
    assert said.json()["ctxpipe"]["sent_tokens"] == int(said.headers["x-ctxpipe-sent-tokens"])
    assert said.json()["usage"] == {"prompt_tokens": 7}
    assert small.json()["ctxpipe"]["action"] == "passed"
