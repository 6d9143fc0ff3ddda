"""``ctxpipe query`` against real servers on loopback, good and bad."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from commands_support import NEEDLE, QUESTION, Command
from samples import prose

ANSWER = "Under the stairs."


class Server(BaseHTTPRequestHandler):
    """Enough of an OpenAI server, with the fault that its class attribute names."""

    fault = ""
    released = threading.Event()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._json({"object": "list", "data": [{"id": "smollm2-135m", "object": "model", "max_model_len": 700}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/tokenize"):
            words = sum(len(m["content"].split()) * 2 for m in body["messages"])
            self._json({"count": words + 20, "max_model_len": 700, "tokens": []})
        elif self.fault == "500":
            self._json({"error": {"message": "the GPU is on fire"}}, 500)
        elif self.fault == "hang":
            self.released.wait(120)
        elif not body.get("stream"):
            message = {"role": "assistant", "content": ANSWER}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
            base = {"id": "1", "object": "chat.completion", "created": 1, "model": "smollm2-135m"}
            self._json({**base, "choices": [choice], "usage": usage})
        else:
            self._stream(close_early=self.fault == "close")

    def _json(self, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, *, close_early: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        base = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "smollm2-135m"}
        for word in ANSWER.split(" ")[: 1 if close_early else None]:
            self._event({**base, "choices": [{"index": 0, "delta": {"content": f"{word} "}, "finish_reason": None}]})
        if close_early:
            return
        self._event({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
        self._event({**base, "choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, value: object) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
        self.wfile.flush()


@pytest.fixture
def serve() -> Iterator[object]:
    started: list[ThreadingHTTPServer] = []
    released = threading.Event()

    def start(fault: str = "") -> str:
        handler = type("Handler", (Server,), {"fault": fault, "released": released})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    released.set()
    for server in started:
        server.shutdown()
        server.server_close()


def test_json_holds_what_the_docs_say(run: Command, report: Path, serve: object) -> None:
    url = serve()  # type: ignore[operator]  # the fixture's function
    done = run("query", report, "-q", QUESTION, "--target", url, "--max-tokens", 50, "--json", "--quiet")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    expected = {
        "answer",
        "target",
        "model",
        "prompt_tokens",
        "completion_tokens",
        "window",
        "context",
        "raw",
        "citations",
    }
    assert expected | {"timings"} <= set(found)
    assert (found["answer"].strip(), found["target"], found["window"]) == (ANSWER, url, 700)
    assert found["prompt_tokens"] <= 650
    assert found["raw"]["fits"] is False
    assert "text" not in found["context"]
    assert found["citations"][0]["text"] == NEEDLE
    assert set(found["citations"][0]) >= {"source", "start", "end", "page"}


def test_raw_says_how_far_over_the_window_it_is(run: Command, report: Path, serve: object) -> None:
    done = run("query", report, "-q", QUESTION, "--target", serve(), "--raw", "--max-tokens", 50)  # type: ignore[operator]
    assert done.code == 1
    assert "more than the 650 the window leaves" in done.err


@pytest.mark.parametrize(
    ("fault", "message"),
    [("500", "500"), ("hang", "within 5 s"), ("close", "before the answer was complete")],
)
def test_servers_that_fail_end_in_one_line(run: Command, report: Path, serve: object, fault: str, message: str) -> None:
    url = serve(fault)  # type: ignore[operator]  # the fixture's function
    done = run(
        "query",
        report,
        "-q",
        QUESTION,
        "--target",
        url,
        "--budget",
        100,
        "--max-tokens",
        50,
        "--timeout",
        5,
        "--rank",
        "bm25",
    )
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
    assert done.err.strip().count("\n") == 0


def test_nobody_listens(run: Command, report: Path) -> None:
    done = run("query", report, "-q", QUESTION, "--target", "http://127.0.0.1:9", "--timeout", 3)
    assert done.code == 1
    assert "127.0.0.1:9" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "-q QUESTION"),
        (["-q", "  "], 2, "-q QUESTION"),
        (["-q", "why " * 9000, "--model", "smollm2-135m"], 1, "shorten the question"),
        (["-q", "x", "--budget", "0"], 2, "at least 1"),
        (["-q", "x", "--raw", "--budget", "5"], 2, "--raw"),
        (["-q", "x", "--max-tokens", "0"], 2, "at least 1"),
        (["-q", "x", "--target", "locla"], 2, "local"),
        (["-q", "x", "--model", "smollm2-135"], 2, "smollm2-135m"),
    ],
)
def test_bad_requests(run: Command, report: Path, arguments: list[str], code: int, message: str) -> None:
    done = run("query", report, *arguments)
    assert done.code == code, done.err
    assert message in done.err
    assert "Traceback" not in done.err


def held_out(verdict: str) -> dict[str, object]:
    numbers = {"mean_a": 0.9, "mean_b": 0.88, "loss_bound": 0.03, "margin": 0.02, "n": 200}
    return {"score": "survival", "verdict": verdict, **numbers}


def choice(path: Path, **changes: object) -> Path:
    found = {
        "method": "bm25",
        "score": "survival",
        "max_loss": 0.02,
        "arm": "bm25@0.25",
        "rate": 0.25,
        "selection": [],
        "held_out": held_out("inconclusive"),
    }
    path.write_text(json.dumps(found | changes), encoding="utf-8")
    return path


def test_a_stored_choice_sets_method_and_rate(
    run: Command, serve: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve()  # type: ignore[operator]  # the fixture's function
    report = tmp_path / "short.txt"
    report.write_text(f"{prose(4)}\n\n{NEEDLE}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CTXPIPE_BUDGET", "7")
    choice(tmp_path / "ctxpipe-choice.json")
    asked = ("query", report, "-q", QUESTION, "--target", url, "--max-tokens", 50, "--json")
    done = run(*asked, "--max-loss", 0.03)
    assert done.code == 0, done.err
    context = json.loads(done.out)["context"]
    assert (context["rank"], context["prune"]) == ("bm25", "none")
    assert 0.1 < context["rate"] <= 0.25
    assert "bm25@0.25, chosen for a loss of at most 0.02 of survival; inconclusive on the sources" in done.err
    other = choice(tmp_path / "other.json", arm="head-tail@0.1", held_out=held_out("safe"))
    done = run(*asked, "--max-loss", 0.02, "--choice", other, "--quiet")
    assert done.code == 0, done.err
    assert json.loads(done.out)["context"]["rate"] <= 0.1
    assert done.err == ""
    report.write_text(prose(160), encoding="utf-8")
    done = run(*asked, "--max-loss", 0.02, "--quiet")
    assert done.code == 0, done.err
    assert "of the tokens, less than the 25.0% chosen; the loss may be larger" in done.err


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"max_loss": 0.05}, 2, "was chosen for a loss of 0.05 of survival"),
        ({"arm": None, "rate": None, "held_out": None}, 2, "no rate of bm25 was safe at a loss of 0.02"),
        ({"held_out": held_out("harmful")}, 2, "bm25@0.25 was harmful on the sources"),
        ({"arm": "bm52@0.25"}, 2, "did you mean bm25?"),
        ({"arm": "bm25@2000"}, 1, "bm25@2000, which has no rate"),
        ({"arm": "raw"}, 1, "raw, which has no rate"),
        ({"arm": 7}, 1, "holds no choice; make one: ctxpipe eval choose"),
        ({"max_loss": "much"}, 1, "holds no choice"),
    ],
)
def test_a_choice_that_does_not_hold_is_refused(
    run: Command, report: Path, tmp_path: Path, changes: dict[str, object], code: int, message: str
) -> None:
    path = choice(tmp_path / "c.json", **changes)
    done = run("query", report, "-q", "x", "--max-loss", 0.02, "--choice", path)
    assert done.code == code, done.err
    assert message in done.err
    assert done.err.count("\n") == 1


def test_without_a_choice_the_command_that_makes_one_is_named(
    run: Command, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("query", report, "-q", "x", "--max-loss", 0.02)
    assert done.code == 2
    assert "make one: ctxpipe eval choose RUN --max-loss 0.02 --out ctxpipe-choice.json" in done.err
    for text in ("", "[]", "{}"):
        (tmp_path / "ctxpipe-choice.json").write_text(text)
        assert "holds no choice" in run("query", report, "-q", "x", "--max-loss", 0.02).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-loss", "0.02", "--raw"], "excludes --raw"),
        (["--max-loss", "0.02", "--budget", "50"], "--budget"),
        (["--max-loss", "0.02", "--rate", "0.5"], "--rate"),
        (["--max-loss", "0.02", "--prune", "random"], "--prune"),
        (["--max-loss", "0"], "above 0"),
        (["--max-loss", "nan"], "above 0"),
        (["--choice", "x.json"], "--choice needs --max-loss"),
    ],
)
def test_options_that_exclude_a_choice(run: Command, report: Path, arguments: list[str], message: str) -> None:
    done = run("query", report, "-q", "x", *arguments)
    assert done.code == 2
    assert message in done.err
