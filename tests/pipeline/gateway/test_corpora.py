"""``model@corpus`` answers from a corpus: excerpts stand before the question, and the answer says what it rests on."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from gateway_support import PROMPTS, WINDOW, Exchange, Running, Target, count, gateway, target, texts_of
from openai import AsyncOpenAI, OpenAI
from samples import prose

from ctxpipe import Corpus, Document
from ctxpipe.errors import CorpusError, UsageError
from ctxpipe.pipeline.gateway.settings import Settings

NEEDLE = "The ladder of Ada Fenwick leans behind the granary."
OTHER = "The kettle of Noor Haddad hangs above the forge."
QUESTION = "Where does the ladder of Ada Fenwick lean?"
ANSWER = "The ladder of Ada Fenwick leans behind the granary"


def number_of(prompt: str) -> str:
    """The number under which a prompt has the needle; 0 if it has not."""
    before = prompt.rpartition(NEEDLE)[0]
    return re.findall(r"^\[(\d+)\]", before, re.MULTILINE)[-1] if before else "0"


def answer_of(x: Exchange) -> str:
    return f"{ANSWER} [{number_of(chr(10).join(texts_of(x.got.json)))}]."


def reply(x: Exchange) -> None:
    """Answers with what the prompt holds, in the form of the endpoint."""
    text, path = answer_of(x), x.got.path
    if x.got.json.get("stream"):
        return stream(x, path, text)
    said: dict[str, Any] = {"id": "r1", "object": "chat.completion", "created": 1, "model": "m"}
    if path == PROMPTS[0]:
        said["choices"] = [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}, "logprobs": None}
        ]
    elif path == PROMPTS[1]:
        said |= {
            "object": "text_completion",
            "choices": [{"index": 0, "finish_reason": "stop", "text": text, "logprobs": None}],
        }
    elif path == PROMPTS[2]:
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [part]}
        said |= {"object": "response", "output": [item], "parallel_tool_calls": False, "tool_choice": "auto"}
        said |= {"tools": [], "created_at": 1}
    else:
        said |= {"type": "message", "role": "assistant", "content": [{"type": "text", "text": text}]}
        said |= {"stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}
    x.json(said)


def stream(x: Exchange, path: str, text: str) -> None:
    x.open_stream()
    for piece in events(path, text):
        data = piece.encode()
        x.part(data[: len(data) // 2])  # parts need not be events
        x.part(data[len(data) // 2 :])
    x.end_stream()


def events(path: str, text: str) -> Iterator[str]:
    pieces = re.findall(r".{1,7}", text)
    if path in PROMPTS[:2]:
        for piece in pieces:
            chunk: dict[str, Any] = {"id": "r1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            choice = {"delta": {"content": piece}} if path == PROMPTS[0] else {"text": piece}
            yield f"data: {json.dumps({**chunk, 'choices': [{'index': 0, 'finish_reason': None, **choice}]})}\n\n"
        yield "data: [DONE]\n\n"
    elif path == PROMPTS[2]:
        for number, piece in enumerate(pieces):
            said = {"type": "response.output_text.delta", "delta": piece, "item_id": "i", "output_index": 0}
            said |= {"content_index": 0, "sequence_number": number, "logprobs": []}
            yield f"event: {said['type']}\ndata: {json.dumps(said)}\n\n"
        whole = {"type": "response.completed", "sequence_number": 99, "response": {"id": "r1", "object": "response"}}
        yield f"event: response.completed\ndata: {json.dumps(whole)}\n\n"
    else:
        for piece in pieces:
            said = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            yield f"event: content_block_delta\ndata: {json.dumps(said)}\n\n"
        yield 'event: message_stop\ndata: {"type": "message_stop"}\n\n'


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A handbook with pages, and a book that says something else."""
    folder = tmp_path_factory.mktemp("corpora")
    pages = [prose(60, seed) for seed in range(3)]
    pages[1] += f"\n\n{NEEDLE}\n\n{prose(3, 9)}"
    text = "\n\n".join(pages)
    starts = (0, len(pages[0]) + 2, len(pages[0]) + len(pages[1]) + 4)
    handbook = [Document(text=text, source="handbook.pdf", kind="pdf", page_starts=starts)]
    handbook += [Document(text=prose(60, seed), source=f"{seed}.txt") for seed in range(10, 40)]
    Corpus.build(handbook, folder / "handbook.ctx").close()
    Corpus.build([Document(text=f"{prose(20)}\n\n{OTHER}", source="tools.txt")], folder / "tools.ctx").close()
    return {name: folder / f"{name}.ctx" for name in ("handbook", "tools")}


