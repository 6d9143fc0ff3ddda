"""How many answers whole sentences can keep at all: the ranking knows the answers and puts what holds them first.

    python benchmarks/ceiling.py ../shared/data --items 2000

What is missing to 1 is lost by no ranking: the answer's own sentences have more tokens than the budget.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path

import numpy as np
from common import SETS, normal, write
from survival import asked

from ctxpipe import Pipeline
from ctxpipe.arrays import FloatArray
from ctxpipe.compress.rankers import RANKERS
from ctxpipe.compress.types import OnProgress, RankingText

LONGEST = 12
"""Sentences that an answer may go over."""


class Knowing:
    """Puts the shortest run of sentences that holds an answer before everything else, the shorter ones first."""

    name = "knowing"
    answers: Sequence[str] = ()

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts by ``answers``."""
        scores = np.zeros(len(texts), dtype=np.float32)
        for answer in filter(str.strip, map(normal, self.answers)):
            size, run = min(runs(texts, answer), key=itemgetter(0), default=(0, slice(0)))
            scores[run] = np.maximum(scores[run], 1 + 1 / (1 + size))
        return scores


def runs(texts: Sequence[RankingText], answer: str) -> Iterator[tuple[int, slice]]:
    """The runs of the fewest sentences that hold an answer, with their characters."""
    for width in range(1, LONGEST + 1):
        found = False
        for start in range(len(texts) - width + 1):
            run = "\n".join(text.text for text in texts[start : start + width])
            if answer in normal(run):
                found = True
                yield len(run), slice(start, start + width)
        if found:
            return


def main() -> None:
    """Measure every set at every rate, print a line each, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--rates", default="0.25,0.125", help="shares of the tokens, with commas")
    parser.add_argument("--sets", default=",".join(SETS))
    options = parser.parse_args()
    knowing = Knowing()
    RANKERS.register("knowing", lambda **_: knowing)
    pipeline = Pipeline(rank="knowing", prune="none", score_cache=0)
    result = {}
    for name in options.sets.split(","):
        kept: dict[str, list[float]] = {rate: [] for rate in options.rates.split(",")}
        for item in asked(options.data, name, options.items):
            knowing.answers = item.answers
            for rate, values in kept.items():
                values.append(item.judge(pipeline.compress(item.documents, question=item.question, rate=float(rate))))
        result[name] = {rate: {"items": len(v), "survival": round(float(np.mean(v)), 4)} for rate, v in kept.items()}
        print(name, result[name], flush=True)
    write("survival-ceiling", {"items_drawn": options.items, "seed": 0, "sets": result})


if __name__ == "__main__":
    main()
