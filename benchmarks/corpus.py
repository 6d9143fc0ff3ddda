"""Documents prepared once: the time of indexing, of first and second questions, and of a batch, with their memory.

    python benchmarks/corpus.py [--against CHECKOUT] [--files 600] [--dense]

Two collections. The manuals: those of R as PDF, from Debian's r-doc-pdf. The files: 600 texts of 66,000 characters,
the source code of the installed Python packages, or fewer of them, and a question for each. Each command is a process
of its own with caches that are empty at the start, so its time holds all that a user waits for. CHECKOUT is another
version, whose times of the manuals' questions stand beside. With --dense the passages of the files are embedded too,
then their sentences, which takes longer than all else.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from common import write
from manuals import MANUALS, unpacked
from scale import document

from ctxpipe import Corpus, Pipeline
from ctxpipe.compress.rank.resources import Effort
from ctxpipe.models.cache import cache_root

FILES = 600
BUDGET = 2000
ASKED = ("How do I read a fixed-width file?", "What does fileEncoding do?", "How is a package checked?")
_FUNCTION = re.compile(r"def ([a-z]\w{6,})\(")


def timed(arguments: Sequence[str], caches: Path, checkout: Path | None = None) -> dict[str, float]:
    """Seconds, processor seconds and peak memory of one command."""
    caches.mkdir(exist_ok=True)
    kept = {"CTXPIPE_SCORES": str(caches / "scores"), "CTXPIPE_DOCUMENTS": str(caches / "documents")}
    path = {"PYTHONPATH": str(checkout or Path(__file__).resolve().parents[1])}
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "ctxpipe", *arguments],
        env=os.environ | kept | path,
        cwd=caches,  # the current folder would come before CHECKOUT
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said = child.stderr.read() if child.stderr else b""
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise RuntimeError(f"{arguments}: {said.decode(errors='replace')[-2000:]}")
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024),
    }


def asked(paths: Sequence[str], question: str) -> list[str]:
    """The command that compresses some paths for a question."""
    return ["compress", *paths, "-q", question, "--budget", str(BUDGET), "--quiet"]


def manuals(folder: Path, against: Path | None) -> dict[str, Any]:
    """First, second and third question of eight manuals, by this version and by another."""
    pdfs = unpacked(MANUALS[0], cache_root() / "manuals").parent
    found: dict[str, Any] = {"files": len(list(pdfs.glob("*.pdf")))}
    found["this"] = [timed(asked([str(pdfs)], q), folder / "this") for q in ASKED]
    if against:
        found["other"] = [timed(asked([str(pdfs)], q), folder / "other", against) for q in ASKED]
    print("manuals", json.dumps(found), flush=True)
    return found


def files(folder: Path, count: int, dense: bool) -> dict[str, Any]:
    """Indexing of some files, questions of the corpus in a process each and in one process, and a batch."""
    texts = folder / "files"
    # In a process of its own: the peak of a command holds what this process held when it was started.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        size, lines = pool.submit(written, texts, count).result()
    caches, corpus = folder / "caches", str(folder / "files.ctx")
    found: dict[str, Any] = {"files": count, "characters": size * count}
    found["index"] = timed(["index", str(texts), "-o", corpus, "--no-dense", "--quiet"], caches)
    if dense:
        found["vectors"] = timed(["index", "-o", corpus, "--dense", "--quiet"], caches)
    found["index_mib"] = round(Path(corpus).stat().st_size / 2**20)
    requests = folder / "questions.jsonl"
    requests.write_text("\n".join(lines) + "\n", encoding="utf-8")
    asks = [json.loads(line)["question"] for line in lines]
    found["command"] = [timed(asked([corpus], question), caches) for question in asks[:3]]
    found["warm"] = {effort: warmed(corpus, asks[3:13], effort) for effort in ("default", "fast")}
    found["batch"] = {
        "default": batch(folder, "default", ["--no-cache"]),
        "fast": batch(folder, "fast", ["--no-cache", "--effort", "fast"]),
        "score cache": batch(folder, "cached", []),
    }
    if dense:
        found["sentences"] = timed(["index", "-o", corpus, "--sentences", "--quiet"], caches)
        found["sentences_mib"] = round(Path(corpus).stat().st_size / 2**20)
        found["command_sentences"] = [timed(asked([corpus], question), folder / "new") for question in asks[:3]]
        found["warm"]["sentences"] = warmed(corpus, asks[3:13], "default")
        found["batch"]["sentences"] = batch(folder, "sentences", ["--no-cache"])
    print("files", json.dumps(found), flush=True)
    return found


def batch(folder: Path, name: str, options: Sequence[str]) -> dict[str, float]:
    """A batch of all questions to contexts."""
    results = folder / f"{name}.jsonl"
    command = ["batch", str(folder / "questions.jsonl"), "-o", str(results), "--corpus", str(folder / "files.ctx")]
    found = timed([*command, "--compress-only", "--budget", str(BUDGET), "--quiet", *options], folder / "batch")
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    return found | {"rows": len(rows), "errors": sum("error" in row for row in rows)}


def warmed(corpus: str, questions: Sequence[str], effort: Effort) -> dict[str, Any]:
    """``warm`` in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(warm, corpus, questions, effort).result()


def written(texts: Path, count: int) -> tuple[int, list[str]]:
    """Write the files; gives characters of each, and a question for each as a line of a batch."""
    texts.mkdir()
    text = document()
    size, draw, lines = len(text) // FILES, random.Random(1), []
    for number in range(count):
        part = text[number * size : (number + 1) * size]
        (texts / f"part-{number:03}.txt").write_text(part, encoding="utf-8", newline="")
        name = draw.choice(_FUNCTION.findall(part) or ["main"]).replace("_", " ")
        lines.append(json.dumps({"id": f"q{number}", "question": f"What does {name} do?"}))
    return size, lines


def warm(path: str, questions: Sequence[str], effort: Effort) -> dict[str, Any]:
    """Mean seconds of each stage of a question that follows others in the same process."""
    stages: dict[str, list[float]] = {}
    seconds = []
    with Corpus.open(path) as corpus:
        pipeline = Pipeline(effort=effort, score_cache=0)
        pipeline.compress(corpus, question="What is imported first?", budget=BUDGET)
        for question in questions:
            started = time.perf_counter()
            context = pipeline.compress(corpus, question=question, budget=BUDGET)
            seconds.append(time.perf_counter() - started)
            for stage, spent in context.timings.items():
                stages.setdefault(stage, []).append(spent)
    means = {stage: round(sum(spent) / len(spent), 3) for stage, spent in stages.items()}
    return {"seconds": round(sum(seconds) / len(seconds), 2), "stages": means}


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--dense", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        result: dict[str, Any] = {"load_average": os.getloadavg(), "budget": BUDGET}
        result["manuals"] = manuals(folder, options.against)
        result["files"] = files(folder, options.files, options.dense)
    write("corpus", result)


if __name__ == "__main__":
    main()
