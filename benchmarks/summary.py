"""How much of what people summarise is kept without a question, per method and share of the tokens.

    python benchmarks/summary.py ../shared/data --half reported
    python benchmarks/summary.py ../shared/data --half chosen --set LENGTH=0.3 --methods spread

Stories of squality (the development set; reference summaries: the answers to "What is the plot of the story?") and
meetings of qmsum (the answers to all questions about one). Content words are stems without stop words; the score is the
share of a reference's that the kept text holds, averaged over the references of a document, the documents of a set, and
both sets. Settings were chosen on every other document, the chosen half, and are reported on the rest. All methods rank
units, and the same selector writes what fits: labels, marks and chains count.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import write

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.rank import spread
from ctxpipe.compress.rank.bm25 import Vocabulary, function_words
from ctxpipe.compress.rank.embedder import OnnxEmbedder
from ctxpipe.compress.rank.spread import SpreadRanker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.types import Document, OnProgress, Ranker, RankingText
from ctxpipe.evals.statistics.bootstrap import bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design
from ctxpipe.models.tokenizer import TargetTokenizer

RATES = (0.05, 0.1, 0.25)
PLOT = "What is the plot of the story?"
DAMPING, ROUNDS, LEAST = 0.85, 50, 0.1
"""Of LexRank (Erkan and Radev, 2004), and the least cosine that is an edge."""


class Kept:
    """An embedder that remembers what it embedded, for all methods."""

    def __init__(self) -> None:
        self._inner = OnnxEmbedder.load()
        self._known: dict[str, FloatArray] = {}

    def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._inner.encode(new), strict=True) if new else ())
        return np.stack([self._known[text] for text in texts])


class Other:
    """A method to compare with: an order of texts."""

    def __init__(self, name: str, embedder: Kept) -> None:
        self.name = name
        self._embedder = embedder

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        order = getattr(self, f"_{self.name}")([text.text for text in texts])
        scores = np.zeros(len(texts), dtype=np.float32)
        scores[np.asarray(order)] = 1 - np.arange(len(texts), dtype=np.float32) / len(texts)
        return scores

    def _head(self, texts: list[str]) -> Sequence[int]:
        return range(len(texts))

    def _random(self, texts: list[str]) -> Sequence[int]:
        return np.random.default_rng(0).permutation(len(texts)).tolist()

    def _nth(self, texts: list[str]) -> Sequence[int]:
        """Van der Corput's sequence: every prefix of it is spread evenly."""
        bits = max(1, (len(texts) - 1).bit_length())
        places = [int(f"{i:0{bits}b}"[::-1], 2) for i in range(1 << bits)]
        return [place for place in places if place < len(texts)]

    def _centroid(self, texts: list[str]) -> Sequence[int]:
        rows = self._embedder.encode(texts)
        return np.argsort(-(rows @ rows.mean(axis=0)), kind="stable").tolist()

    def _lexrank(self, texts: list[str]) -> Sequence[int]:
        rows = self._embedder.encode(texts)
        near = rows @ rows.T
        near[near < LEAST] = 0
        steps = near / near.sum(axis=1, keepdims=True)
        rank = np.full(len(texts), 1 / len(texts))
        for _ in range(ROUNDS):
            rank = (1 - DAMPING) / len(texts) + DAMPING * rank @ steps
        return np.argsort(-rank, kind="stable").tolist()

    def _facility(self, texts: list[str]) -> Sequence[int]:
        rows = self._embedder.encode(texts)
        near = np.maximum(rows @ rows.T, 0)
        best, order = np.zeros(len(texts), dtype=np.float32), []
        waiting = np.ones(len(texts), dtype=bool)
        for _ in range(len(texts) * 2 // 3):
            gains = np.where(waiting, np.maximum(near - best, 0).sum(axis=1), -1)
            order.append(int(gains.argmax()))
            waiting[order[-1]] = False
            best = np.maximum(best, near[order[-1]])
        return [*order, *np.flatnonzero(waiting).tolist()]


OTHERS = ("head", "random", "nth", "lexrank", "centroid", "facility")


def documents(data: Path) -> list[tuple[str, Document, list[str]]]:
    """Set, document and references of each story and meeting, in the order of the files."""
    found = []
    for name, file in (("squality", "dev"), ("qmsum", "val")):
        with gzip.open(data / name / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        by_cluster: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            by_cluster.setdefault(row["cluster"], []).append(row)
        for cluster, mine in by_cluster.items():
            asked = [row for row in mine if row["question"] == PLOT] if name == "squality" else mine
            parts = asked[0]["documents"]
            turns = [f"{d['title']}: {d['text']}" if name == "qmsum" else d["text"] for d in parts]
            references = [answer for row in asked for answer in row["answers"]]
            found.append((name, Document(text="\n".join(turns), source=cluster), references))
    return found


def recall(text: str, references: Sequence[str], vocabulary: Vocabulary) -> tuple[float, float]:
    """Mean share of the references' content words, and of their pairs of neighbouring words, that a text holds."""
    held, pairs = set(vocabulary.ids(text)), _pairs(text)
    words, neighbours = [], []
    for reference in references:
        wanted, wanted_pairs = set(vocabulary.ids(reference)), _pairs(reference)
        if wanted and wanted_pairs:
            words.append(len(wanted & held) / len(wanted))
            neighbours.append(len(wanted_pairs & pairs) / len(wanted_pairs))
    return float(np.mean(words)), float(np.mean(neighbours))


def _pairs(text: str) -> set[tuple[str, str]]:
    return set(itertools.pairwise(text.lower().split()))


def measured(items: list[tuple[str, Document, list[str]]], methods: Sequence[str]) -> dict[str, FloatArray]:
    """For each method float64 of shape (documents, rates, 2): recall of words and of pairs."""
    tokenizer, embedder, vocabulary = TargetTokenizer.load("smollm2-135m"), Kept(), Vocabulary(function_words())
    found = {}
    for method in methods:
        ranker: Ranker = SpreadRanker(embedder=embedder) if method == "spread" else Other(method, embedder)
        compressor = Compressor(
            tokenizer=tokenizer,
            ranker=None,
            unasked=ranker,
            scorer=SCORERS.create("none"),
            rank="none",
            unasked_rank=method,
            prune="none",
        )
        rows = []
        for _, document, references in items:
            kept = [compressor.compress([document], rate=rate) for rate in RATES]
            rows.append([recall(context.text, references, vocabulary) for context in kept])
        found[method] = np.array(rows)
        print(method, found[method].mean(axis=0).round(3).tolist(), flush=True)
    return found


def compared(found: dict[str, FloatArray], sets: Sequence[str]) -> dict[str, Any]:
    """Means by set, and at each rate spread against the best other one, paired over documents."""
    design = Design.of([f"{i}" for i in range(len(sets))], list(sets))
    names = [name for name in found if name != "spread"]
    result: dict[str, Any] = {"means": {}, "against_best": {}}
    for name, values in found.items():
        result["means"][name] = {
            which: {
                f"{rate:g}": values[[s == which for s in sets], i].mean(axis=0).round(4).tolist()
                for i, rate in enumerate(RATES)
            }
            for which in dict.fromkeys(sets)
        }
    for measure, column in (("words", 0), ("pairs", 1)):
        for i, rate in enumerate(RATES if names and "spread" in found else ()):
            best = max(names, key=lambda name: _macro(found[name][:, i, column], sets))
            difference = found["spread"][:, i, column] - found[best][:, i, column]
            interval = expanded_interval(bootstrap_means(difference, design), design)
            result["against_best"].setdefault(measure, {})[f"{rate:g}"] = {
                "best": best,
                "difference": round(_macro(difference, sets), 4),
                "interval": [round(edge, 4) for edge in interval],
            }
    return result


def _macro(values: FloatArray, sets: Sequence[str]) -> float:
    return float(np.mean([values[[s == which for s in sets]].mean() for which in dict.fromkeys(sets)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=["chosen", "reported"], default="reported")
    parser.add_argument("--methods", default=",".join([*OTHERS, "spread"]))
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of spread")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    for setting in given.set:
        name, _, value = setting.partition("=")
        setattr(spread, name, float(value))
    items = documents(given.data)[0 if given.half == "chosen" else 1 :: 2]
    found = measured(items, given.methods.split(","))
    result = compared(found, [name for name, _, _ in items])
    print(json.dumps(result["against_best"], indent=1))
    if not given.set and given.half == "reported":
        write("summary", {"documents": len(items), "rates": RATES, **result}, given.out)


if __name__ == "__main__":
    main()
