"""Whose is the value? Answers kept under the right name, in documents that differ in nothing but their names.

    python benchmarks/twins.py --items 200
    python benchmarks/twins.py --items 17 --arms default --rates 0.25 --read 17 --model smollm2-135m

The suite ``twins`` of the evaluation with its scores, by shape of document: ``survival`` (the value is there),
``attributed`` (and stands under its own names and no other's), ``whole`` and ``trail``. With ``--read`` a model answers
the first items from each arm's text and from everything: rightly, with the value of another name, or otherwise.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, write
from survival import lead

from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.runs.contexts import ContextMaker
from ctxpipe.evals.runs.recorder import Recorder
from ctxpipe.evals.scores.metrics import containment
from ctxpipe.evals.statistics.binomial import clopper_pearson
from ctxpipe.evals.suites.twins.twins import generate_twins, shape_of
from ctxpipe.evals.targets.generation import Generator
from ctxpipe.evals.targets.likelihood import ask_of
from ctxpipe.evals.types import Record, Sample
from ctxpipe.models.resolve import resolve
from ctxpipe.serving.engines import connect

SCORES = ("attributed", "survival", "whole", "trail")
ARMS = {"hybrid": "hybrid+none"}
"""Arms that the evaluation calls otherwise."""


def records_of(samples: Sequence[Sample], arms: Sequence[str], rates: Sequence[float]) -> dict[str, list[Record]]:
    """The records of every arm and rate, in the order of the items.

    Raises:
        RuntimeError: if an item ends in an error; a benchmark that leaves out items measures nothing.
    """
    recorder = Recorder(layers=(1,), seed=0, maker=ContextMaker(reuse_scores=True))
    asked = parse_arms([ARMS.get(arm, arm) for arm in arms], rates)
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for sample in samples:
        for record in recorder.records(sample, asked):
            if record.status != "ok":
                raise RuntimeError(f"{record.id}, {record.arm}: {record.error}")
            found[record.arm].append(record)
    return found


def mean(records: Sequence[Record], score: str) -> float | None:
    """The mean of a score over the items that have it."""
    values = [record.scores[score] for record in records if score in record.scores]
    return round(float(np.mean(values)), 4) if values else None


def table(arms: Mapping[str, Sequence[Record]], chosen: Sequence[int]) -> dict[str, dict[str, float | None]]:
    """Every arm's mean scores over the items chosen."""
    return {
        arm: {score: mean([records[i] for i in chosen], score) for score in SCORES} for arm, records in arms.items()
    }


def measured(samples: Sequence[Sample], arms: Mapping[str, Sequence[Record]]) -> dict[str, Any]:
    """All items together with intervals, each arm less the last at its rate, and every shape by itself."""
    found: dict[str, Any] = {}
    for arm, records in arms.items():
        right = [record.scores["attributed"] for record in records]
        interval = clopper_pearson(round(sum(right)), len(right))
        kept = float(np.mean([record.kept_tokens / record.source_tokens for record in records]))
        last = [other for other in arms if other.partition("@")[2] == arm.partition("@")[2]][-1]
        less = lead(right, [r.scores["attributed"] for r in arms[last]], [s.cluster for s in samples])
        found[arm] = {
            **{score: mean(records, score) for score in SCORES},
            "attributed_interval": [round(end, 4) for end in interval],
            "kept": round(kept, 4),
            **({f"attributed_less_{last}": less} if last != arm else {}),
        }
    of_shape: defaultdict[str, list[int]] = defaultdict(list)
    for i, sample in enumerate(samples):
        of_shape[shape_of(sample)].append(i)
    shapes = {shape: {"items": len(chosen), **table(arms, chosen)} for shape, chosen in of_shape.items()}
    return {"arms": found, "shapes": shapes}


def read(samples: Sequence[Sample], arms: Mapping[str, Sequence[Record]], model: str) -> dict[str, Any]:
    """How often a model answers rightly, with another's value, or neither: from everything and from each arm's text."""
    generator = Generator(connect("local", model=model, resolve=resolve), max_tokens=32)
    maker = ContextMaker(reuse_scores=True)
    verdicts: dict[str, Counter[str]] = {}
    for arm in parse_arms(["raw", *arms]):
        contexts = [maker.make(arm, sample) for sample in samples]
        asks = [ask_of(sample, context.text) for sample, context in zip(samples, contexts, strict=True) if context]
        answers = [generated.text or "" for generated in generator.answer(asks)]
        verdicts[arm.name] = Counter(map(verdict, samples, answers))
        print(f"read {arm.name}: {dict(verdicts[arm.name])}", flush=True)
    return {"model": model, "items": len(samples), "answers": {arm: dict(found) for arm, found in verdicts.items()}}


def verdict(sample: Sample, answer: str) -> str:
    """``right``, ``another's`` or ``neither``; an answer with both values is another's."""
    if any(containment(answer, [twin.value]) for twin in sample.twins[1:]):
        return "another's"
    return "right" if containment(answer, sample.answers) else "neither"


def main() -> None:
    """Measure all arms, print a table for each rate and one of the shapes, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=1000, help="source tokens of an item")
    parser.add_argument("--rates", default="0.25,0.125", help="shares of the tokens, with commas")
    parser.add_argument("--arms", default="default,hybrid,bm25", help="the last is what the others are compared with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--read", type=int, default=0, metavar="ITEMS", help="items that a model answers")
    parser.add_argument("--model", default="smollm2-135m", help="the model that answers")
    parser.add_argument("--out", type=Path, default=RESULTS / "twins.json")
    options = parser.parse_args()
    tokenizer = ContextMaker().tokenizer
    samples = list(
        generate_twins(
            tokens=options.tokens,
            limit=options.items,
            seed=options.seed,
            count_many=lambda texts: tokenizer.count_many(texts).tolist(),
        )
    )
    arms = records_of(samples, options.arms.split(","), [float(rate) for rate in options.rates.split(",")])
    found = measured(samples, arms)
    show(found)
    result = {"items": len(samples), "tokens": options.tokens, "seed": options.seed, **found}
    if options.read:
        few = samples[: options.read]
        result["read"] = read(few, arms, options.model)
    write("twins", result, options.out)


def show(found: Mapping[str, Any]) -> None:
    """Print the arms, and how much of each shape every arm attributes."""
    print(f"{'':20}" + "".join(f"{score:>12}" for score in (*SCORES, "kept")))
    for arm, scores in found["arms"].items():
        print(f"{arm:20}" + "".join(f"{shown(scores[score]):>12}" for score in (*SCORES, "kept")))
    print("\nattributed" + " " * 10 + "".join(f"{arm:>20}" for arm in found["arms"]))
    for shape, scores in found["shapes"].items():
        print(f"{shape:20}" + "".join(f"{shown(scores[arm]['attributed']):>20}" for arm in found["arms"]))


def shown(value: float | None) -> str:
    """A share with three decimals, or a dash."""
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
