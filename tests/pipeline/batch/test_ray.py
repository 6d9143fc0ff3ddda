"""A batch on Ray: the rows of the local run, once each, on one node, on three of which one dies, and from a user's own
dataset; a slow server is asked by few at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from batch_support import LEDGERS, questions, results, said, told, write
from http_support import count_words, list_models, servers
from poison import Poisoned
from processes import gone

from ctxpipe import Pipeline, compress_dataset
from ctxpipe.compress.types import Document
from ctxpipe.errors import UnreachableError
from ctxpipe.pipeline.batch.batch import BatchPlan, run_batch
from ctxpipe.pipeline.batch.cluster.run import run_on_ray

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own
STORE = 100 * 2**20
POISONED: dict[str, Any] = {"rank": Poisoned(), "prune": "none"}


@pytest.fixture(scope="module", autouse=True)
def _modules_of_the_tests() -> Iterator[None]:
    """Ray's workers find them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def cluster(_modules_of_the_tests: None) -> Iterator[Any]:
    """A cluster of one node of two cores."""
    from ray.cluster_utils import Cluster

    one = Cluster()
    one.add_node(num_cpus=2, object_store_memory=STORE, include_dashboard=False)
    yield one
    one.shutdown()


def plan(tmp_path: Path, name: str, **options: Any) -> BatchPlan:
    values: dict[str, Any] = {
        "requests": tmp_path / "requests.jsonl",
        "results": tmp_path / name,
        "options": {"rank": "bm25"},
        "budget": 40,
        "compress_only": True,
        "concurrency": 2,
    }
    return BatchPlan(**(values | options))


def test_rows_are_the_same_locally_on_one_node_and_on_three_of_which_one_dies(tmp_path: Path, cluster: Any) -> None:
    asked: list[Any] = told(300)
    asked[70]["question"] += " It is deadly."
    asked[150]["question"] += " It is broken."
    asked[200]["budget"] = -1
    asked[220] = "no request\n"
    asked[221]["id"] = "q5"
    write(tmp_path / "requests.jsonl", *asked)
    run_batch(plan(tmp_path, "local.jsonl", options=POISONED, processes=1))
    run_on_ray(plan(tmp_path, "one.jsonl", options=POISONED), cluster.address)

    others = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
    progress: list[int] = []

    def kill_one(done: int, total: int) -> None:
        progress.append(done)
        if done == 100:
            cluster.remove_node(others[0], allow_graceful=False)

    done = run_on_ray(plan(tmp_path, "three.jsonl", options=POISONED), cluster.address, on_progress=kill_one)
    cluster.remove_node(others[1])
    assert progress == list(range(1, 301))
    assert (done.done, done.failed) == (300, 5)
    assert said(tmp_path / "local.jsonl") == said(tmp_path / "one.jsonl") == said(tmp_path / "three.jsonl")
    errors = [row["error"] for row in results(tmp_path / "three.jsonl") if "error" in row]
    assert "request q70: the process that compressed it died, perhaps because memory ran out" in errors


def test_a_dataset_of_requests_becomes_one_of_rows(cluster: Any) -> None:
    import ray

    asked: list[dict[str, Any]] = [{**one, "id": i, "owner": "Ada"} for i, one in enumerate(told(40))]
    asked[3]["question"] += " It is deadly."
    asked[7]["question"] = None
    asked[9]["text"] = None
    asked[11]["id"] = None
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        made = compress_dataset(ray.data.from_items(asked), budget=40, **POISONED)
        rows = {row["id"]: row for row in made.take_all()}
    finally:
        ray.shutdown()
    assert len(rows) == 40
    failed = {name: row["error"] for name, row in rows.items() if row["error"] is not None}
    assert failed == {
        3: "request 3: the process that compressed it died, perhaps because memory ran out",
        7: "'question' must be a text that is not empty",
        9: "a request needs paths, a text, or --corpus FILE",
        None: "'id' must be a text or a whole number",
    }
    pipeline = Pipeline(**POISONED)
    for name in (0, 20, 39):
        document = Document(text=asked[name]["text"], source=f"request {name}")
        single = pipeline.compress([document], question=asked[name]["question"], budget=40)
        assert rows[name]["context"] == single.text
        assert rows[name]["kept_tokens"] == single.kept_tokens
        assert rows[name]["excerpts"][0]["source"] == f"request {name}"


