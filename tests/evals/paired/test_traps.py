"""What an evaluator must not fall for, on public sets: losses that are there, and ones that are not."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import bm25s
import pytest

from ctxpipe.evals import compare
from ctxpipe.evals.scores.metrics import context_scores
from ctxpipe.evals.suites.schema import load_suite
from ctxpipe.evals.types import Record, Sample

Method = Callable[[Sample], str]


def whole(sample: Sample) -> str:
    return "\n\n".join(f"{passage.title}\n{passage.text}".strip() for passage in sample.documents)


def run(samples: list[Sample], arm: str, method: Method) -> list[Record]:
    return [
        Record(
            id=sample.id,
            cluster=sample.cluster,
            stratum=sample.stratum,
            arm=arm,
            scores=context_scores(sample, method(sample), whole(sample)),
        )
        for sample in samples
    ]


def without_numbers(sample: Sample) -> str:
    return re.sub(r"\d[\d.,]*", "", whole(sample))


def random_words(rate: float) -> Method:
    def prune(sample: Sample) -> str:
        draw = random.Random(sample.id)
        return " ".join(word for word in whole(sample).split() if draw.random() < rate)

    return prune


def ranked(rate: float, rank: Callable[[Sample], list[int]]) -> Method:
    """The best documents up to a share of the words, in their order."""

    def choose(sample: Sample) -> str:
        room = rate * len(whole(sample).split())
        kept = []
        for index in rank(sample):
            size = len(sample.documents[index].text.split())
            if size <= room:
                kept.append(index)
                room -= size
        return "\n\n".join(sample.documents[index].text for index in sorted(kept))

    return choose


def by_bm25(sample: Sample) -> list[int]:
    texts = [f"{passage.title} {passage.text}" for passage in sample.documents]
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
    question = bm25s.tokenize([sample.question], show_progress=False)
    found, _ = retriever.retrieve(question, k=len(texts), show_progress=False)
    return [int(index) for index in found[0]]


def by_chance(sample: Sample) -> list[int]:
    return random.Random(sample.id).sample(range(len(sample.documents)), len(sample.documents))


@pytest.mark.parametrize("suite", ["nq10", "tatqa", "xquad_en"])
def test_keeping_everything_loses_nothing_and_has_a_bound(shared_data: Path, suite: str) -> None:
    samples = list(load_suite(suite, shared_data, limit=120, seed=0))
    found = compare(run(samples, "raw", whole), run(samples, "identity", whole), score="survival")
    assert (found.difference, found.a_better, found.b_better) == (0, 0, 0)
    assert found.ci95[0] < 0 < found.ci95[1]
    assert found.loss_bound >= 3 / found.clusters > 0
    assert found.verdict != "harmful"


def test_deleting_every_number_is_harmful_on_tatqa(shared_data: Path) -> None:
    samples = list(load_suite("tatqa", shared_data, limit=120, seed=0))
    found = compare(run(samples, "raw", whole), run(samples, "numberless", without_numbers), score="survival")
    assert found.verdict == "harmful"
    assert found.ci95[1] < -0.3
    numbers = compare(run(samples, "raw", whole), run(samples, "numberless", without_numbers), score="numbers")
    assert (numbers.mean_b, numbers.verdict) == (0, "harmful")


def test_deleting_every_number_is_not_harmful_where_no_answer_has_one(shared_data: Path) -> None:
    samples = [s for s in load_suite("nq10", shared_data) if not any(re.search(r"\d", a) for a in s.answers)][:120]
    found = compare(run(samples, "raw", whole), run(samples, "numberless", without_numbers), score="survival")
    assert found.verdict == "safe"


def test_random_words_and_random_documents_are_worse_than_bm25(shared_data: Path) -> None:
    samples = list(load_suite("nq10", shared_data, limit=100, seed=0))
    bm25 = run(samples, "bm25", ranked(0.5, by_bm25))
    for name, method in (("words", random_words(0.5)), ("documents", ranked(0.5, by_chance))):
        found = compare(bm25, run(samples, name, method), score="survival")
        assert found.verdict == "harmful", name
        assert found.ci95[1] < 0


def test_random_words_are_harmful_on_random_keys(shared_data: Path) -> None:
    samples = list(load_suite("kv75", shared_data, limit=100, seed=0))
    found = compare(run(samples, "raw", whole), run(samples, "random", random_words(0.5)), score="survival")
    assert found.verdict == "harmful"


def test_every_item_twice_does_not_shrink_the_interval(shared_data: Path) -> None:
    samples = list(load_suite("nq10", shared_data, limit=100, seed=0))
    a, b = run(samples, "raw", whole), run(samples, "bm25", ranked(0.5, by_bm25))
    once = compare(a, b, score="survival")

    def twice(records: list[Record]) -> list[Record]:
        copies = [
            Record(id=f"{r.id}+", cluster=r.cluster, stratum=r.stratum, arm=r.arm, scores=r.scores) for r in records
        ]
        return records + copies

    found = compare(twice(a), twice(b), score="survival")
    assert found.n == 2 * once.n
    assert found.clusters == once.clusters
    assert found.ci95[1] - found.ci95[0] >= 0.99 * (once.ci95[1] - once.ci95[0])
