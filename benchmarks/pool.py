"""Makes a corpus file that other benchmarks search: the documents of some items, and others up to a size.

    python benchmarks/pool.py ../shared/data ../shared/training --characters 17000000 -o pool.ctx

The documents of the items of nq10, hotpotqa and musique come first, then those of all JSON lines in the folders, in a
seeded order. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from ctxpipe import Document
from ctxpipe.evals.runs.documents import document_of
from ctxpipe.evals.runs.pool import pooled_documents
from ctxpipe.evals.suites.suites import suite_samples
from ctxpipe.pipeline.corpus.corpus import index

SUITES = ("nq10", "hotpotqa", "musique")


def main() -> None:
    """Write the file, and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("more", type=Path, nargs="*")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--characters", type=int, default=17_000_000)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    chosen = documents(options.data, options.more, options.items, options.characters)
    print(f"{len(chosen):,} documents, {sum(len(one.text) for one in chosen):,} characters", flush=True)
    started = time.perf_counter()
    told = started

    def on_stage(stage: str, done: int, total: int) -> None:
        nonlocal told
        if time.perf_counter() - told > 30:
            told = time.perf_counter()
            print(f"{stage} {done:,} of {total:,} at {told - started:.0f} s", file=sys.stderr, flush=True)

    done = index(chosen, options.out, on_stage=on_stage)
    print(f"{done.documents:,} documents, {done.embedded:,} passages embedded, {time.perf_counter() - started:.0f} s")


def documents(data: Path, more: list[Path], items: int, characters: int) -> list[Document]:
    """The documents of the items, then others up to the size, each once."""
    found: dict[tuple[str, str], Document] = {}
    for name in SUITES:
        for sample in suite_samples(name, data=data, limit=items, seed=0, count_many=lambda texts: [0 for _ in texts]):
            for number, passage in enumerate(sample.documents):
                if passage.text.strip():
                    made = document_of(passage, passage.source or f"{sample.id}/{number}")
                    found.setdefault((made.title, made.text), made)
    others = [one for folder in (data, *more) for one in pooled_documents(folder).documents]
    random.Random(0).shuffle(others)
    size = sum(len(one.text) for one in found.values())
    for one in others:
        if size >= characters:
            break
        if (one.title, one.text) not in found:
            found[one.title, one.text] = one
            size += len(one.text)
    return list(found.values())


if __name__ == "__main__":
    main()
