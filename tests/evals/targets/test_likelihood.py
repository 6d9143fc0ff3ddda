from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ctxpipe.errors import EngineError, UnreachableError, UsageError
from ctxpipe.evals.targets.likelihood import Ask, LocalTarget, ask_hash, ask_of, turns
from ctxpipe.evals.targets.server_likelihood import ServerTarget
from ctxpipe.evals.types import Passage, Sample

ASKS = [
    Ask(
        context="The keeper of the light is Ada Fenwick. It was built in 1871.",
        question="Who keeps it?",
        answers=("Ada Fenwick",),
    ),
    Ask(context="", question="Who keeps it?", answers=("Ada Fenwick", "Ada", "a person by the name of Ada Fenwick")),
    Ask(context="The light is kept by nobody. " * 9, question="When was it built?", answers=("1871", "in 1871")),
]


@pytest.fixture(scope="module")
def local() -> LocalTarget:
    return LocalTarget(dtype="float32", device="cpu")


def plain_nll(target: LocalTarget, ask: Ask) -> float:
    """The same by one forward pass over each whole sequence, without cache, padding or batch."""
    import torch

    prompt = target._renderer.ids(turns(ask))
    found = []
    for answer in ask.answers:
        ids = target._tokenizer(answer, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logits = target._model(input_ids=torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1]
        found.append(torch.nn.functional.cross_entropy(logits, torch.tensor(ids)).item())
    return min(found)


def test_a_batch_gives_what_single_passes_give(local: LocalTarget) -> None:
    found = local.score(ASKS)
    assert [one.nll for one in found] == pytest.approx([plain_nll(local, ask) for ask in ASKS], abs=2e-4)
    assert found[0].nll < found[1].nll - 0.5  # the context tells


def test_the_order_of_the_asks_does_not_matter(local: LocalTarget) -> None:
    assert [one.nll for one in local.score(ASKS[::-1])][::-1] == [one.nll for one in local.score(ASKS)]


def test_what_does_not_fit_the_window_has_no_likelihood(local: LocalTarget) -> None:
    size = local.score(ASKS[:1])[0].prompt_tokens
    answer = len(local._tokenizer("Ada Fenwick", add_special_tokens=False)["input_ids"])
    whole = local.window
    try:
        local.window = size + answer
        assert local.score(ASKS[:1])[0].nll is not None
        local.window = size + answer - 1
        assert local.score(ASKS[:1])[0].nll is None
    finally:
        local.window = whole


def test_empty_answers_are_refused(local: LocalTarget) -> None:
    with pytest.raises(UsageError, match="are empty"):
        local.score([Ask(context="", question="Q?", answers=())])


def test_the_ask_of_an_item() -> None:
    sample = Sample(
        id="s", dataset="d", cluster="c", documents=(Passage(text="t"),), question="Q?", answers=("a", "b", "a", " ")
    )
    assert ask_of(sample, "x").answers == ("a", "b")
    every = Sample(
        id="s", dataset="d", cluster="c", documents=(Passage(text="t"),), question="Q?", answers=("a", "b"), rule="all"
    )
    assert ask_of(every, "x").answers == ("a, b",)


def test_the_hash_changes_with_context_question_and_answers() -> None:
    base = Ask(context="c", question="q", answers=("a", "b"))
    others = [
        Ask(context="d", question="q", answers=("a", "b")),
        Ask(context="c", question="r", answers=("a", "b")),
        Ask(context="c", question="q", answers=("a",)),
        Ask(context="c", question="q", answers=("ab",)),
    ]
    assert len({ask_hash(one) for one in [base, *others]}) == 5
    assert ask_hash(base) == ask_hash(Ask(context="c", question="q", answers=("a", "b")))


class Vllm(BaseHTTPRequestHandler):
    """Tokens are the characters' codes; the log-probability of a token is minus its code over 100."""

    broken = False

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": "m", "object": "model", "max_model_len": 600}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            text = body.get("prompt")
            if text is None:
                text = "".join(f"[{turn['role']}]{turn['content']}" for turn in body["messages"]) + "[assistant]"
            self._send({"count": len(text), "max_model_len": 600, "tokens": [ord(c) for c in text]})
            return
        entries = [None, *({str(t): {"logprob": -t / 100, "rank": 1}} for t in body["prompt"][1:])]
        choice = {"index": 0, "text": "x", "finish_reason": "length"}
        if body["prompt_logprobs"] is not None and not self.broken:
            choice["prompt_logprobs"] = entries
        self._send({"id": "1", "object": "text_completion", "model": "m", "choices": [choice]})

    def _send(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Vllm)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_server_gives_the_mean_over_the_answers_own_tokens(server: str) -> None:
    target = ServerTarget(server)
    asks = [
        Ask(context="c", question="q", answers=("AC",)),
        Ask(context="c", question="q", answers=("zz", "AA", "~")),
        Ask(context="c" * 600, question="q", answers=("A",)),
    ]
    found = target.score(asks)
    assert found[0].nll == pytest.approx((65 + 67) / 200)
    assert found[1].nll == pytest.approx(65 / 100)
    assert found[2].nll is None
    assert found[2].prompt_tokens > 600
    assert target.model == "m"
    assert not math.isnan(found[0].seconds)


def test_a_server_without_prompt_logprobs_is_told(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Vllm, "broken", True)
    with pytest.raises(EngineError, match="returns no prompt_logprobs"):
        ServerTarget(server).score([Ask(context="c", question="q", answers=("A",))])


def test_a_server_that_is_gone_is_unreachable() -> None:
    with pytest.raises(UnreachableError):
        ServerTarget("http://127.0.0.1:9", model="m", window=100, timeout=5).score(
            [Ask(context="c", question="q", answers=("A",))]
        )
