from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from ctxpipe.errors import UsageError
from ctxpipe.evals.report.report import html_report
from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.runs.runner import RunPlan, run
from ctxpipe.evals.scores.metrics import context_scores
from ctxpipe.evals.suites.lengths import grow
from ctxpipe.evals.summary.summary import summarise
from ctxpipe.evals.targets.likelihood import Ask, Likelihood
from ctxpipe.evals.types import Evidence, Passage, Sample


def count(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def item(i: int) -> Sample:
    passages = [Passage(text=f"The answer of item {i} is code{i:02}.", title="own", gold=True)]
    passages += [Passage(text=f"Passage {j} of item {i} " + "word " * 35, gold=False) for j in range(4)]
    return Sample(
        id=f"q{i}",
        dataset="d",
        cluster=f"c{i}",
        documents=tuple(passages),
        question="What is it?",
        answers=(f"code{i:02}",),
        stratum="d",
        evidence=(Evidence(document=0, start=0, end=10),),
    )


POOL = [item(i) for i in range(30)]


def grown(*lengths: int, seed: int = 0) -> list[Sample]:
    return list(grow(POOL[:6], POOL, lengths, seed=seed, count_many=count))


def test_the_same_questions_stand_at_every_length() -> None:
    found = grown(100, 400, 2000)
    assert [one.id for one in found] == [f"q{i}@{size}" for size in (100, 400, 2000) for i in range(6)]
    assert {one.stratum for one in found} == {"d@100", "d@400", "d@2000"}
    for one in found:
        size = int(one.stratum.partition("@")[2])
        assert size - 60 <= sum(count([d.text for d in one.documents])) <= size
        assert one.cluster == f"c{one.id[1]}"


def test_the_evidence_stays_and_no_distractor_holds_the_answer() -> None:
    for one in grown(100, 400, 2000):
        assert [d.text for d in one.documents if one.answers[0] in d.text] == [
            one.documents[one.evidence[0].document].text
        ]
        assert one.documents[one.evidence[0].document].gold
        whole = [(i, 0, len(d.text)) for i, d in enumerate(one.documents)]
        raw = "\n".join(d.text for d in one.documents)
        scores = context_scores(one, raw, raw, whole)
        assert (scores["survival"], scores["evidence"], scores["gold"]) == (1, 1, 1)
        assert sum(d.gold is True for d in one.documents) == 1


def test_longer_sources_go_on_where_shorter_ones_ended() -> None:
    short, long = grown(400, 2000)[:6], grown(400, 2000)[6:]
    for one, other in zip(short, long, strict=True):
        inside = [d.text for d in other.documents]
        assert sum(d.text in inside for d in one.documents) >= len(one.documents) - 1


def test_depths_differ_and_the_seed_decides() -> None:
    depths = {one.evidence[0].document for one in grown(2000)}
    assert len(depths) > 3
    assert grown(400) == grown(400)
    assert grown(400) != grown(400, seed=1)


def test_what_cannot_be_grown_is_refused() -> None:
    with pytest.raises(UsageError, match="no item's evidence fits"):
        grown(3)
    with pytest.raises(UsageError, match="too few passages"):
        grown(100_000)


class Fading:
    """A target whose answers get less likely with the length of the context, and which has a window."""

    model = "fading"
    revision = "1"

    def score(self, asks: Sequence[Ask]) -> list[Likelihood]:
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Likelihood:
        size = len(ask.context)
        right = any(answer in ask.context for answer in ask.answers)
        p = 0.9 - 0.0001 * size if right else 0.05
        return Likelihood(nll=None if size > 6000 else -math.log(max(p, 0.01)), prompt_tokens=size, seconds=0.0)


def test_effective_lengths_and_their_ratio(tmp_path: Path) -> None:
    arms = tuple(parse_arms(["raw", "closed", "bm25@0.25", "random@0.25"]))
    plan = RunPlan(
        suites=("needle",), arms=arms, out=tmp_path, limit=30, lengths=(250, 500, 1000, 2000, 4000), layers=(1, 2)
    )
    run(plan, Fading())
    summary = summarise(tmp_path)
    (found,) = summary.lengths
    assert found.suite == "needle"
    assert found.items == 30
    assert found.closed == pytest.approx(0.05)
    assert len(found.tokens) == 5
    by_name = {arm.arm: arm for arm in found.arms}
    raw, bm25, random = by_name["raw"], by_name["bm25@0.25"], by_name["random@0.25"]
    assert raw.scores[-1] == 0  # it does not fit the window
    assert raw.scores[0] > raw.scores[1] > raw.scores[2]
    assert bm25.gain is not None
    assert bm25.gain.gain is not None
    assert 2 < bm25.gain.gain < 6
    assert bm25.nominal == 4
    assert bm25.realised == pytest.approx(bm25.gain.gain / 4)
    assert random.gain is not None
    assert random.gain.compressed.censored == "below"
    page = html_report(summary)
    assert "Effective context: needle" in page
    assert "polyline" in page


def test_one_length_gives_no_curve(tmp_path: Path) -> None:
    plan = RunPlan(suites=("needle",), arms=tuple(parse_arms(["raw"])), out=tmp_path, limit=3, layers=(2,))
    run(plan, Fading())
    assert summarise(tmp_path).lengths == ()
