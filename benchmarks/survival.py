"""How often the answer's words survive compression to a share of the tokens, per set and method.

    python benchmarks/survival.py ../shared/data --items 100 --rates 0.25,0.125 --methods learned,fusion,bm25

Items whose answer is not in the raw text are left out. Every method has the same documents, titles and budget. Of
qmsum, whose answers are summaries, the share of the marked turns that is kept counts (evidence recall). The first
method is compared with each other one, or each with the one that --against names: paired, with 95% intervals.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from common import SETS, items, survives, write

from ctxpipe import Pipeline
from ctxpipe.arrays import FloatArray
from ctxpipe.compress.learned import ranker
from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.learned.scorer import LearnedScorer
from ctxpipe.compress.rankers import RANKERS
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.types import CompressedContext, Document, OnProgress, RankingText, ScoringText
from ctxpipe.evals.statistics.bootstrap import bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design
from ctxpipe.evals.statistics.tango import tango_interval
from ctxpipe.evals.suites.schema import load_suite

METHODS = {
    "default": {},
    "fusion": {"rank": "hybrid", "prune": "none"},
    "learned": {"rank": "learned", "prune": "none"},
    "twice": {"rank": "twice", "prune": "none"},
    "other": {"rank": "other", "prune": "none"},
    "learned-prune": {"rank": "learned", "prune": "learned"},
    "fusion-prune": {"rank": "hybrid", "prune": "learned"},
    "classifier": {"rank": "hybrid", "prune": "unasked"},
    "embedding": {"rank": "embedding", "prune": "none"},
    "bm25": {"rank": "bm25", "prune": "none"},
    "longllmlingua": {"rank": "hybrid", "prune": "longllmlingua"},
    "llmlingua": {"rank": "hybrid", "prune": "llmlingua"},
    "reference": {"rank": "hybrid", "prune": "reference"},
    "head-tail": {"rank": "none", "prune": "head-tail"},
    "random": {"rank": "none", "prune": "random"},
}
RECALL = "qmsum"


class Unasked(LearnedScorer):
    """The package's own pruner without the question: a token classifier in the manner of LLMLingua-2."""

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        return super().score(texts, None, on_progress)


SCORERS.register("unasked", Unasked)


class Twice(LearnedRanker):
    """The learned ranking with a second pass over short texts of one piece too."""

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        with patch.object(ranker, "ONCE_TOKENS", 0):
            return super().rank(texts, question, on_progress)


RANKERS.register("twice", Twice)


class Asked(NamedTuple):
    """One item: what is compressed, what is asked, how what was kept is judged (0 to 1), and what it came from.

    ``answers`` is empty where they are no words of the documents.
    """

    documents: list[Document]
    question: str
    judge: Callable[[CompressedContext], float]
    cluster: str
    answers: Sequence[str] = ()


def asked(data: Path, name: str, limit: int) -> Iterator[Asked]:
    """The items of a set that can be judged."""
    if name == RECALL:
        yield from recalled(data, limit)
        return
    every = name == "tatqa"
    for number, (documents, question, answers) in enumerate(items(data, name, limit)):
        if survives("\n".join(d.text for d in documents), answers, all_of_them=every):
            judge = lambda context, a=answers: float(survives(context.text, a, all_of_them=every))  # noqa: E731
            yield Asked(documents, question, judge, str(number), answers)


def recalled(data: Path, limit: int) -> Iterator[Asked]:
    """Meetings: a document a turn, and the share of the marked turns' characters that is kept."""
    for sample in load_suite(RECALL, data, limit=limit, seed=0):
        if not sample.evidence:
            continue
        documents = [Document(text=d.text, source=str(i), title=d.title) for i, d in enumerate(sample.documents)]
        wanted = {evidence.document for evidence in sample.evidence}
        size = sum(len(documents[index].text) for index in wanted)

        def judge(context: CompressedContext, wanted: set[int] = wanted, size: int = size) -> float:
            return sum(span.end - span.start for span in context.spans if span.document in wanted) / size

        yield Asked(documents, sample.question, judge, sample.cluster)


