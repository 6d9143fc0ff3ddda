"""What the learned ranking is worth for its time: answers kept by the number of tokens that it reads of a shortlist.

    python benchmarks/effort.py ../shared/data ../shared/training --pool pool.ctx --items 20

Questions are asked of one pool, a corpus file of ``benchmarks/pool.py``; the best 49,152 tokens by words are ranked and
2,000 tokens are kept. The number is chosen on training questions and reported on others. Results are written after each
round, so the run can be stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import write

from ctxpipe import Corpus, Pipeline
from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.compress.learned import ranker
from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.rank.cached import RememberingEmbedder
from ctxpipe.compress.rank.resources import EFFORTS
from ctxpipe.evals.runs.pool import Pool
from ctxpipe.evals.scores.text import contains_text
from ctxpipe.evals.statistics.bootstrap import bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design
from ctxpipe.evals.suites.suites import suite_samples
from ctxpipe.evals.types import Passage, Sample

TRAINING = ("hotpot_samples", "2wiki_samples", "timeqa_human", "clapnq_dev")
HELD_OUT = ("hotpotqa", "musique", "nq10")
SIZES = (24_000, 12_000, 6_000, 3_000)
BUDGET = 2_000


class Asked(NamedTuple):
    """What one question gave with one size: whether all gold passages and an answer are kept, and seconds."""

    passages: float
    answer: float
    seconds: float


def main() -> None:
    """Print a line for each set, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("training", type=Path)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--timed", type=int, default=2, help="questions of each set that are timed without a cache")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    groups = [list(training(options.training, name, options.items)) for name in TRAINING]
    groups += [list(held_out(options.data, name, options.items)) for name in HELD_OUT]
    pool = Pool([sample for group in groups for sample in group], Corpus.open(options.pool))
    pool.collection.vectors = None  # the search is not what is measured
    rows: dict[str, list[tuple[Sample, list[Asked]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        cache = ScoreCache(Path(folder) / "scores.db", megabytes=2_000)
        embedder = RememberingEmbedder.of("minilm-l6", cache)
        reading = Pipeline(rank=LearnedRanker(embedder=embedder, cache=cache), score_cache=0)
        anew = Pipeline(rank=LearnedRanker(embedder=embedder), score_cache=0)
        for turn in range(options.items):
            for sample in (group[turn] for group in groups if turn < len(group)):
                asked = [kept(reading, pool, sample, size) for size in SIZES]
                if turn < options.timed:
                    again = [kept(anew, pool, sample, size).seconds for size in SIZES]
                    asked = [one._replace(seconds=seconds) for one, seconds in zip(asked, again, strict=True)]
                else:
                    asked = [one._replace(seconds=np.nan) for one in asked]
                rows.setdefault(sample.dataset, []).append((sample, asked))
            save(rows, pool, options.out)


def kept(pipeline: Pipeline, pool: Pool, sample: Sample, size: int) -> Asked:
    """Compress the pool for a question, reading so many tokens."""
    ranker.FIRST_TOKENS = dict.fromkeys(EFFORTS, size)
    context = pipeline.compress(pool.collection, question=sample.question, budget=BUDGET)
    return Asked(
        passages=float(pool.gold(sample) <= {span.document for span in context.spans}),
        answer=float(any(contains_text(context.text, answer) for answer in sample.answers)),
        seconds=context.timings["rank"],
    )


def training(folder: Path, name: str, items: int) -> Iterator[Sample]:
    """Questions of a training file that have evidence, with their passages."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if row.get("evidence") and row.get("answers")]
    random.Random(0).shuffle(rows)
    for row in rows[:items]:
        gold = {one["passage"] for one in row["evidence"]}
        yield Sample(
            id=row["id"],
            dataset=name,
            cluster=row["id"],
            documents=tuple(
                Passage(text=one["text"], title=one.get("title") or "", gold=number in gold)
                for number, one in enumerate(row["passages"])
            ),
            question=row["question"],
            answers=tuple(row["answers"]),
        )


def held_out(data: Path, name: str, items: int) -> Iterator[Sample]:
    """Questions of a public set."""
    for sample in suite_samples(name, data=data, limit=items, seed=0, count_many=lambda texts: [0 for _ in texts]):
        yield dataclasses.replace(sample, dataset=name)


def save(rows: dict[str, list[tuple[Sample, list[Asked]]]], pool: Pool, out: Path | None) -> None:
    """Write shares by set and size, and the differences to the largest size, of each set and of all in a group."""
    shown = []
    for group, names in (("training", TRAINING), ("held out", HELD_OUT)):
        held = {name: rows[name] for name in names if name in rows}
        every = [row for one in held.values() for row in one]
        for name, some in [*held.items(), ("all", every)]:
            shown.append({"group": group, "set": name, "questions": len(some), "sizes": sizes(some)})
            print(group, name, len(some), shown[-1]["sizes"], flush=True)
    tokens = round(pool.collection.characters / 4.3)
    write("effort", {"pool_tokens_about": tokens, "budget": BUDGET, "rows": shown}, out)


def sizes(rows: Sequence[tuple[Sample, list[Asked]]]) -> dict[str, Any]:
    """By size: shares, seconds of ranking, and paired differences to the largest size with 95% intervals."""
    asked = np.array([one for _, one in rows])
    design = Design.of([sample.cluster for sample, _ in rows], [""] * len(rows))
    made: dict[str, Any] = {}
    for place, size in enumerate(SIZES):
        means = asked[:, place, :2].mean(axis=0)
        made[str(size)] = {
            "passages": round(float(means[0]), 3),
            "answer": round(float(means[1]), 3),
        }
        timed = asked[:, place, 2][~np.isnan(asked[:, place, 2])]
        if len(timed):
            made[str(size)]["seconds"] = round(float(timed.mean()), 2)
        for column, what in enumerate(("passages", "answer") if place else ()):
            difference = asked[:, place, column] - asked[:, 0, column]
            low, high = expanded_interval(bootstrap_means(difference, design), design)
            made[str(size)][f"{what}_against_{SIZES[0]}"] = [round(float(x), 3) for x in (difference.mean(), low, high)]
    return made


if __name__ == "__main__":
    main()