@pytest.fixture(scope="module")
def behind() -> Iterator[Target]:
    with target(chat=reply, completions=reply, responses=reply, messages=reply) as made:
        yield made


@pytest.fixture(scope="module")
def running(behind: Target, files: dict[str, Path]) -> Iterator[Running]:
    with gateway(behind.url, corpora=files) as made:
        yield made


@pytest.fixture(scope="module")
def client(running: Running) -> OpenAI:
    return OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0)


def asked(model: str = "m@handbook", question: str = QUESTION) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": question}], "max_tokens": 60}


def check(told: dict[str, Any], files: dict[str, Path]) -> None:
    """The one citation is the needle, where it stands."""
    (citation,) = told["citations"]
    assert (citation["source"], citation["page"], citation["text"]) == ("handbook.pdf", 2, NEEDLE)
    with Corpus.open(files["handbook"]) as corpus:
        assert corpus.documents[0].text[citation["start"] : citation["end"]] == NEEDLE
    assert told["unanswered"] is None
    assert told["corpus"] == "handbook"
    assert told["source_tokens"] > 20 * WINDOW > told["sent_tokens"]


def test_a_short_question_is_asked_of_a_large_corpus(client: OpenAI, behind: Target, files: dict[str, Path]) -> None:
    said = client.chat.completions.with_raw_response.create(**asked())
    answer = said.parse()
    assert answer.choices[0].message.content.startswith(ANSWER)
    check(answer.model_extra["ctxpipe"], files)
    sent = behind.last(PROMPTS[0]).json
    assert sent["model"] == "m"
    assert sent["messages"][-1]["content"].endswith(f"Question: {QUESTION}")
    assert NEEDLE in sent["messages"][-1]["content"]
    assert said.headers["x-ctxpipe-action"] == "searched"
    assert said.headers["x-ctxpipe-corpus"] == "handbook"
    assert int(said.headers["x-ctxpipe-sent-tokens"]) == count(sent) <= WINDOW - 60


def test_streams_end_with_what_the_answer_rests_on(client: OpenAI, files: dict[str, Path]) -> None:
    chunks = list(client.chat.completions.create(**asked(), stream=True))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text.startswith(ANSWER)
    assert [bool(c.choices) for c in chunks] == [True] * (len(chunks) - 1) + [False]
    check(chunks[-1].model_extra["ctxpipe"], files)


def test_the_async_client_is_answered_alike(running: Running, files: dict[str, Path]) -> None:
    async def ask() -> list[Any]:
        async with AsyncOpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0) as made:
            return list(await asyncio.gather(*(made.chat.completions.create(**asked()) for _ in range(4))))

    for answer in asyncio.run(ask()):
        check(answer.model_extra["ctxpipe"], files)


@pytest.mark.parametrize("streams", [False, True])
def test_responses(client: OpenAI, behind: Target, files: dict[str, Path], streams: bool) -> None:
    options: dict[str, Any] = {"model": "m@handbook", "input": QUESTION, "instructions": "Be brief."}
    if streams:
        *before, told, last = client.responses.create(**options, stream=True)
        assert "".join(event.delta for event in before).startswith(ANSWER)
        assert (told.type, last.type) == ("ctxpipe", "response.completed")
        check(told.ctxpipe, files)
    else:
        answer = client.responses.create(**options)
        assert answer.output_text.startswith(ANSWER)
        check(answer.model_extra["ctxpipe"], files)
    assert behind.last(PROMPTS[2]).json["instructions"] == "Be brief."


