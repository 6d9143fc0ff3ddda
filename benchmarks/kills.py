"""Kills batches and indexers at random moments, and looks at what they leave.

    python benchmarks/kills.py [--requests 2000] [--batch-kills 10] [--files 200] [--index-kills 50] [--out FILE]

A batch that was killed goes on with the same command; in the end each request has one row, and the rows are those of a
run that nobody killed. A corpus file that was killed while it was updated opens at once, and each of its documents is
whole: as it was before or as it is now. In the end it holds what a new one holds, vectors included.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from common import write

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from batch_support import results, said, told
from batch_support import write as write_lines
from samples import prose

from ctxpipe import Corpus
from ctxpipe.compress.prepare.vectors import DIMENSION

COMMAND = [sys.executable, "-m", "ctxpipe"]


def kill_batch(folder: Path, requests: int, kills: int, seed: int) -> dict[str, Any]:
    """Kill a batch, run it to its end, and compare it with one that was left alone."""
    draw = random.Random(seed)
    asked = told(requests)
    write_lines(folder / "requests.jsonl", *asked)
    file = folder / "killed.jsonl"
    given = ["--rank", "bm25", "--budget", "40", "--compress-only", "--quiet", "--no-cache"]
    command = [*COMMAND, "batch", "requests.jsonl", *given, "-o"]
    held: list[int] = []
    torn = 0
    for left in range(kills, 0, -1):
        done = _lines(file)
        wanted = done + draw.randint(1, max(1, 2 * (requests - done) // (left + 1)))
        process = subprocess.Popen([*command, file.name], cwd=folder)
        # What is written before the kill arrives must not be all that was left.
        wanted = min(wanted, requests - max(left, requests // 10))
        while _lines(file) < wanted and process.poll() is None:
            time.sleep(0.005)
        time.sleep(draw.random() * 0.05)
        process.kill()
        process.wait()
        held.append(_lines(file))
        torn += bool(file.exists() and file.stat().st_size and not file.read_bytes().endswith(b"\n"))
    subprocess.run([*command, file.name], cwd=folder, check=True)
    subprocess.run([*command, "alone.jsonl"], cwd=folder, check=True)
    times = Counter(row["id"] for row in results(file))
    return {
        "requests": requests,
        "kills": kills,
        "rows_after_each_kill": held,
        "torn_lines": torn,
        "each_once": times == Counter(one["id"] for one in asked),
        "same_rows_as_alone": said(file) == said(folder / "alone.jsonl"),
    }


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def kill_index(folder: Path, files: int, kills: int, seed: int) -> dict[str, Any]:
    """Kill updates of a corpus file, open it after each, and update it to the end."""
    draw = random.Random(seed)
    documents = folder / "documents"
    documents.mkdir()
    versions: dict[str, set[str]] = {}
    for number in range(files):
        _edit(documents / f"{number}.md", 0, versions)
    file = folder / "killed.ctx"
    command = [*COMMAND, "index", str(documents), "-o", str(file), "--quiet"]
    begun = time.monotonic()
    subprocess.run([*command[:-2], str(folder / "timed.ctx"), "--quiet"], check=True)
    seconds = time.monotonic() - begun
    opened = whole = runs = 0
    held: list[int] = []
    while len(held) < kills:
        for number in draw.sample(range(files), max(1, files // 4)) if runs else ():
            _edit(documents / f"{number}.md", runs, versions)
        runs += 1
        process = subprocess.Popen(command)
        time.sleep(seconds * draw.uniform(0.3, 1.0))
        ended = process.poll() is not None
        process.kill()
        process.wait()
        if ended:
            continue
        held.append(0)
        if file.exists():
            with Corpus.open(file) as corpus:
                texts = {Path(one.source).name: one.text for one in corpus.documents}
            opened += 1
            whole += all(text in versions[name] for name, text in texts.items())
            held[-1] = len(texts)
    subprocess.run(command, check=True)
    with Corpus.open(file) as corpus, Corpus.build(documents, folder / "new.ctx") as new:
        same = corpus.documents == new.documents
        vectors = [one.vectors.cosines(np.eye(DIMENSION, dtype=np.float32)) for one in (corpus, new) if one.vectors]
    return {
        "files": files,
        "runs": runs,
        "killed_before_their_end": len(held),
        "opened": opened,
        "whole": whole,
        "documents_after_each_kill": held,
        "same_as_a_new_one": same,
        "same_vectors": len(vectors) == 2 and bool((vectors[0] == vectors[1]).all()),
    }


def _edit(file: Path, version: int, versions: dict[str, set[str]]) -> None:
    text = f"# Version {version}\n\n{prose(12, version)}\n\n{file.stem} ends.\n"
    file.write_text(text, encoding="utf-8")
    versions.setdefault(file.name, set()).add(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--batch-kills", type=int, default=10)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--index-kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    made: dict[str, Any] = {"seed": given.seed}
    with tempfile.TemporaryDirectory() as folder:
        made["batch"] = kill_batch(Path(folder), given.requests, given.batch_kills, given.seed)
    print(json.dumps(made["batch"]), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        made["index"] = kill_index(Path(folder), given.files, given.index_kills, given.seed)
    print(json.dumps(made["index"]), flush=True)
    write("kills", made, given.out)


if __name__ == "__main__":
    main()
