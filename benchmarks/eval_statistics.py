"""The statistics of an evaluation of 100,000 records: seconds and peak memory of ``ctxpipe eval report``.

    python benchmarks/eval_statistics.py [--items 10000] [--profile 30]

A folder is made as a run leaves it: ten arms over six suites, two of them sets whose sources hold many items, three the
same questions at three lengths. The command runs in a process of its own, so the peak is the command's. ``--profile``
runs it here instead and prints the functions that take longest.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import write

from ctxpipe.evals.runs.folder import RunFolder, RunSettings
from ctxpipe.evals.summary.summary import summarise
from ctxpipe.evals.types import ArmName, Passage, Record, Sample

SUITES = {"single": (0.25, 1), "article": (0.25, 25), "table": (0.2, 5)}
"""Share of the items and items of a source, by suite; the rest are questions at several lengths."""

LENGTHS = (1000, 2000, 4000)
ARMS = {
    "raw": 0.0,
    "raw2": 0.0,
    "closed": 2.5,
    "default@0.5": 0.02,
    "default@0.25": 0.1,
    "default@0.125": 0.4,
    "bm25@0.5": 0.1,
    "bm25@0.25": 0.3,
    "head-tail@0.25": 1.2,
    "random@0.25": 1.6,
}
"""Arms, and by how many nats an answer is less likely in them."""

DETAILS = ("evidence", "numbers", "units", "negations", "names")
WORDS = "lantern meadow harbour seven kilometres not ledger winter Anna copper 1811 bridge of the and was".split()


def samples(items: int, rng: np.random.Generator) -> Iterator[Sample]:
    """Items of about 1,000 tokens."""
    places = [
        (f"{suite}-{i}", suite, f"{suite}-{i // size}")
        for suite, (share, size) in SUITES.items()
        for i in range(round(share * items))
    ]
    questions = (items - len(places)) // len(LENGTHS)
    places += [(f"needle-{i}@{n}", f"needle@{n}", f"needle-{i}") for n in LENGTHS for i in range(questions)]
    for name, suite, cluster in places:
        text = " ".join(rng.choice(WORDS, 900))
        yield Sample(
            id=name,
            dataset=suite.partition("@")[0],
            cluster=cluster,
            documents=tuple(Passage(text=part, title="A title") for part in (text[:2500], text[2500:])),
            question=f"What was seen in {name}?",
            answers=("a lantern",),
            stratum=suite,
        )


def records(all_samples: list[Sample], rng: np.random.Generator) -> Iterator[Record]:
    """What ten arms made of them, item by item as a run writes it; a few do not fit the window."""
    for sample in all_samples:
        base = (
            rng.gamma(3, 0.5) + 0.2 * LENGTHS.index(int(sample.stratum.split("@")[1])) if "@" in sample.stratum else 1
        )
        for arm, loss in ARMS.items():
            method, rate = ArmName.of(arm)
            share = float(rate or (arm != "closed"))
            nll = max(0.01, base + loss * rng.random() + 0.1 * rng.normal() * (arm != "raw"))
            fits = arm == "closed" or rng.random() > 0.01
            scores = {"nll": round(nll, 6)} if fits else {}
            if arm != "closed":
                scores["survival"] = float(rng.random() > 0.2 * loss)
                scores |= {name: round(float(rng.beta(8 * share + 1, 2)), 4) for name in DETAILS}
            yield Record(
                id=sample.id,
                cluster=sample.cluster,
                stratum=sample.stratum,
                arm=arm,
                scores=scores,
                source_tokens=1000,
                kept_tokens=round(1000 * share),
                rate=float(rate) if rate else None,
                timings={"chunk": 0.01, "rank": 0.25, "select": 0.02, "target": 0.5},
                status="ok" if fits else "truncated",
                method=method if rate else "",
                models={"ranker": "a1b2c3d4e5f60718", "target": "0718293a4b5c6d7e"},
                prompt_hash="4f2a9c0b7d1e8a35",
                spans=tuple((i % 2, 200 * i, 200 * i + 180) for i in range(round(12 * share) if rate else 0)),
            )


def make(path: Path, items: int) -> int:
    """Write the folder; the number of its records."""
    rng = np.random.default_rng(0)
    folder = RunFolder(path)
    folder.start(RunSettings(seed=0, layers=(1, 2), tokenizer="made", target="made"))
    kept = folder.keep(samples(items, rng))
    with folder.records.open("w", encoding="utf-8") as file:
        return sum(bool(file.write(record.to_json() + "\n")) for record in records(kept, rng))


def timed(path: Path) -> dict[str, float]:
    """Seconds and peak memory of the command, on one thread."""
    page, numbers = path / "page.html", path / "numbers.json"
    command = [
        sys.executable,
        "-m",
        "ctxpipe",
        "eval",
        "report",
        str(path),
        "--html",
        str(page),
        "--json",
        str(numbers),
    ]
    environ = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, env=environ)
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_gib": round(usage.ru_maxrss / 2**20, 2),
    }


def main() -> None:
    """Make, report, print and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--profile", type=int, metavar="LINES")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        count = make(path, given.items)
        if given.profile:
            with cProfile.Profile() as profile:
                summarise(path)
            pstats.Stats(profile).sort_stats("tottime").print_stats(given.profile)
            return
        size = sum(file.stat().st_size for file in path.iterdir()) / 2**20
        result = {"records": count, "arms": len(ARMS), "items": given.items, "folder_mib": round(size), **timed(path)}
    print(json.dumps(result, indent=1))
    write("eval_statistics", result)


if __name__ == "__main__":
    main()