def test_parquet_goes_on_where_it_was(tmp_path: Path, cluster: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "note.txt").write_text("The amber ledger is kept in room 7.")
    path = {"id": "path", "question": "Where is the amber ledger?", "paths": ["note.txt"], "text": None}
    asked = [{**one, "paths": None} for one in told(600)] + [path]
    pq.write_table(pa.Table.from_pylist(asked), tmp_path / "requests.parquet", row_group_size=100)
    files = {"requests": tmp_path / "requests.parquet"}
    done = run_on_ray(plan(tmp_path, "out.parquet", **files), cluster.address)
    assert (done.done, done.failed) == (601, 0)
    folder = tmp_path / "out.parquet"
    first, *others = sorted(folder.iterdir())
    assert others
    first.write_bytes(first.read_bytes()[:-100])
    lost = 601 - sum(pq.read_metadata(one).num_rows for one in others)
    again = run_on_ray(plan(tmp_path, "out.parquet", **files), cluster.address)
    assert (again.done, again.before) == (lost, 601 - lost)
    assert again.torn > 0
    rows = [row for one in folder.iterdir() for row in pq.read_table(one).to_pylist()]
    assert Counter(row["id"] for row in rows) == Counter(one["id"] for one in asked)
    assert "room 7" in next(row["context"] for row in rows if row["id"] == "path")

    run_on_ray(plan(tmp_path, "lines.jsonl", **files), cluster.address)
    lines = {row["id"]: row for row in results(tmp_path / "lines.jsonl")}
    assert {row["id"]: row["context"] for row in rows} == {name: row["context"] for name, row in lines.items()}


class Slow:
    """Answers with the room in the prompt, after some time, and remembers how many it answered side by side."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = self.all = 0

    def __call__(self, x: Any) -> None:
        with self.lock:
            self.now += 1
            self.all += 1
            self.most = max(self.most, self.now)
        time.sleep(0.1)
        with self.lock:
            self.now -= 1
        question = x.body["messages"][-1]["content"].rsplit("Question:", 1)[-1]
        name = next(name for name in LEDGERS if name in question)
        x.json({"model": "scribe", "choices": [{"message": {"content": f"The {name} one."}, "finish_reason": "stop"}]})


def test_a_slow_server_is_asked_by_few_at_a_time(tmp_path: Path, cluster: Any) -> None:
    asked = told(120)
    asked[5]["question"] += " word" * 5000
    write(tmp_path / "requests.jsonl", *asked)
    slow = Slow()
    ahead: list[int] = []
    with servers(models=list_models({"id": "scribe", "max_model_len": 4000}), tokenize=count_words) as serve:
        options = {"rank": "bm25", "target": serve(chat=slow).url, "tokenizer": "smollm2-135m"}
        asking = plan(tmp_path, "answers.jsonl", options=options, compress_only=False, concurrency=6)
        done = run_on_ray(asking, cluster.address, on_progress=lambda done, total: ahead.append(slow.all - done))
    assert (done.done, done.failed) == (120, 1)
    assert 3 < slow.most <= 6
    # The answers that an actor has not handed over are those of two blocks of 16 requests.
    assert max(ahead) <= 2 * 2 * 16 + 6
    rows = {row["id"]: row for row in results(tmp_path / "answers.jsonl")}
    assert "more than" in rows["q5"]["error"]
    assert rows["q6"]["answer"] == "The violet one."


def test_a_target_out_of_reach_is_one_line(tmp_path: Path, cluster: Any) -> None:
    write(tmp_path / "requests.jsonl", *told(20))
    options = {"rank": "bm25", "target": "http://127.0.0.1:9", "tokenizer": "smollm2-135m"}
    with pytest.raises(UnreachableError, match=r"^no answer from http://127.0.0.1:9/v1: Connection refused$"):
        run_on_ray(plan(tmp_path, "out.jsonl", options=options, compress_only=False), cluster.address)
    assert results(tmp_path / "out.jsonl") == []


def test_a_killed_command_leaves_nothing_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE")
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    write(tmp_path / "requests.jsonl", *told(200))
    file = tmp_path / "results.jsonl"
    command = [
        sys.executable, "-m", "ctxpipe", "batch", "requests.jsonl", "-o", "results.jsonl",
        "--rank", "bm25", "--budget", "40", "--compress-only", "--quiet", "--ray",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=tmp_path)
    while not file.exists() or not file.stat().st_size:
        assert process.poll() is None
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    started = [child.pid for child in children]
    (master,) = [child.environ() for child in children if "gcs_server" in _name(child.pid)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert master["RAY_AUTH_MODE"] == "token"
    assert len(master["RAY_AUTH_TOKEN"]) == 64
    agents = [pid for pid in started if _name(pid).endswith("Agent")]  # they see after a minute that they are alone
    assert len(agents) < 3
    assert gone([pid for pid in started if pid not in agents], 60)
    before = len(file.read_bytes().splitlines())
    assert before < 200
    subprocess.run(command, cwd=tmp_path, check=True)
    assert Counter(row["id"] for row in results(file)) == Counter(one["id"] for one in questions(200))


def _name(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline()).strip()
    except psutil.NoSuchProcess:
        return ""