def test_completions_and_messages(running: Running, behind: Target, files: dict[str, Path]) -> None:
    said = running.post("/v1/completions", {"model": "m@handbook", "prompt": QUESTION, "max_tokens": 60})
    check(said.json()["ctxpipe"], files)
    content = [{"type": "text", "text": QUESTION, "cache_control": {"type": "ephemeral"}}]
    body = {"model": "m@handbook", "max_tokens": 60, "messages": [{"role": "user", "content": content}]}
    check(running.post("/v1/messages", body).json()["ctxpipe"], files)
    (part,) = behind.last(PROMPTS[3]).json["messages"][0]["content"]
    assert part["cache_control"] == {"type": "ephemeral"}
    streamed = running.post("/v1/messages", {**body, "stream": True}).text.split("\n\n")
    assert streamed[-3].startswith("event: ctxpipe\n")
    check(json.loads(streamed[-3].partition("data: ")[2])["ctxpipe"], files)
    assert streamed[-2].startswith("event: message_stop")


def test_each_corpus_answers_for_itself(running: Running, behind: Target) -> None:
    told = running.post(PROMPTS[0], asked("m@tools", "Where does the kettle of Noor Haddad hang?")).json()["ctxpipe"]
    assert told["corpus"] == "tools"
    assert OTHER in behind.last(PROMPTS[0]).json["messages"][0]["content"]
    assert NEEDLE not in behind.last(PROMPTS[0]).json["messages"][0]["content"]


def test_models_without_a_corpus_pass_as_before(running: Running, behind: Target) -> None:
    for model in ("m", "m@nothing", "@handbook", "handbook"):
        data = json.dumps(asked(model), indent=1).encode()
        said = running.post(PROMPTS[0], data)
        assert said.headers["x-ctxpipe-action"] == "passed"
        assert behind.last(PROMPTS[0]).body == data
        assert "ctxpipe" not in said.json()


def test_models_are_listed_with_their_corpora(client: OpenAI, running: Running, behind: Target) -> None:
    assert [one.id for one in client.models.list().data] == ["m", "m@handbook", "m@tools"]

    def one(x: Exchange) -> None:
        x.json({"id": "m", "object": "model", "max_model_len": WINDOW})

    behind.routes["/v1/models/m"] = one
    assert client.models.retrieve("m@handbook").id == "m@handbook"
    assert running.get("/v1/models/m%40tools").json()["ctxpipe"] == {"window": WINDOW, "corpus": "tools"}
    assert running.get("/v1/models/m").json()["id"] == "m"


def test_a_long_conversation_and_a_corpus_share_the_room(running: Running, behind: Target) -> None:
    body = asked()
    body["messages"] = [
        {"role": "system", "content": "Be brief."},
        *({"role": ("user", "assistant")[i % 2], "content": prose(30, i)} for i in range(8)),
        *body["messages"],
    ]
    said = running.post(PROMPTS[0], body)
    sent = behind.last(PROMPTS[0]).json
    assert said.headers["x-ctxpipe-action"] == "searched"
    assert count(sent) <= WINDOW - 60
    assert sent["messages"][0] == body["messages"][0]
    assert NEEDLE in sent["messages"][-1]["content"]
    assert len(sent["messages"]) > 2  # some of the conversation is left, too


def test_a_call_of_a_tool_does_not_change_what_was_found(behind: Target, files: dict[str, Path]) -> None:
    body = asked()
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    later = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "Nothing."},
    ]
    with gateway(behind.url, corpora=files, corpus_budget=500) as running:
        running.post(PROMPTS[0], body)
        running.post(PROMPTS[0], {**body, "messages": body["messages"] + later})
    first, second = (got.json["messages"] for got in behind.asked(PROMPTS[0])[-2:])
    assert second == first + later


def test_a_budget_holds(behind: Target, files: dict[str, Path]) -> None:
    with gateway(behind.url, corpora=files, budget=300) as running:
        told = running.post(PROMPTS[0], asked()).json()["ctxpipe"]
        assert count(behind.last(PROMPTS[0]).json) == told["sent_tokens"] <= 300
        assert told["citations"]
    with gateway(behind.url, corpora=files, budget=40) as running:
        said = running.post(PROMPTS[0], asked())
        assert said.status_code == 400
        assert "no room" in said.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m@handbook", "messages": [{"role": "system", "content": "Be brief."}]},
        {"model": "m@handbook", "messages": [{"role": "user", "content": " "}]},
        {"model": "m@handbook", "messages": "nothing"},
        {"model": "m@handbook"},
    ],
)
def test_what_asks_nothing_is_refused(running: Running, behind: Target, body: Any) -> None:
    before = len(behind.asked(PROMPTS[0]))
    said = running.post(PROMPTS[0], body)
    assert said.status_code == 400
    assert "has none that can be read" in said.json()["error"]["message"]
    assert len(behind.asked(PROMPTS[0])) == before


