from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ctxpipe.cli import main
from ctxpipe.errors import UnknownNameError
from ctxpipe.evals.arms import parse_arms
from ctxpipe.evals.folder import RunFolder, Settings
from ctxpipe.evals.likelihood import Ask, Likelihood
from ctxpipe.evals.records import RecordFile
from ctxpipe.evals.report import html_report, verdict_line
from ctxpipe.evals.runner import Plan, run
from ctxpipe.evals.summary import summarise
from ctxpipe.evals.types import Passage, Record, Sample

HOSTILE = "<script>alert('x')</script><img src=http://evil.example/x onerror=a>\"'&\x07\x1b[31m"
ARMS = {"raw": 0.2, "raw2": 0.2, "closed": 4.2, "default@0.5": 0.2, "default@0.25": 0.25, "random@0.5": 2.2}
VOID = {"meta", "path", "line", "br"}


class Parsed(HTMLParser):
    """Checks that tags nest, and collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def sample(i: int, text: str = "") -> Sample:
    passages = (
        Passage(text=f"Kept words {i}. Dropped words.", title=text or "Title", gold=True),
        Passage(text="More."),
    )
    return Sample(
        id=f"s{i}{text}",
        dataset="d",
        cluster=f"c{i // 2}",
        documents=passages,
        question=f"Question {i}? {text}",
        answers=(f"answer {text}",),
        stratum="one" if i % 2 else "two",
    )


def record(one: Sample, i: int, arm: str, nll: float) -> Record:
    method, _, rate = arm.partition("@")
    share = 1.0 if arm.startswith("raw") else float(rate or 0)
    spread = 0.01 * (i % 7) * (arm != "raw" and arm != "raw2")
    return Record(
        id=one.id,
        cluster=one.cluster,
        stratum=one.stratum,
        arm=arm,
        scores={"nll": nll + spread, "survival": float(nll + spread < 2), "evidence": share},
        source_tokens=100,
        kept_tokens=round(100 * share),
        rate=float(rate) if rate else None,
        method=method if rate else "",
        timings={"rank": 0.25, "target": 0.5},
        spans=((0, 0, 14),),
    )


def made(path: Path, *, items: int = 80, text: str = "", **changes: float) -> Path:
    folder = RunFolder(path)
    with RecordFile(folder.records) as file:
        folder.start(Settings(seed=0, layers=(1, 2), tokenizer="t", target="m r"))
        samples = folder.keep([sample(i, text) for i in range(items)])
        for i, one in enumerate(samples):
            for arm, nll in {**ARMS, **changes}.items():
                file.append(record(one, i, arm, nll))
    return path


def test_the_numbers_of_a_made_run(tmp_path: Path) -> None:
    found = summarise(made(tmp_path))
    assert (found.score, found.suites, found.whole) == ("nll", ("two", "one"), "all")
    row = found.row("all", "default@0.25")
    assert row is not None
    assert (row.n, row.clusters, row.achieved, row.survival) == (80, 40, 0.25, 1.0)
    assert row.retained is not None
    mean = sum(0.01 * (i % 7) for i in range(80)) / 80
    assert row.retained.value == pytest.approx((4.2 - 0.25) / (4.0 + mean), abs=1e-3)
    assert row.retained.interval[0] < row.retained.value < row.retained.interval[1]
    assert row.seconds == {"compress": 0.25, "target": 0.5}
    assert found.noise == 0


def test_the_verdict_goes_down_the_rates_as_far_as_they_are_safe(tmp_path: Path) -> None:
    found = summarise(made(tmp_path), margin=0.05).headline
    assert found is not None
    assert found.verdicts == (("default@0.5", "safe"), ("default@0.25", "harmful"))
    assert (found.method, found.arm, found.safe) == ("default", "default@0.5", 1)
    assert found.beats == {"random": True}
    wide = summarise(tmp_path, margin=0.2).headline
    assert wide is not None
    assert (wide.arm, wide.safe, wide.beats) == ("default@0.25", 2, {})


def test_a_gentle_rate_that_is_not_safe_ends_the_testing(tmp_path: Path) -> None:
    found = summarise(made(tmp_path, **{"default@0.5": 1.0}), margin=0.2).headline
    assert found is not None
    assert found.verdicts == (("default@0.5", "harmful"), ("default@0.25", "safe"))
    assert (found.arm, found.safe) == ("default@0.5", 0)


def test_points_that_another_beats_are_marked(tmp_path: Path) -> None:
    found = {point.arm: point for point in summarise(made(tmp_path)).points}
    assert {arm: point.dominated for arm, point in found.items()} == {
        "default@0.5": False,
        "default@0.25": False,
        "random@0.5": True,
    }
    assert found["random@0.5"].frontier == 0
    assert {point.seconds for point in found.values()} == {0.75}
    assert [arm for arm, point in found.items() if not point.slower] == ["default@0.5"]


def test_worst_items_come_in_the_order_of_their_losses(tmp_path: Path) -> None:
    found = summarise(made(tmp_path)).worst
    losses = [one.loss for one in found]
    assert len(losses) == 10
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == pytest.approx(0.06)


def test_the_page_is_whole_and_fetches_nothing(tmp_path: Path) -> None:
    page = html_report(summarise(made(tmp_path)))
    parsed = Parsed(page)
    assert not {"script", "link", "img", "iframe"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name in ("src", "href", "xlink:href") or name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", page)
    first = parsed.text.index("safe: default@0.5")
    assert first < parsed.text.index("What is worth having") < parsed.text.index("Worst items")
    assert parsed.tags.count("details") == 10
    assert parsed.text.count("not shown to be") == 0


def test_text_of_items_cannot_become_markup(tmp_path: Path) -> None:
    page = html_report(summarise(made(tmp_path, text=HOSTILE)))
    parsed = Parsed(page)
    assert not {"script", "img"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert "<script>alert('x')</script>" in parsed.text
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", page)


def test_kept_and_dropped_text_are_told_apart(tmp_path: Path) -> None:
    page = html_report(summarise(made(tmp_path)))
    assert re.search(r'<pre>Kept words \d+\.<span class="dropped"> Dropped words\.</span></pre>', page)
    assert '<pre><span class="dropped">More.</span></pre>' in page
    assert "(holds evidence)" in page


def test_json_has_the_numbers_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = [tmp_path / "r.html", tmp_path / "r.json"]
    made(tmp_path / "run")
    assert main(["eval", "report", str(tmp_path / "run"), "--html", str(out[0]), "--json", str(out[1])]) == 0
    said = capsys.readouterr().out
    assert said.startswith("safe: default@0.5 keeps 50.0% of the tokens")
    numbers = json.loads(out[1].read_text())
    page = Parsed(out[0].read_text()).text
    assert numbers["headline"]["arm"] == "default@0.5"
    rows = [row for row in numbers["rows"] if row["suite"] == "all"]
    assert {row["arm"] for row in rows} == set(ARMS)
    for row in rows:
        assert f"{row['nll']:.3f}" in page
        if row["retained"]:
            assert f"{row['retained']['value']:.3f}" in page
            assert f"{row['retained']['value']:.2f}" in said
    assert rows[-1]["nll_vs_raw"]["verdict"] == "harmful"


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
    run(Plan(suites=("needle",), arms=arms, out=tmp_path, limit=3, lengths=(300,)))
    summary = summarise(tmp_path)
    assert verdict_line(summary).startswith("no verdict")
    page = Parsed(html_report(summary)).text
    assert "No verdict" in page
    assert "raw was not run" in page


def test_a_run_of_layer_one_speaks_of_survival(tmp_path: Path) -> None:
    arms = tuple(parse_arms(["raw", "bm25@0.3", "random@0.3"]))
    run(Plan(suites=("facts",), arms=arms, out=tmp_path, limit=12, lengths=(600,)))
    summary = summarise(tmp_path)
    assert summary.score == "survival"
    assert summary.headline is not None
    assert (summary.headline.method, summary.headline.beats) == ("bm25", {"random": True})
    page = Parsed(html_report(summary)).text
    assert "gain retained" not in page.split("Notes")[0]
    assert "share of answers" in page


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--method", "defualt"], "did you mean default"),
        (["--score", "rouge"], "unknown headline score"),
        (["--margin", "0"], "must be above 0"),
    ],
)
def test_bad_requests_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    made(tmp_path, items=6)
    assert main(["eval", "report", str(tmp_path), *options]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_a_run_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "report", str(tmp_path)]) == 1
    assert "no run is in this folder" in capsys.readouterr().err


def test_an_unknown_method_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        summarise(made(tmp_path, items=4), method="x")


class Flat:
    """A target that finds every answer equally likely, whatever the context."""

    model = "flat"
    revision = "1"

    def score(self, asks: Sequence[Ask]) -> list[Likelihood]:
        return [Likelihood(nll=1.0, prompt_tokens=1, seconds=0.0) for _ in asks]


def test_where_the_context_does_not_help_nothing_is_retained(tmp_path: Path) -> None:
    arms = tuple(parse_arms(["raw", "closed", "bm25@0.5"]))
    run(Plan(suites=("needle",), arms=arms, out=tmp_path, limit=4, lengths=(300,), layers=(1, 2)), Flat())
    row = summarise(tmp_path).row("needle@300", "bm25@0.5")
    assert row is not None
    assert row.retained is None
    assert row.retained_n == 4


def test_items_for_which_raw_does_not_fit_are_no_gain_of_the_arm(tmp_path: Path) -> None:
    with RecordFile(tmp_path / "more" / "records.jsonl") as file:
        RunFolder(tmp_path / "more").start(Settings(seed=0, layers=(1, 2), tokenizer="t", target="m r"))
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
