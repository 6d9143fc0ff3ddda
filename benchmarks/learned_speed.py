"""Speed of the package's own pruner: the network alone, and compression end to end against the fusion alone.

    OMP_NUM_THREADS=2 python benchmarks/learned_speed.py --tokens 3000,10000,20000

Documents are the prose of Python's own reference: code is left to the fusion, and so would cost the pruner nothing.
Models are loaded and warm before the clock starts, nothing is kept between runs,
and of several runs the median counts. Tokens are the target's (smollm2-135m), except those a network reads.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import write
from llmlingua_speed import QUESTION, document, passages

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.learned.model import LearnedModel, PassageTokens
from ctxpipe.compress.learned.passages import titled
from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.prune.baselines import NoScorer
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.types import Document
from ctxpipe.models.tokenizer import TargetTokenizer

RATE = 0.25


def prose(tokens: int) -> str:
    """About so many tokens of the reference, paragraphs of words alone."""
    paragraphs = document(min(4 * tokens, 110_000)).split("\n\n")
    kept = [p for p in paragraphs if p.startswith("#") or sum(c.isalpha() or c.isspace() for c in p) > 0.92 * len(p)]
    text = "\n\n".join(kept)
    starts = TargetTokenizer.load("smollm2-135m").starts_many([text])[0]
    return text[: int(starts[min(tokens, len(starts) - 1)])]


def median(run: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Seconds by the clock and of all cores of the run in the middle, after one that does not count."""
    run()
    times = []
    for _ in range(repeats):
        started, spent = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - started, time.process_time() - spent))
    clock, cores = np.median(times, axis=0)
    return float(clock), float(cores)


def speed(tokens: int, seconds: tuple[float, float]) -> dict[str, Any]:
    """For the record."""
    clock, cores = seconds
    return {
        "seconds": round(clock, 3),
        "core_seconds": round(cores, 3),
        "tokens_per_second": round(tokens / clock),
        "tokens_per_core_second": round(tokens / cores),
    }


def loading(folder: Path | None, repeats: int) -> float:
    """Seconds to load the pruner: hashes, tokenizer, session."""
    return median(lambda: LearnedModel.load(folder), repeats)[0]


def alone(model: LearnedModel, text: str, repeats: int) -> dict[str, Any]:
    """The network alone, on a document's passages with a question; tokenising included."""
    found = passages(text)
    words = model.layout.words

    def read() -> None:
        bodies = words.encode([passage.text for passage in found])
        titles = words.encode([titled(passage.headings) for passage in found])
        given = [PassageTokens(title.ids, body.ids) for title, body in zip(titles, bodies, strict=True)]
        model.read(model.layout.asked(QUESTION), given)

    seconds = median(read, repeats)
    tokens = sum(len(body.ids) for body in words.encode([passage.text for passage in found]))
    return {"model_tokens": tokens, **speed(tokens, seconds)}


def whole(ranker: Any, name: str, text: str, repeats: int, profile: bool) -> dict[str, Any]:
    """``compress`` from text to context."""
    compressor = Compressor(
        tokenizer=TargetTokenizer.load("smollm2-135m"), ranker=ranker, scorer=NoScorer(), rank=name, prune="none"
    )
    source = [Document(text=text, source="reference.md", kind="markdown")]
    run = lambda: compressor.compress(source, question=QUESTION, rate=RATE)  # noqa: E731
    seconds = median(run, repeats)
    if profile:
        profiler = cProfile.Profile()
        profiler.runcall(run)
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(15)
    return speed(run().source_tokens, seconds)


def main() -> None:
    """Measure each length, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", default="3000,10000,20000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", type=Path, help="folder of another pruner than the package's")
    parser.add_argument("--name", default="learned-speed")
    parser.add_argument("--profile", action="store_true", help="print where the time goes, to standard error")
    options = parser.parse_args()
    learned, hybrid = LearnedRanker(model=options.model), HybridRanker()
    rows = []
    for tokens in map(int, options.tokens.split(",")):
        text = prose(tokens)
        row = {
            "source_tokens": tokens,
            "network": alone(learned.model, text, options.repeats),
            "hybrid": whole(hybrid, "hybrid", text, options.repeats, False),
            "learned": whole(learned, "learned", text, options.repeats, options.profile),
        }
        for unit in ("seconds", "core_seconds"):
            row[f"{unit}_over_hybrid"] = round(row["learned"][unit] / row["hybrid"][unit], 2)
        rows.append(row)
        said = ", ".join(
            f"{name} {row[name]['tokens_per_second']:,} ({row[name]['tokens_per_core_second']:,} a core)"
            for name in ("network", "hybrid", "learned")
        )
        print(f"{tokens:8,} tokens: {said} tokens/s; {row['core_seconds_over_hybrid']} times the work", flush=True)
    files = learned.model.files
    result = {
        "pruner": files.version,
        "weights": {name: getattr(files.weights, name) for name in files.weights.__slots__},
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "load_seconds": round(loading(options.model, options.repeats), 3),
        "rate": RATE,
        "rows": rows,
    }
    print(f"loads in {result['load_seconds']} s")
    write(options.name, result)


if __name__ == "__main__":
    main()
