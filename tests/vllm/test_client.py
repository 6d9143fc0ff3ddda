"""The engine, and clients that no one here wrote, against a real vLLM server."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from samples import prose
from vllm_support import Served

from ctxpipe import Document, Pipeline
from ctxpipe.cli import main
from ctxpipe.errors import CancelledAnswer, RejectedError
from ctxpipe.models.precision import quick_dtype
from ctxpipe.remote.cancel import Cancellation
from ctxpipe.serving.local.chat import ChatRenderer
from ctxpipe.serving.openai.engine import OpenAIEngine
from ctxpipe.serving.openai.prompts import plain
from ctxpipe.serving.types import Message

# Starting a server is part of the first test, and a busy machine takes long to read a window.
pytestmark = pytest.mark.timeout(900)
CHAT = [
    Message(role="system", content="Answer from the context."),
    Message(role="user", content="Context: Ada Fenwick kept the light from 1871. Question: who kept the light?"),
]
# The model repeats the word until it is stopped; a count of numbers it ended after 20 of them.
ENDLESS = [Message(role="user", content=f"Repeat the word tide a thousand times: {'tide ' * 15}")]
NEEDLE = "The keeper of Skellig hid 14 silver spoons under the stairs."
PAUSE_SECONDS = 0.05
QUESTION = "Where did the keeper of Skellig hide the spoons?"


@pytest.fixture(scope="module")
def engine(server: Served) -> OpenAIEngine:
    return OpenAIEngine(server.url, timeout=800)


def gauge(server: Served, name: str) -> float:
    with urlopen(f"{server.url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"vllm:{name}{{"))


def busy(server: Served) -> float:
    return gauge(server, "num_requests_running") + gauge(server, "num_requests_waiting")


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    # Looks are counted, not time: a machine can let this process stand still for minutes, and then no look was taken.
    for _ in range(round(seconds / PAUSE_SECONDS)):
        if condition():
            return
        time.sleep(PAUSE_SECONDS)
    raise AssertionError(f"not in {seconds:g} s of waiting")


def test_counts_are_what_the_server_then_reads(engine: OpenAIEngine) -> None:
    pieces: list[str] = []
    counted = engine.count(CHAT)
    answer = engine.answer(CHAT, max_tokens=8, on_text=pieces.append)
    assert answer.prompt_tokens == counted
    assert "".join(pieces) == answer.text == engine.answer(CHAT, max_tokens=8).text
    assert 1 <= answer.completion_tokens <= 8
    assert answer.first_token_seconds is not None
    assert (engine.window, engine.model) == (8192, "smollm2-135m")


def test_answers_are_as_likely_as_under_the_model_here(engine: OpenAIEngine, smollm2_dir: Path) -> None:
    import torch

    from ctxpipe.models.causal import load_causal_lm

    dtype = quick_dtype("cpu")  # which the server has been given too
    model, tokenizer = load_causal_lm(str(smollm2_dir), device="cpu", dtype=dtype)
    prompt = ChatRenderer(tokenizer).ids(CHAT)
    answers = ["Ada Fenwick", "Nobody kept it.", " 日本語 👍"]
    for answer, found in zip(answers, engine.log_likelihoods(CHAT, answers), strict=True):
        ids = tokenizer(answer, add_special_tokens=False)["input_ids"]
        assert (found.prompt_tokens, list(found.token_ids)) == (len(prompt), ids)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1].float()
        wanted = torch.log_softmax(logits, -1).gather(1, torch.tensor(ids)[:, None])[:, 0].tolist()
        # Numbers in bfloat16 have three digits.
        near = {"rel": 0.03, "abs": 0.12} if dtype == "bfloat16" else {"rel": 1e-3, "abs": 1e-3}
        assert list(found.logprobs) == pytest.approx(wanted, **near)
        assert found.mean == pytest.approx(sum(wanted) / len(wanted), rel=0.02, abs=0.04)


def test_the_openai_sdk_asks_the_same_server(server: Served, engine: OpenAIEngine) -> None:
    from openai import OpenAI

    turns: Any = [{"role": message.role, "content": message.content} for message in CHAT]
    with OpenAI(base_url=f"{server.url}/v1", api_key="EMPTY") as client:
        whole = client.chat.completions.create(model=server.model, messages=turns, max_tokens=8, temperature=0)
        parts = client.chat.completions.create(
            model=server.model, messages=turns, max_tokens=8, temperature=0, stream=True
        )
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in parts)
    ours = engine.answer(CHAT, max_tokens=8)
    assert whole.choices[0].message.content == streamed == ours.text
    assert whole.usage is not None
    assert whole.usage.prompt_tokens == engine.count(CHAT)


def test_langchain_asks_the_same_server_with_a_compressed_context(server: Served) -> None:
    from langchain_openai import ChatOpenAI

    document = Document(text=f"{prose(300)}\n\n{NEEDLE}\n\n{prose(300, 2)}")
    context = Pipeline(model=server.model).compress(document, question=QUESTION, budget=200)
    assert NEEDLE in context.text
    chat: Any = ChatOpenAI(
        base_url=f"{server.url}/v1", api_key="EMPTY", model=server.model, temperature=0, max_tokens=24
    )
    turns = [("system", "Answer from the context."), ("user", f"{context.text}\n\n{QUESTION}")]
    answer = chat.invoke(turns)
    assert answer.content
    assert answer.usage_metadata["input_tokens"] > 200
    assert "".join(piece.content for piece in chat.stream(turns)) == answer.content


@dataclass
class Between:
    """Stands between a client and a server, and counts the answers that are being made."""

    server: Served
    lock: threading.Lock = field(default_factory=threading.Lock)
    now: int = 0
    most: int = 0
    asked: int = 0

    def enter(self, more: int) -> None:
        with self.lock:
            self.now += more
            self.most = max(self.most, self.now)
            self.asked += more > 0

    def handler(self) -> type[BaseHTTPRequestHandler]:
        between = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.forward(None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                chat = self.path.endswith("/chat/completions")
                between.enter(int(chat))
                try:
                    self.forward(body)
                finally:
                    between.enter(-int(chat))

            def forward(self, body: bytes | None) -> None:
                headers = {"Content-Type": "application/json"}
                with urlopen(Request(f"{between.server.url}{self.path}", body, headers), timeout=240) as answer:
                    read = answer.read()
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(read)))
                self.end_headers()
                self.wfile.write(read)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


def test_threads_share_an_engine_and_its_limit(server: Served) -> None:
    between = Between(server)
    with ThreadingHTTPServer(("127.0.0.1", 0), between.handler()) as forward, ThreadPoolExecutor(7) as pool:
        pool.submit(forward.serve_forever, 0.05)
        try:
            engine = OpenAIEngine(f"http://127.0.0.1:{forward.server_port}", concurrency=2, timeout=240)
            chats = [[Message(role="user", content=f"Tell a story of {n} foxes.")] for n in range(6)]
            answers = list(pool.map(lambda chat: engine.answer(chat, max_tokens=24), chats))
        finally:
            forward.shutdown()
    assert all(answer.completion_tokens == 24 or answer.finish_reason == "stop" for answer in answers)
    assert len({answer.text for answer in answers}) > 1
    assert (between.asked, between.most) == (6, 2)


@pytest.mark.parametrize("streamed", [True, False])
def test_cancelling_frees_the_server(server: Served, engine: OpenAIEngine, streamed: bool) -> None:
    stop, heard = Cancellation(), threading.Event()

    def ask() -> None:
        with stop:
            engine.answer(ENDLESS, max_tokens=7000, on_text=(lambda _: heard.set()) if streamed else None)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        wait_until((lambda: heard.is_set() and busy(server) == 1) if streamed else (lambda: busy(server) == 1), 120)
        stop.cancel()
        with pytest.raises(CancelledAnswer):
            asked.result(10)
    wait_until(lambda: busy(server) == 0, 60)
    assert gauge(server, "kv_cache_usage_perc") == 0


def test_the_second_question_about_a_document_finds_it_in_the_cache(server: Served) -> None:
    pipeline = Pipeline(target=server.url, rank="none", max_tokens=4)
    document = Document(text=f"A fresh beginning at {time.time_ns()}. {prose(60, 7)}")
    first = pipeline.query(document, question="What was carried?", raw=True)
    second = pipeline.query(document, question="What was measured?", raw=True)
    assert first.server is not None
    assert second.server is not None
    assert (first.server.requests, second.server.requests) == (1, 1)
    assert first.server.prompt_tokens == first.prompt_tokens
    assert first.server.cache_hits < 256
    assert second.server.cache_hits > 0.7 * second.prompt_tokens
    assert first.server.first_token_seconds is not None
    assert second.server.first_token_seconds is not None
    assert second.server.first_token_seconds < first.server.first_token_seconds


def ask_by_command(capfd: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["query", *map(str, arguments), "--json", "--verbose"]) == 0, capfd.readouterr().err
    captured = capfd.readouterr()
    assert "prompt tokens cached" in captured.err
    return dict(json.loads(captured.out))


def test_a_document_of_twenty_windows_fills_the_window(
    server: Served, tmp_path: Path, capfd: pytest.CaptureFixture[str], minilm_dir: Path
) -> None:
    path = tmp_path / "big.txt"
    path.write_text(f"{prose(3600)}\n\n{NEEDLE}\n\n{prose(3600, 2)}", encoding="utf-8")
    found = ask_by_command(capfd, path, "-q", QUESTION, "--target", server.url, "--max-tokens", 16, "--rank", "bm25")
    assert found["context"]["source_tokens"] > 20 * 8192
    assert found["window"] == 8192
    assert 0.95 * 8192 <= found["prompt_tokens"] + 16 <= 8192
    assert found["server"]["prompt_tokens"] == found["prompt_tokens"], "the server read another prompt than was counted"
    assert main(["query", str(path), "-q", QUESTION, "--target", server.url, "--raw", "--quiet"]) == 1
    assert "more than the 7,680 the window leaves" in capfd.readouterr().err


def test_the_window_is_filled_whoever_counts(
    server: Served, tmp_path: Path, capfd: pytest.CaptureFixture[str], minilm_dir: Path
) -> None:
    path = tmp_path / "big.txt"
    path.write_text(f"{prose(600)}\n\n{NEEDLE}", encoding="utf-8")
    options = ["--target", server.url, "--max-tokens", 16, "--rank", "bm25", "--window", 2048]
    found = ask_by_command(capfd, path, "-q", QUESTION, *options, "--tokenizer", "minilm-l6")
    assert 0.95 * 2048 <= found["prompt_tokens"] + 16 <= 2048


def test_a_base_model_behind_a_key(
    start_vllm: Any, smollm2_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "base"
    shutil.copytree(smollm2_dir, base, ignore=shutil.ignore_patterns("chat_template*"))
    settings = json.loads((base / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (base / "tokenizer_config.json").write_text(json.dumps(settings))
    with start_vllm(base, "--dtype", "bfloat16", "--max-model-len", "2048", "--api-key", "sk-right") as served:
        with pytest.raises(RejectedError, match="no key is set; put it into CTXPIPE_API_KEY"):
            OpenAIEngine(served.url)
        monkeypatch.setenv("CTXPIPE_API_KEY", "sk-wrong-0123")
        with pytest.raises(RejectedError, match=r"401: .*; the key came from \$CTXPIPE_API_KEY") as caught:
            OpenAIEngine(served.url)
        assert "sk-wrong" not in str(caught.value)
        monkeypatch.setenv("CTXPIPE_API_KEY", "sk-right")
        engine = OpenAIEngine(served.url, timeout=240)
        pieces: list[str] = []
        answer = engine.answer(CHAT, max_tokens=12, on_text=pieces.append)
        assert answer.text == "".join(pieces)
        assert answer.prompt_tokens == engine.count(CHAT)
        assert answer.text.strip()
        assert "User:" not in answer.text
        (found,) = engine.log_likelihoods(CHAT, [" Ada Fenwick"])
        assert found.prompt_tokens == answer.prompt_tokens
        assert plain(CHAT).endswith("Assistant:")
        document = Document(text=f"{prose(400)}\n\n{NEEDLE}")
        run = Pipeline(target=engine, rank="bm25", max_tokens=16).query(document, question=QUESTION)
        assert 0.95 * 2048 <= run.prompt_tokens + 16 <= 2048
        assert run.answer.prompt_tokens == run.prompt_tokens
