"""What a search of one large pool finds: all gold documents within so many tokens, by one look and by several.

    python benchmarks/search.py ../shared/data --more ../shared/training --items 100
    python benchmarks/search.py ../shared/data --more pool.ctx --items 200 --out benchmarks/results/search_vectors.json

The pool holds the documents of all questions and those of ``--more``: of its JSON lines, or of a corpus file that
``benchmarks/pool.py`` made, whose vectors are searched too. Preparing it and searching it are timed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from common import write
from numpy.typing import NDArray

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.find.looks import HYPOTHESES, WEIGHT, looked
from ctxpipe.compress.find.meaning import MEANING, looked_by_meaning
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.rank.cached import RememberingEmbedder
from ctxpipe.evals.runs.pool import Pool, pooled_documents
from ctxpipe.evals.statistics.bootstrap import bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design
from ctxpipe.evals.suites.suites import suite_samples
from ctxpipe.evals.types import Sample

SUITES = ("nq10", "hotpotqa", "musique")
TOKENS = (2_000, 8_000, 49_152)
CHARACTERS_PER_TOKEN = 4.3
"""Of English text by the embedded tokenizer, about; the same for both ways."""

Search = Callable[[Collection, str], FloatArray]

EMBEDDER = RememberingEmbedder.of("minilm-l6", None)
WAYS: dict[str, Search] = {
    "bm25": lambda pool, question: pool.words.scores(question),
    "looks": looked,
    "meaning": lambda pool, question: looked_by_meaning(pool, pool.vectors, question, EMBEDDER),
}


def main() -> None:
    """Print a line for each set and way, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--more", type=Path)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    samples = [s for name in SUITES for s in drawn(name, options.data, options.items)]
    started = time.perf_counter()
    pool = Pool(samples, pooled_documents(options.more) if options.more else None)
    pool.collection.prepare(lambda done, total: None)
    _ = pool.collection.words
    prepared = time.perf_counter() - started
    print(f"{len(pool.collection.prepared):,} documents, {pool.collection.characters:,} characters, {prepared:.0f} s")
    rows = [row for name in SUITES for row in measured(pool, name, [s for s in samples if s.stratum == name])]
    write(
        "search",
        {
            "documents": len(pool.collection.prepared),
            "characters": pool.collection.characters,
            "seconds_to_prepare": round(prepared, 1),
            "hypotheses": HYPOTHESES,
            "weight": WEIGHT,
            "meaning": MEANING,
            "rows": rows,
        },
        options.out,
    )


def drawn(name: str, data: Path, limit: int) -> Sequence[Sample]:
    """Questions of a set whose gold documents are marked."""
    found = suite_samples(name, data=data, limit=limit, seed=0, count_many=lambda texts: [len(t) for t in texts])
    return [sample for sample in found if any(document.gold for document in sample.documents)]


def measured(pool: Pool, name: str, samples: Sequence[Sample]) -> list[dict[str, object]]:
    """Shares of questions whose gold documents all stand within the best tokens, and the difference of the ways."""
    ways = {way: search for way, search in WAYS.items() if way != "meaning" or pool.collection.vectors is not None}
    hits = {way: np.zeros((len(samples), len(TOKENS))) for way in ways}
    seconds = dict.fromkeys(ways, 0.0)
    for place, sample in enumerate(samples):
        gold = pool.gold(sample)
        for way, search in ways.items():
            started = time.perf_counter()
            scores = search(pool.collection, sample.question)
            seconds[way] += time.perf_counter() - started
            hits[way][place] = [gold <= within(pool.collection, scores, tokens) for tokens in TOKENS]
    rows: list[dict[str, object]] = []
    for place, (way, found) in enumerate(hits.items()):
        row: dict[str, object] = {
            "set": name,
            "way": way,
            "questions": len(samples),
            "shares": dict(zip(map(str, TOKENS), np.round(found.mean(axis=0), 3).tolist(), strict=True)),
            "seconds": round(seconds[way] / max(1, len(samples)), 3),
        }
        for other in list(hits)[:place]:
            row[f"against_{other}"] = [paired(found[:, i] - hits[other][:, i], samples) for i in range(len(TOKENS))]
        rows.append(row)
        print(f"{name:10} {way:6} {row['shares']} {row['seconds']} s", flush=True)
    return rows


def paired(difference: NDArray[np.float64], samples: Sequence[Sample]) -> dict[str, object]:
    """A mean difference with its 95% interval, by source document."""
    design = Design.of([sample.cluster for sample in samples], [""] * len(samples))
    low, high = expanded_interval(bootstrap_means(difference, design), design)
    return {"difference": round(float(difference.mean()), 3), "interval": [round(low, 3), round(high, 3)]}


def within(collection: Collection, scores: FloatArray, tokens: int) -> set[int]:
    """Documents of the passages that come first, up to a number of tokens."""
    columns = collection.passages
    order = np.argsort(-scores, kind="stable")
    sizes = np.cumsum((columns.end - columns.start)[order])
    kept = order[: int(np.searchsorted(sizes, tokens * CHARACTERS_PER_TOKEN, side="right"))]
    found: set[int] = set(columns.document[kept].tolist())
    return found


if __name__ == "__main__":
    main()
