"""A batch: every request once, killed or not; a bad line is one line; a server is asked side by side."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from batch_support import LEDGERS, questions, results, write
from commands_support import Command
from http_support import Server, count_words, list_models, servers
from poison import Poisoned
from processes import gone
from samples import prose

from ctxpipe.compress.types import Document
from ctxpipe.errors import CorpusError, ReadError, UnreachableError, UsageError
from ctxpipe.pipeline.batch.batch import BatchPlan, run_batch
from ctxpipe.pipeline.batch.slim import slim
from ctxpipe.pipeline.corpus.corpus import index
from ctxpipe.pipeline.pipeline import Pipeline

Serve = Callable[..., Server]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capfd, monkeypatch)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "ledgers"
    folder.mkdir()
    for number, name in enumerate(LEDGERS):
        (folder / f"{name}.txt").write_text(f"{prose(30, number)}\n\nThe {name} ledger is kept in room {number}.\n")
    index(folder, tmp_path / "ledgers.ctx")
    return tmp_path / "ledgers.ctx"


def plan(tmp_path: Path, corpus: Path, **options: Any) -> BatchPlan:
    values: dict[str, Any] = {
        "requests": tmp_path / "requests.jsonl",
        "results": tmp_path / "results.jsonl",
        "options": {"rank": "bm25"},
        "shared": (str(corpus),),
        "budget": 60,
        "compress_only": True,
        "concurrency": 2,
    }
    return BatchPlan(**(values | options))


def test_contexts_are_those_of_single_calls(tmp_path: Path, corpus: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(6))
    done = run_batch(plan(tmp_path, corpus))
    assert (done.done, done.failed, done.before) == (6, 0, 0)
    pipeline = Pipeline(rank="bm25")
    for row in results(tmp_path / "results.jsonl"):
        asked = next(q for q in questions(6) if q["id"] == row["id"])
        single = pipeline.compress(corpus, question=asked["question"], budget=60)
        assert row["context"] == single.text
        assert row["kept_tokens"] == single.kept_tokens


def test_processes_give_the_same_rows(tmp_path: Path, corpus: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(4))
    run_batch(plan(tmp_path, corpus))
    run_batch(plan(tmp_path, corpus, results=tmp_path / "others.jsonl", processes=1))

    def said(name: str) -> set[str]:
        rows = results(tmp_path / name)
        return {json.dumps({k: v for k, v in row.items() if k != "timings"}, sort_keys=True) for row in rows}

    assert said("results.jsonl") == said("others.jsonl")


def test_a_bad_line_is_one_error_and_the_others_go_on(tmp_path: Path, corpus: Path) -> None:
    write(
        tmp_path / "requests.jsonl",
        {"id": "good", "question": "Where is the amber ledger kept?"},
        "rubbish\n",
        "\n",
        "[1, 2]\n",
        "[" * 100_000 + "\n",
        {"id": "empty", "question": " "},
        {"id": "good", "question": "Where is it?"},
        {"id": "typo", "qestion": "Where?", "question": "Where?"},
        {"id": "number", "question": "Where?", "budget": "many"},
        {"id": "negative", "question": "Where?", "budget": -1},
        {"id": "both", "question": "Where?", "budget": 10, "rate": 0.5},
        {"id": "missing", "question": "Where?", "paths": ["missing.txt"]},
        {"question": "Where is the silver ledger kept?"},
        {"id": "text", "question": "Who sings?", "text": "Anna sings.", "rate": 1.0},
    )
    told: list[tuple[str | int, str]] = []
    done = run_batch(plan(tmp_path, corpus), on_error=lambda name, reason: told.append((name, reason)))
    rows = {row["id"]: row for row in results(tmp_path / "results.jsonl") if "error" not in row}
    errors = [row for row in results(tmp_path / "results.jsonl") if "error" in row]
    assert set(rows) == {"good", 13, "text"}
    assert done.failed == len(errors) == len(told) == 10
    assert all("\n" not in row["error"] and "Traceback" not in row["error"] for row in errors)
    assert "room 2" in rows["good"]["context"]
    assert "Anna sings." in rows["text"]["context"]


def test_errors_of_earlier_runs_are_not_forgotten(tmp_path: Path, corpus: Path, run: Command) -> None:
    write(tmp_path / "requests.jsonl", *questions(2), {"id": "bad"})
    command = ("batch", tmp_path / "requests.jsonl", "-o", tmp_path / "results.jsonl", "--corpus", corpus)
    for says in ("errors   1\n", "errors   1, 1 of them from earlier runs"):
        done = run(*command, "--compress-only", "--budget", 60, "--rank", "bm25")
        assert done.code == 1
        assert says in done.err


def test_what_every_request_would_fail_on_is_said_before_the_first(tmp_path: Path, corpus: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(2))
    old = tmp_path / "old.ctx"
    old.write_bytes(corpus.read_bytes())
    database = sqlite3.connect(old)
    database.execute("PRAGMA user_version = 1")
    database.close()
    for shared, error in ((tmp_path / "misspelt.ctx", ReadError), (old, CorpusError)):
        with pytest.raises(error, match=shared.name):
            run_batch(plan(tmp_path, corpus, shared=(str(corpus), str(shared))))
    assert not (tmp_path / "results.jsonl").exists()


def test_requests_that_can_be_read_only_once_are_refused(tmp_path: Path, corpus: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for requests in (Path("-"), tmp_path / "pipe"):
        with pytest.raises(UsageError, match="must be in a file"):
            run_batch(plan(tmp_path, corpus, requests=requests))
    write(tmp_path / "requests.jsonl", *questions(2))
    with pytest.raises(UsageError, match="must be in a file"):
        run_batch(plan(tmp_path, corpus, results=Path("-")))


def test_a_torn_line_is_done_again_and_the_rest_is_not(tmp_path: Path, corpus: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(5))
    run_batch(plan(tmp_path, corpus))
    file = tmp_path / "results.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    done = run_batch(plan(tmp_path, corpus))
    assert (done.done, done.before) == (1, 4)
    assert done.torn > 0
    assert Counter(row["id"] for row in results(file)) == Counter(f"q{i}" for i in range(5))


def test_results_of_something_else_stay_as_they_are(tmp_path: Path, corpus: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(2))
    other = write(tmp_path / "results.jsonl", {"name": "not ours"})
    before = other.read_bytes()
    with pytest.raises(UsageError, match="line 1 is no result"):
        run_batch(plan(tmp_path, corpus))
    assert other.read_bytes() == before
    with pytest.raises(UsageError, match="cannot be one file"):
        run_batch(plan(tmp_path, corpus, results=tmp_path / "requests.jsonl"))
    with pytest.raises(ReadError):
        run_batch(plan(tmp_path, corpus, requests=tmp_path / "missing.jsonl", results=tmp_path / "new.jsonl"))


def test_killed_again_and_again_each_comes_once(tmp_path: Path, corpus: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(120))
    file = tmp_path / "results.jsonl"
    code = (
        "import sys; from pathlib import Path; from ctxpipe.pipeline.batch.batch import BatchPlan, run_batch\n"
        "run_batch(BatchPlan(requests=Path(sys.argv[1]), results=Path(sys.argv[2]), options={'rank': 'bm25'},\n"
        "    shared=(sys.argv[3],), budget=60, compress_only=True, concurrency=2),\n"
        "    on_progress=lambda done, total: print(done, flush=True))"
    )
    for lines in (3, 17, 30):
        process = subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / "requests.jsonl", file, corpus], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert 0 < len(file.read_bytes().splitlines()) < 120
    done = run_batch(plan(tmp_path, corpus))
    assert done.before >= 50
    assert Counter(row["id"] for row in results(file)) == Counter(f"q{i}" for i in range(120))


def test_a_request_that_kills_or_breaks_its_process_is_one_error(tmp_path: Path, corpus: Path) -> None:
    asked = questions(6)
    asked[1]["question"] += " It is deadly."
    asked[4]["question"] += " It is broken."
    write(tmp_path / "requests.jsonl", *asked)
    options = {"rank": Poisoned(), "prune": "none"}
    done = run_batch(plan(tmp_path, corpus, options=options, processes=1))
    assert (done.done, done.failed) == (6, 2)
    errors = {row["id"]: row["error"] for row in results(tmp_path / "results.jsonl") if "error" in row}
    assert errors == {
        "q1": "request q1: the process that compressed it died, perhaps because memory ran out",
        "q4": "unexpected ZeroDivisionError: a fault in one document with more lines",
    }


def test_processes_end_with_the_one_that_was_killed(tmp_path: Path, corpus: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(400))
    process = subprocess.Popen([
        sys.executable, "-m", "ctxpipe", "batch", tmp_path / "requests.jsonl", "-o", tmp_path / "results.jsonl",
        "--corpus", corpus, "--rank", "bm25", "--compress-only", "--budget", "60", "--quiet",
    ])  # fmt: skip
    while not (tmp_path / "results.jsonl").exists() or not (tmp_path / "results.jsonl").stat().st_size:
        assert process.poll() is None
        time.sleep(0.02)
    children = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    process.wait()
    assert len(children) > 1
    assert gone(children, 60)


def test_slim_contexts_say_the_same(tmp_path: Path) -> None:
    documents = [Document(text=f"{prose(6, i)} Room {i}.", source=f"{i}.txt") for i in range(9)]
    context = Pipeline(rank="bm25").compress(documents, question="Which room has number 7?", budget=40)
    small = slim(context)
    assert len(small.documents) < 9
    assert small.text == context.text
    assert small.source_tokens == context.source_tokens

    def stretches(one: Any) -> list[tuple[str, str]]:
        return [(one.documents[s.document].source, one.documents[s.document].text[s.start : s.end]) for s in one.spans]

    assert stretches(small) == stretches(context)


class Rooms:
    """Answers with the room in the prompt, after some time, and remembers how many it answered side by side."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, x: Any) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.3)
        with self.lock:
            self.now -= 1
        question = x.body["messages"][-1]["content"].rsplit("Question:", 1)[-1]
        name = next(name for name in LEDGERS if name in question)
        said = f"The {name} ledger is kept in room {LEDGERS.index(name)}."
        x.json({"model": "scribe", "choices": [{"message": {"content": said}, "finish_reason": "stop"}]})


