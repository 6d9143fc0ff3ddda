"""Reports of runs that lack something: errors, raw, items, a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from report_support import ARMS, Parsed, made, record, sample

from ctxpipe.evals.report.report import html_report, verdict_line
from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.runs.folder import RunFolder, RunSettings
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.runs.runner import RunPlan, run
from ctxpipe.evals.summary.summary import summarise
from ctxpipe.evals.targets.likelihood import Ask, Likelihood
from ctxpipe.evals.types import Record


def test_errors_and_truncations_are_counted_and_told(tmp_path: Path) -> None:
    made(tmp_path, items=40)
    one = sample(0)
    broken = Record(id=one.id, cluster=one.cluster, stratum=one.stratum, arm="default@0.5", method="default")
    with RecordFile(tmp_path / "records.jsonl") as file:
        file.append(replace(broken, status="error", error="it broke <b>"))
        file.append(replace(broken, arm="default@0.25", status="truncated", scores={"survival": 1.0}))
    summary = summarise(tmp_path)
    assert [(row.errors, row.truncated) for row in summary.rows if row.suite == "all"][3:5] == [(1, 0), (0, 1)]
    page = Parsed(html_report(summary)).text
    assert "Errors, truncated1, 1" in page
    assert "default@0.5: it broke <b>" in page
    assert "each counts as" in page


def test_a_run_without_raw_has_no_verdict(tmp_path: Path) -> None:
    arms = tuple(parse_arms(["bm25@0.5"]))
    run(RunPlan(suites=("needle",), arms=arms, out=tmp_path, limit=3, lengths=(300,)))
    summary = summarise(tmp_path)
    assert verdict_line(summary).startswith("no verdict")
    page = Parsed(html_report(summary)).text
    assert "No verdict" in page
    assert "raw was not run" in page


def test_a_run_of_layer_one_speaks_of_survival(tmp_path: Path) -> None:
    arms = tuple(parse_arms(["raw", "bm25@0.3", "random@0.3"]))
    run(RunPlan(suites=("facts",), arms=arms, out=tmp_path, limit=12, lengths=(600,)))
    summary = summarise(tmp_path)
    assert summary.score == "survival"
    assert summary.headline is not None
    assert (summary.headline.method, summary.headline.beats) == ("bm25", {"random": True})
    page = Parsed(html_report(summary)).text
    assert "gain retained" not in page.split("Notes")[0]
    assert "share of answers" in page


def test_no_more_than_everything_is_kept(tmp_path: Path) -> None:
    """A whole document with its label has more tokens than the document."""
    made(tmp_path, items=40)
    with RecordFile(tmp_path / "records.jsonl") as file:
        for one in [one for one in file.records if one.arm == "raw"]:
            file.append(replace(one, source_tokens=100, kept_tokens=104))
    row = summarise(tmp_path).row("all", "raw")
    assert row is not None
    assert row.achieved == 1.0


def test_an_incomplete_run_compares_what_both_arms_hold(tmp_path: Path) -> None:
    made(tmp_path, items=40)
    lines = (tmp_path / "records.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "records.jsonl").write_bytes(b"".join(lines[:-2]))
    summary = summarise(tmp_path)
    row = summary.row("all", "random@0.5")
    assert row is not None
    assert row.nll_vs_raw is not None
    assert (row.n, row.nll_vs_raw.n) == (39, 39)
    assert any("random@0.5 has 39 of 40 items; the run is not complete" in note for note in summary.notes)


class Flat:
    """A target that finds every answer equally likely, whatever the context."""

    model = "flat"
    revision = "1"

    def score(self, asks: Sequence[Ask]) -> list[Likelihood]:
        return [Likelihood(nll=1.0, prompt_tokens=1, seconds=0.0) for _ in asks]


def test_where_the_context_does_not_help_nothing_is_retained(tmp_path: Path) -> None:
    arms = tuple(parse_arms(["raw", "closed", "bm25@0.5"]))
    run(RunPlan(suites=("needle",), arms=arms, out=tmp_path, limit=4, lengths=(300,), layers=(1, 2)), Flat())
    row = summarise(tmp_path).row("needle@300", "bm25@0.5")
    assert row is not None
    assert row.retained is None
    assert row.retained_n == 4


def test_items_for_which_raw_does_not_fit_are_no_gain_of_the_arm(tmp_path: Path) -> None:
    with RecordFile(tmp_path / "more" / "records.jsonl") as file:
        RunFolder(tmp_path / "more").start(RunSettings(seed=0, layers=(1, 2), tokenizer="t", target="m r"))
        RunFolder(tmp_path / "more").keep([sample(i) for i in range(40)])
        for i in range(40):
            for arm, nll in ARMS.items():
                one = record(sample(i), i, arm, nll if arm != "default@0.25" or i % 8 else 9.0)
                cut = arm == "raw" and i % 2
                file.append(replace(one, status="truncated", scores={"survival": 1.0}) if cut else one)
    row = summarise(tmp_path / "more").row("all", "default@0.25")
    assert row is not None
    assert row.nll_vs_raw is not None
    assert row.nll_vs_raw.n == 20
    assert row.nll_vs_raw.difference > 0
    assert row.survival_vs_raw is not None
    assert row.survival_vs_raw.n == 40