def lead(first: list[float], other: list[float], clusters: list[str]) -> dict[str, float]:
    """Difference of two methods on the same items: Tango's score interval for shares of items, else a bootstrap's."""
    if {*first, *other} <= {0.0, 1.0}:
        gains = sum(a > b for a, b in zip(first, other, strict=True))
        losses = sum(a < b for a, b in zip(first, other, strict=True))
        low, high = tango_interval(losses, gains, len(first))
    else:
        design = Design.of(clusters, [""] * len(clusters))
        low, high = expanded_interval(bootstrap_means(np.array(first) - np.array(other), design), design)
    difference = float(np.mean(first) - np.mean(other))
    return {"difference": round(difference, 4), "low": round(low, 4), "high": round(high, 4)}


def measured(data: Path, name: str, limit: int, rate: float, pipelines: dict[str, Pipeline], against: str) -> dict:
    """One set at one rate."""
    kept: dict[str, list[float]] = {method: [] for method in pipelines}
    seconds = dict.fromkeys(pipelines, 0.0)
    clusters: list[str] = []
    tokens = 0
    for documents, question, judge, cluster, _ in asked(data, name, limit):
        clusters.append(cluster)
        for method, pipeline in pipelines.items():
            started = time.perf_counter()
            context = pipeline.compress(documents, question=question, rate=rate)
            seconds[method] += time.perf_counter() - started
            kept[method].append(judge(context))
        tokens += context.source_tokens
    methods = list(pipelines)
    found = {
        "items": len(clusters),
        "source_tokens": tokens,
        "measure": "evidence recall" if name == RECALL else "answer survival",
        "survival": {method: round(float(np.mean(values)), 4) for method, values in kept.items()},
        "seconds": {method: round(value, 2) for method, value in seconds.items()},
    }
    if against:
        others = [method for method in methods if method != against]
        return found | {f"less_{against}": {m: lead(kept[m], kept[against], clusters) for m in others}}
    return found | {"first_less_others": {m: lead(kept[methods[0]], kept[m], clusters) for m in methods[1:]}}


def main() -> None:
    """Run all sets, rates and methods asked for, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--rates", "--rate", default="0.25", help="shares of the tokens, with commas")
    parser.add_argument("--methods", default="default,bm25,head-tail,random", help=", ".join(METHODS))
    parser.add_argument("--against", default="", metavar="METHOD", help="compare each method with this one")
    parser.add_argument("--sets", default=",".join(SETS), help=f"of {', '.join((*SETS, RECALL))}")
    parser.add_argument("--pruner", type=Path, help="folder of the pruner that the method other ranks with")
    parser.add_argument("--name", default="survival")
    options = parser.parse_args()
    methods = options.methods.split(",")
    if unknown := [m for m in (*methods, *filter(None, [options.against])) if m not in METHODS]:
        parser.error(f"unknown method {unknown[0]}; known: {', '.join(METHODS)}")
    if options.against and options.against not in methods:
        parser.error(f"--against {options.against} is not among --methods")
    if options.pruner:
        RANKERS.register("other", partial(LearnedRanker, model=options.pruner))
    elif "other" in methods:
        parser.error("the method other needs --pruner")
    pipelines = {method: Pipeline(**METHODS[method], score_cache=0) for method in methods}
    runs = []
    for rate in map(float, options.rates.split(",")):
        print(f"{rate:<10g}{'items':>6}" + "".join(f"{method:>14}" for method in methods), flush=True)
        table = {}
        for name in options.sets.split(","):
            found = table[name] = measured(options.data, name, options.items, rate, pipelines, options.against)
            row = "".join(f"{found['survival'][method]:14.3f}" for method in methods)
            print(f"{name:10}{found['items']:6}{row}", flush=True)
        runs.append({"rate": rate, "items_drawn": options.items, "seed": 0, "sets": table})
        write(options.name, runs[0] if len(runs) == 1 else {**runs[0], "more": runs[1:]})


if __name__ == "__main__":
    main()