@pytest.fixture
def serve() -> Iterator[Serve]:
    with servers(models=list_models({"id": "scribe", "max_model_len": 4000}), tokenize=count_words) as start:
        yield start


def test_a_server_is_asked_side_by_side(tmp_path: Path, corpus: Path, serve: Serve, run: Command) -> None:
    rooms = Rooms()
    server = serve(chat=rooms)
    requests = write(tmp_path / "requests.jsonl", *questions(8))
    outcome = run(
        "batch", requests, "-o", tmp_path / "results.jsonl", "--corpus", corpus, "--target", server.url,
        "--tokenizer", "smollm2-135m", "--rank", "bm25", "--budget", 80, "--concurrency", 4,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert outcome.out == ""
    assert rooms.most > 1
    rows = results(tmp_path / "results.jsonl")
    assert {row["id"] for row in rows} == {f"q{i}" for i in range(8)}
    for row in rows:
        number = int(row["id"][1:]) % 6
        assert f"room {number}" in row["answer"]
        assert row["citations"][0]["text"] == f"The {LEDGERS[number]} ledger is kept in room {number}."


def test_a_server_out_of_reach_ends_the_run_with_one_line(tmp_path: Path, corpus: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(3))
    options = {"rank": "bm25", "target": "http://127.0.0.1:9", "tokenizer": "smollm2-135m"}
    with pytest.raises(UnreachableError):
        run_batch(plan(tmp_path, corpus, options=options, compress_only=False))
    assert results(tmp_path / "results.jsonl") == []