def test_errors_of_the_target_pass_as_they_are(files: dict[str, Path]) -> None:
    def broken(x: Exchange) -> None:
        x.json({"error": {"message": "out of memory"}}, status=500)

    with target(chat=broken) as behind, gateway(behind.url, corpora=files) as running:
        said = running.post(PROMPTS[0], asked())
        assert (said.status_code, said.json()) == (500, {"error": {"message": "out of memory"}})


def test_a_stream_that_breaks_off_has_no_end_of_ours(files: dict[str, Path]) -> None:
    def cut(x: Exchange) -> None:
        x.open_stream()
        x.part(next(events(PROMPTS[0], "Hello")).encode() + b"data: {")
        x.cut()

    with target(chat=cut) as behind, gateway(behind.url, corpora=files) as running:
        parts: list[bytes] = []
        body = {**asked(), "stream": True}
        with (
            pytest.raises(httpx2.RemoteProtocolError),
            httpx2.stream("POST", running.url + PROMPTS[0], json=body, timeout=60) as said,
        ):
            parts.extend(said.iter_raw())
        assert b"Hello" in b"".join(parts)
        assert b"ctxpipe" not in b"".join(parts)


def test_an_updated_corpus_answers_anew(behind: Target, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{prose(20)}\n\nThe ladder of Ada Fenwick leans on the barn.")
    Corpus.build([tmp_path / "a.txt"], tmp_path / "a.ctx").close()
    with gateway(behind.url, corpora={"a": tmp_path / "a.ctx"}) as running:
        running.post(PROMPTS[0], asked("m@a"))
        assert "on the barn" in behind.last(PROMPTS[0]).json["messages"][0]["content"]
        (tmp_path / "a.txt").write_text(f"{prose(21)}\n\n{NEEDLE}")
        Corpus.build([tmp_path / "a.txt"], tmp_path / "a.ctx").close()
        running.post(PROMPTS[0], asked("m@a"))
        assert NEEDLE in behind.last(PROMPTS[0]).json["messages"][0]["content"]


def lost(data: bytes) -> bytes:
    """What a worker does that cannot read a corpus."""
    return json.dumps({"error": "no"} if json.loads(data)["job"] == "search" else {}).encode()


def slow(data: bytes) -> bytes:
    """What a worker does that hangs."""
    if json.loads(data)["job"] == "search":
        time.sleep(60)
    return b"{}"


@pytest.mark.slow
@pytest.mark.parametrize(("work", "status"), [(lost, 503), (slow, 504)])
def test_a_search_that_fails_is_said_and_other_requests_go_on(
    behind: Target, files: dict[str, Path], work: Any, status: int
) -> None:
    with (
        gateway(behind.url, corpora=files, work=work, corpus_seconds=6.0) as running,
        ThreadPoolExecutor() as pool,
    ):
        failing = pool.submit(running.post, PROMPTS[0], asked())
        assert running.post(PROMPTS[0], asked("m")).status_code == 200
        assert failing.result().status_code == status
        assert "handbook" in failing.result().json()["error"]["message"]
        assert running.notes == (["handbook cannot be searched: no"] if status == 503 else [])


@pytest.mark.slow
def test_too_many_questions_are_refused_and_others_are_served(behind: Target, files: dict[str, Path]) -> None:
    with (
        gateway(behind.url, corpora=files, work=slow, corpus_seconds=6.0) as running,  # all must have come by then
        ThreadPoolExecutor(20) as pool,
    ):
        waiting = [pool.submit(running.post, PROMPTS[0], asked(question=f"{QUESTION} {i}")) for i in range(20)]
        assert running.post(PROMPTS[0], asked("m")).status_code == 200
        assert {one.result().status_code for one in waiting} == {429, 504}


def test_wrong_corpora_are_said_at_the_start(behind: Target, tmp_path: Path, files: dict[str, Path]) -> None:
    with pytest.raises(CorpusError), gateway(behind.url, corpora={"a": tmp_path / "none.ctx"}):
        pass
    for options in ({"corpora": {"a@b": files["tools"]}}, {"corpora": files, "audit": True}, {"corpus_budget": 0}):
        with pytest.raises(UsageError):
            Settings(target=behind.url, **options)
