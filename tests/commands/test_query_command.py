"""``ctxpipe query`` against the local model and real servers on loopback, good and bad."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from commands_support import Command
from samples import prose

NEEDLE = "The keeper of Skellig hid 14 silver spoons under the stairs."
QUESTION = "Where did the keeper of Skellig hide the spoons?"
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
            self.released.wait(20)
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
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, smollm2_dir: Path, minilm_dir: Path
) -> Command:
    return Command(capfd, monkeypatch)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.txt"
    path.write_text(f"{prose(80)}\n\n{NEEDLE}\n\n{prose(80, 2)}\n", encoding="utf-8")
    return path


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


def test_the_local_model_answers_with_citations_and_a_table(run: Command, report: Path) -> None:
    done = run("query", report, "-q", QUESTION, "--budget", 200, "--max-tokens", 24)
    assert done.code == 0, done.err
    assert done.out.strip()
    for line in ("source tokens", "window used", "raw prompt", "prompt tokens", "time: asking"):
        assert line in done.err


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
    [("500", "500"), ("hang", "within 2 s"), ("close", "before the answer was complete")],
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
        2,
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
        (["-q", "why " * 9000], 1, "shorten the question"),
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
