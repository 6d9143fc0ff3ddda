"""``query --cover`` at a server: requests side by side, a killed run that goes on, what is said before and after."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from http_support import Server, count_words, list_models, servers
from samples import prose

from ctxpipe.cli import main
from ctxpipe.commands.query import cover as command

Serve = Callable[..., Server]
QUESTION = "What was decided?"
FACTS = ("a boat is bought", "the roof is repaired", "the gate is painted")


@pytest.fixture
def minutes(tmp_path: Path) -> Path:
    path = tmp_path / "minutes.txt"
    parts = [f"{prose(40, seed=i)}\n\nIt was decided that {fact}." for i, fact in enumerate(FACTS)]
    path.write_text("\n\n".join(parts), encoding="utf-8")
    return path


class Decisions:
    """Answers with the decisions in the prompt, after some time, and remembers how many it answered side by side."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.lock = threading.Lock()
        self.now = self.most = self.answered = 0
        self.fail = ""

    def __call__(self, x: Any) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        text = x.body["messages"][-1]["content"]
        with self.lock:
            self.now -= 1
            self.answered += 1
        if self.fail and self.fail in text:
            x.error(400, "this prompt is refused")
            return
        said = " ".join(dict.fromkeys(re.findall(r"It was decided that [^.]*\.", text))) or "nothing"
        if x.body.get("stream"):
            x.open_stream()
            x.piece(said, "stop")
            x.event("[DONE]")
        else:
            x.json({"model": "m", "choices": [{"message": {"content": said}, "finish_reason": "stop"}]})


@pytest.fixture
def serve() -> Iterator[Serve]:
    with servers(models=list_models({"id": "m", "max_model_len": 2000}), tokenize=count_words) as start:
        yield start


@pytest.fixture
def scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept" / "scores.sqlite3"
    monkeypatch.setenv("CTXPIPE_SCORES", str(path))
    return path


def arguments(path: Path, server: Server, *more: str) -> list[str]:
    asked = ["query", str(path), "-q", QUESTION, "--target", server.url, "--tokenizer", "smollm2-135m"]
    return [*asked, "--max-tokens", "100", "--cover", "--budget", "300", *more]


def test_windows_are_asked_side_by_side_but_no_more_than_allowed(
    serve: Serve, minutes: Path, scores: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = Decisions(0.15)
    server = serve(chat=chat)
    assert main(arguments(minutes, server, "--concurrency", "4", "--json", "--verbose")) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert all(fact in found["answer"] for fact in FACTS)
    assert {c["text"] for c in found["citations"]} == {f"It was decided that {fact}." for fact in FACTS}
    assert found["cover"]["calls"] == chat.answered == found["cover"]["windows"] + 1
    assert chat.most == 4
    file = scores.with_name("answers-1.sqlite3")
    windows = found["cover"]["windows"]
    said = re.search(r"^note: (\d+) windows: up to (\d+) requests, about [\d,]+ tokens of prompts$", captured.err, re.M)
    assert said is not None
    assert int(said[1]) == windows < int(said[2]) < 1.3 * windows
    assert f"note: answers are stored in {file}; after a stop, the same command continues" in captured.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"tokens in {windows} windows, {windows + 1} requests, " in captured.err


def test_a_killed_run_goes_on_where_it_was(
    serve: Serve, minutes: Path, scores: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = Decisions(0.1)
    server = serve(chat=chat)
    command_line = [sys.executable, "-m", "ctxpipe", *arguments(minutes, server, "--concurrency", "1", "--quiet")]
    with subprocess.Popen(command_line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while chat.answered < 4 and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    time.sleep(0.3)  # a request that was under way ends
    before = chat.answered
    assert before >= 4
    assert main(arguments(minutes, server, "--json")) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert all(fact in found["answer"] for fact in FACTS)
    assert found["cover"]["stored"] >= before - 2
    assert found["cover"]["stored"] + found["cover"]["calls"] == found["cover"]["windows"] + 1
    assert f"windows, {found['cover']['stored']} answered by an earlier run: up to " in captured.err
    # A changed document is asked about again, but only where it changed.
    minutes.write_text(minutes.read_text().replace("the gate is painted", "the gate is closed"))
    assert main(arguments(minutes, server, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert "the gate is closed" in found["answer"]
    assert 1 <= found["cover"]["calls"] <= 4


def test_without_a_cache_nothing_is_stored(serve: Serve, minutes: Path, scores: Path) -> None:
    server = serve(chat=Decisions())
    assert main(arguments(minutes, server, "--quiet", "--no-cache")) == 0
    assert not scores.parent.exists()


def test_a_refused_window_is_a_line(
    serve: Serve, minutes: Path, scores: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = Decisions()
    chat.fail = "Excerpts:\n[1]\nThe"
    server = serve(chat=chat)
    assert main(arguments(minutes, server, "--concurrency", "1")) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1] == "error: the server answered 400: this prompt is refused"
    chat.fail = FACTS[1]
    assert main(arguments(minutes, server)) == 0
    captured = capsys.readouterr()
    assert FACTS[0] in captured.out
    assert FACTS[1] not in captured.out
    assert re.search(
        r"^note: left out: \S*minutes\.txt, from character [\d,]+: the server answered 400", captured.err, re.M
    )
    assert re.search(r", [12] windows without an answer$", captured.err, re.M)


def test_much_is_asked_for_first(
    serve: Serve, minutes: Path, scores: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Decisions()
    server = serve(chat=chat)
    monkeypatch.setattr(command, "MANY_CALLS", 3)
    assert main(arguments(minutes, server)) == 2
    assert capsys.readouterr().err.rstrip().endswith("tokens of prompts; give --yes to continue")
    assert chat.answered == 0
    assert main(arguments(minutes, server, "--yes", "--quiet")) == 0
    assert chat.answered > 3


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--cover", "--raw"], "--cover and --raw exclude each other"),
        (["--cover", "--rate", "0.5"], "--cover and --rate exclude each other"),
        (["--concurrency", "3"], "--concurrency needs --cover"),
        (["--yes"], "--yes needs --cover"),
        (["--cover", "other.txt"], "--cover takes whole or compress, not 'other.txt'; put the paths before --cover"),
    ],
)
def test_options_that_do_not_go_together(
    minutes: Path, more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", str(minutes), "-q", QUESTION, *more]) == 2
    assert capsys.readouterr().err == f"error: {told}\n"
