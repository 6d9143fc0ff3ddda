"""A method against baselines with as many tokens, and gains in length that may be claimed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctxpipe.cli import main
from ctxpipe.evals.report.equal_budget import equal_budget_lines
from ctxpipe.evals.report.lengths import claim_line
from ctxpipe.evals.report.report import html_report
from ctxpipe.evals.runs.folder import RunFolder, RunSettings
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.effective_length import length_gain
from ctxpipe.evals.summary.length_claims import claim_of
from ctxpipe.evals.summary.summary import Summary, summarise
from ctxpipe.evals.types import Passage, Record, Sample

LENGTHS = (1000, 2000, 4000)
SCORES = {
    "raw": (0.5, 0.45, 0.2),
    "closed": (0.05, 0.05, 0.05),
    "default@1000": (0.5, 0.49, 0.48),
    "head-tail@1000": (0.5, 0.3, 0.1),
    "bm25@1000": (0.5, 0.4, 0.3),
}
"""Probability of an answer token at each length."""


def made(path: Path, *, items: int = 30, reused: bool = False, **scores: tuple[float, float, float]) -> Path:
    folder = RunFolder(path)
    folder.path.mkdir()
    folder.start(RunSettings(seed=0, layers=(2,), tokenizer="t", target="model 1"))
    with RecordFile(folder.records) as file:
        for i in range(items):
            for place, size in enumerate(LENGTHS):
                sample = Sample(
                    id=f"needle/{i}@{size}",
                    dataset="needle",
                    cluster=f"c{i}",
                    documents=(Passage(text="x"),),
                    question="?",
                    answers=("a",),
                    stratum=f"needle@{size}",
                )
                folder.keep([sample])
                for arm, means in {**SCORES, **scores}.items():
                    method, at, _ = arm.partition("@")
                    p = means[place] * (1 + 0.01 * ((i + len(arm)) % 5 - 2))
                    one = Record(id=sample.id, cluster=sample.cluster, stratum=sample.stratum, arm=arm)
                    file.append(
                        replace(
                            one,
                            method=method if at else "",
                            scores={"nll": -math.log(p)},
                            source_tokens=size,
                            kept_tokens=min(size, 1000) if at else size,
                            prompt_tokens=min(size, 1000),
                            timings={"rank": 0.5, "target": 1.0},
                            reused_scores=reused and method == "default",
                        )
                    )
    return path


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return summarise(made(tmp_path_factory.mktemp("made") / "run"))


def test_floors_of_the_same_budget_are_compared_where_something_is_cut(summary: Summary) -> None:
    found = {one.suite: one for one in summary.equal_budget}
    assert set(found) == {"needle@2000", "needle@4000", "all"}  # at 1,000 tokens nothing is
    longest = found["needle@4000"]
    assert (longest.arm, longest.source_tokens, longest.kept_tokens) == ("default@1000", 4000, 1000)
    assert set(longest.against) == {"head-tail", "bm25"}
    assert longest.against["head-tail"].difference == pytest.approx(math.log(0.1 / 0.48), abs=0.01)
    assert longest.against["bm25"].difference == pytest.approx(math.log(0.3 / 0.48), abs=0.01)
    assert (longest.better("head-tail"), longest.better("bm25")) == (True, True)


def test_a_worse_arm_and_one_like_the_floor_are_said_to_be(tmp_path: Path) -> None:
    found = summarise(made(tmp_path / "run", **{"bm25@1000": (0.5, 0.55, 0.48)}))
    by_suite = {one.suite: one.better("bm25") for one in found.equal_budget}
    assert by_suite == {"needle@2000": False, "needle@4000": None, "all": False}
    line = equal_budget_lines(found)[-1]
    assert "better by 1.569" in line
    assert "BM25: 0.734, no significant difference" in line


def test_the_report_has_the_headline_and_the_claim(summary: Summary, tmp_path: Path) -> None:
    page = html_report(summary)
    assert "At the same budget" in page
    assert page.index("default@1000, needle@4000") < page.index("default@1000, all suites")
    (lengths,) = summary.lengths
    arm = next(one for one in lengths.arms if one.arm == "default@1000")
    assert arm.claim is not None
    assert (arm.claim.tokens, arm.claim.holds, arm.claim.why_not) == (4000, True, "")
    assert arm.claim.beats == {"head-tail": True, "bm25": True}
    assert arm.nominal == 4
    assert claim_line(arm).startswith("default@1000 works ≥ ")
    assert claim_line(arm) in page
    assert summary.to_json()["equal_budget"][0]["against"]["bm25"]["verdict"] == "safe"


def test_the_command_says_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "report", str(made(tmp_path / "run"))]) == 0
    said = capsys.readouterr().out
    assert "needle@4000, 4,000 source tokens, 1,000 kept: default@1000 has nll 0.734" in said
    assert "times as far as raw" in said


def curve(*kept: float, n: int = 40) -> Floats:
    draw = np.random.default_rng(len(kept) + int(1000 * kept[-1]))
    level = np.random.default_rng(0).uniform(0.3, 0.9, size=(n, 1))
    return np.asarray(level * np.asarray(kept) * draw.uniform(0.97, 1.03, size=(n, len(kept))))


@pytest.mark.parametrize(
    ("arm", "floors", "why"),
    [
        ((1, 0.98, 0.95), {"head-tail": (1, 0.5, 0.2), "bm25": (1, 0.7, 0.6)}, ""),
        ((1, 0.98, 0.95), {"head-tail": (1, 0.5, 0.2)}, "bm25 with the same budget was not run"),
        ((1, 0.98, 0.95), {"head-tail": (1, 0.5, 0.2), "bm25": (1, 0.98, 0.95)}, "not shown to be better than bm25"),
        ((1, 0.93, 0.49), {"head-tail": (1, 0.5, 0.2), "bm25": (1, 0.7, 0.6)}, "reaches down to 1"),
    ],
)
def test_a_gain_is_claimed_only_over_both_floors(
    arm: tuple[float, ...], floors: dict[str, tuple[float, ...]], why: str
) -> None:
    design = Design.of([str(i) for i in range(40)])
    raw, compressed = curve(1, 0.93, 0.5), curve(*arm)
    gain = length_gain(LENGTHS, raw, compressed, design, draws=500)
    claim = claim_of(LENGTHS, gain, compressed, raw, {name: curve(*one) for name, one in floors.items()}, design)
    assert claim is not None
    assert claim.holds is (not why)
    assert why in claim.why_not


def test_an_arm_that_raw_beats_where_it_works_claims_nothing() -> None:
    """It holds 85% of the shortest length for longer than raw does, and is far below raw at the length in question."""
    design = Design.of([str(i) for i in range(40)])
    raw, arm = curve(1, 1.2, 0.5), curve(1, 0.95, 0.5)
    gain = length_gain(LENGTHS, raw, arm, design, draws=500)
    shown = replace(gain, gain=1.5, interval=(1.2, 1.8))
    floors = {"head-tail": curve(1, 0.3, 0.2), "bm25": curve(1, 0.5, 0.2)}
    claim = claim_of(LENGTHS, shown, arm, raw, floors, design)
    assert claim is not None
    assert (claim.tokens, claim.as_good_as_raw, claim.holds) == (2000, False, False)
    assert claim.why_not == "it is not shown to be as good as raw there"


def test_what_works_at_no_length_has_no_claim() -> None:
    design = Design.of([str(i) for i in range(40)])
    raw, arm = curve(1, 0.9, 0.5), curve(0.4, 0.3, 0.2)
    assert claim_of(LENGTHS, length_gain(LENGTHS, raw, arm, design, draws=200), arm, raw, {}, design) is None


def test_reused_scores_are_no_time(tmp_path: Path) -> None:
    measured, reused = summarise(made(tmp_path / "a")), summarise(made(tmp_path / "b", reused=True))
    for found, seconds in ((measured, {"compress": 0.5, "target": 1.0}), (reused, {"target": 1.0})):
        row = found.row("all", "default@1000")
        assert row is not None
        assert row.seconds == seconds
    points = {point.arm: point.seconds for point in reused.points}
    assert points == {"default@1000": None, "head-tail@1000": 1.5, "bm25@1000": 1.5}
    assert "<td>reused</td>" not in html_report(measured)
    page = html_report(reused)
    assert page.count("<td>reused</td>") == 1
    assert "compression was not timed" in page


def test_answers_have_curves_too(tmp_path: Path) -> None:
    path = made(tmp_path / "run", items=40)
    found = RunFolder(path).read_records().records
    with RecordFile(RunFolder(path).records) as file:
        for i, one in enumerate(found):
            right = float((i * 7919) % 100 < 100 * min(1.0, 2 * math.exp(-one.scores["nll"])))
            file.append(replace(one, scores={"answer": right}))
    summary = summarise(path)
    assert summary.score == "answer"
    (lengths,) = summary.lengths
    assert lengths.score == "answer"
    raw = next(one for one in lengths.arms if one.arm == "raw")
    assert raw.scores[0] > raw.scores[2] + 0.3
    assert "right answers" in html_report(summary)
