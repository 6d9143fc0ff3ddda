"""A batch in processes of this machine beside the same batch on Ray, and a text that is larger than Ray's object store.

    python benchmarks/ray_batch.py rows [--requests 2000] [--repeat 3]
    python benchmarks/ray_batch.py stream [--megabytes 1000] [--asked 200000] [--minutes 60]

``rows`` asks the same small requests of a pool of one and two processes, of Ray with one and two actors, and of three
raylets of which one is killed in the middle, and compares the rows. ``stream`` sends documents of 200 kB through an
object store of 200 MB, and watches the memory of all processes; with ``--asked`` only so many characters of each are
compressed, and the rest flows in a column that is passed over. Each writes its part of the results.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from common import RESULTS, write

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from batch_support import said, told
from batch_support import write as write_lines
from samples import prose

from ctxpipe import compress_dataset
from ctxpipe.pipeline.batch.batch import BatchDone, BatchPlan, run_batch
from ctxpipe.pipeline.batch.cluster.run import run_on_ray

STORE = 200 * 2**20
DOCUMENT = 200_000
MACHINES = (2, 4, 8)


def rows(requests: int, repeat: int, folder: Path) -> dict[str, Any]:
    """The same requests in five ways by turns: the middle of each number, and the rows compared."""
    write_lines(folder / "requests.jsonl", *told(requests))
    runs: dict[str, list[dict[str, float]]] = {}
    same: dict[str, bool] = {}
    for turn in range(repeat):
        for name, way in WAYS.items():
            plan = _plan(folder, f"{name}-{turn}.jsonl", int(name[name.index("_") + 1]))
            watch = Watch(requests)
            way(plan, watch)
            runs.setdefault(name, []).append(watch.told())
            same[name] = same.get(name, True) and said(plan.results) == said(folder / "pool_1-0.jsonl")
            print(name, runs[name][-1], same[name], flush=True)
    made: dict[str, Any] = {}
    for name, told_of in runs.items():
        numbers = {key: [run[key] for run in told_of] for key in told_of[0]}
        if name not in COUNTED:
            del numbers["cpu_ms_per_row"]
        made[name] = {key: round(statistics.median(values), 1) for key, values in numbers.items()}
        made[name] |= {"runs": numbers, "same_rows": same[name]}
    return {"requests": requests, "repeat": repeat, "ways": made, **_worth(made)}


def _plan(folder: Path, name: str, workers: int) -> BatchPlan:
    return BatchPlan(
        requests=folder / "requests.jsonl",
        results=folder / name,
        options={"rank": "bm25", "score_cache": 0},
        budget=40,
        compress_only=True,
        concurrency=2 * workers,
        processes=workers,
    )


def _worth(made: dict[str, Any]) -> dict[str, Any]:
    """From how many rows machines of two cores with Ray are done before one without, if machines add up."""
    begins = made["ray_2"]["first_row_s"] - made["pool_2"]["first_row_s"]
    here = made["pool_1"]["cpu_ms_per_row"]
    overhead = made["ray_1"]["cpu_ms_per_row"] - here
    pays = {}
    for name, row in (("these", here), ("of_a_second", 1000.0)):
        pays[name] = {}
        for machines in MACHINES:
            gained = (row - (row + overhead) / machines) / 1000 / 2  # a row, with two cores
            pays[name][machines] = round(begins / gained) if gained > 0 else None
    return {"begins_later_s": round(begins, 1), "overhead_cpu_ms_per_row": round(overhead, 1), "pays_from_rows": pays}


class Watch:
    """When rows came, and what the processors did for them."""

    def __init__(self, requests: int) -> None:
        self._begun = time.monotonic()
        self._came: list[float] = []
        self._counted = {requests // 4: 0.0, requests: 0.0}

    def __call__(self, done: int, total: int) -> None:
        self._came.append(time.monotonic() - self._begun)
        if done in self._counted:
            self._counted[done] = sum(map(_cpu, _processes()))

    def told(self) -> dict[str, float]:
        """Seconds until the first row and until the last; rate and processor time over the last three quarters.

        Processor time does not depend on what else the machine does.
        """
        (quarter, before), (requests, after) = self._counted.items()
        rest = requests - quarter
        return {
            "first_row_s": round(self._came[0], 1),
            "all_s": round(self._came[-1], 1),
            "rows_per_s": round(rest / (self._came[-1] - self._came[quarter - 1]), 1),
            "cpu_ms_per_row": round(1000 * (after - before) / rest, 1),
        }


def _processes() -> list[psutil.Process]:
    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _with_three_nodes(plan: BatchPlan, watch: Watch) -> BatchDone:
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE, include_dashboard=False) for _ in range(3)]

    def progress(done: int, total: int) -> None:
        watch(done, total)
        if done == total // 2:
            cluster.remove_node(nodes[1], allow_graceful=False)

    try:
        return run_on_ray(plan, cluster.address, on_progress=progress)
    finally:
        cluster.shutdown()


WAYS: dict[str, Callable[[BatchPlan, Watch], BatchDone]] = {
    "pool_1": lambda plan, watch: run_batch(plan, on_progress=watch),
    "ray_1": lambda plan, watch: run_on_ray(plan, "local", most=1, on_progress=watch),
    "pool_2": lambda plan, watch: run_batch(plan, on_progress=watch),
    "ray_2": lambda plan, watch: run_on_ray(plan, "local", most=2, on_progress=watch),
    "ray_3_nodes_one_killed": _with_three_nodes,
}
"""The number in a name is that of processes, actors or nodes."""
COUNTED = ("pool_1", "pool_2", "ray_1")
"""Ways whose processes all live to the end; of one that ended before, what it did is not counted."""


def stream(megabytes: int, asked: int, minutes: float) -> dict[str, Any]:
    """Memory of all processes while documents flow."""
    import ray

    ray.init(num_cpus=3, object_store_memory=STORE, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    documents = megabytes * 1_000_000 // DOCUMENT
    base = " ".join(prose(60, i) for i in range(70))[: DOCUMENT - 20]
    requests = ray.data.range(documents, override_num_blocks=documents // 5).map_batches(
        lambda batch: {
            "id": batch["id"],
            "question": ["Which room?"] * len(batch["id"]),
            "text": [f"Number {i:08}. {base[:asked]}" for i in batch["id"]],
            "rest": [base[asked:]] * len(batch["id"]),
        },
        num_cpus=0.5,  # other than the actor's: else Ray runs both in one, and no text goes through the store
    )
    contexts = compress_dataset(requests, budget=200, rank="none", score_cache=0, workers=2)
    begun = time.monotonic()
    done = failed = 0
    with _memory() as memory:
        for table in contexts.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            done += len(table)
            failed += len(table) - table["error"].null_count
            if time.monotonic() - begun > minutes * 60:
                break
    seconds = time.monotonic() - begun
    ray.shutdown()
    return {
        "megabytes_asked": megabytes,
        "megabytes_done": round(done * DOCUMENT / 1e6),
        "documents": done,
        "asked_characters_of_each": min(asked, len(base)),
        "errors": failed,
        "seconds": round(seconds),
        "object_store_mib": STORE // 2**20,
        "peak_of_all_processes_mib": round(max(memory)),
        # Each is the mean of a tenth of the run: memory that grows with what has flowed would show here.
        "over_time_mib": [round(sum(part) / len(part)) for part in _tenths(memory)],
    }


def _tenths(samples: list[float]) -> list[list[float]]:
    size = max(1, len(samples) // 10)
    return [samples[i : i + size] for i in range(0, size * min(10, len(samples)), size)]


@contextmanager
def _memory() -> Iterator[list[float]]:
    """Memory of this process and all below it in MiB, pages that are shared counted once, every two seconds."""
    samples: list[float] = []
    ended = threading.Event()

    def sample() -> None:
        while not ended.is_set():
            samples.append(sum(map(_pss, _processes())) / 2**20)
            ended.wait(2)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("rows", "stream"))
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--asked", type=int, default=DOCUMENT, help="characters to compress; others are passed over")
    parser.add_argument("--minutes", type=float, default=60, help="stop then")
    given = parser.parse_args()
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    load = os.getloadavg()[0]
    if given.part == "rows":
        with tempfile.TemporaryDirectory() as folder:
            made = rows(given.requests, given.repeat, Path(folder))
    else:
        made = stream(given.megabytes, given.asked, given.minutes)
    print(json.dumps(made, indent=1))
    place = RESULTS / "ray_batch.json"
    before = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    parts = {name: part for name, part in before.items() if name in ("rows", "stream")}
    about = {"ray": version("ray"), "load_at_the_beginning": round(load, 1)}
    write("ray_batch", {**parts, given.part: {**about, **made}})


if __name__ == "__main__":
    main()
