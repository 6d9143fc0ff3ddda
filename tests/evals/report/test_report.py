from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from report_support import ARMS, HOSTILE, Parsed, made

from ctxpipe.cli import main
from ctxpipe.errors import UnknownNameError
from ctxpipe.evals.report.report import html_report
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.summary.summary import summarise


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


def test_scores_that_say_whether_to_trust_a_context_are_shown_where_there_are_any(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run of an earlier version has none, and its items and records are read as before."""
    old = made(tmp_path / "old")
    assert b"twins" not in gzip.decompress((old / "samples.jsonl.gz").read_bytes())
    new = made(tmp_path / "new")
    with RecordFile(new / "records.jsonl") as file:
        for one in list(file.records):
            file.append(replace(one, scores={**one.scores, "whole": 0.75, "attributed": 0.625}))
    for folder, shown in ((old, False), (new, True)):
        row = summarise(folder).row("all", "default@0.25")
        assert row is not None
        assert {name: row.other.get(name) for name in ("whole", "attributed", "trail")} == {
            "whole": 0.75 if shown else None,
            "attributed": 0.625 if shown else None,
            "trail": None,
        }
        assert ('<th scope="col">whole</th>' in html_report(summarise(folder))) is shown
        assert main(["eval", "report", str(folder)]) == 0
        said = capsys.readouterr().out
        assert (" attributed" in said, " whole" in said, "0.625" in said, " trail" in said) == (shown,) * 3 + (False,)


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
    assert first < parsed.text.index("Loss against tokens") < parsed.text.index("Worst items")
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
    assert "(evidence)" in page


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
    assert "there is no run in this folder" in capsys.readouterr().err


def test_an_unknown_method_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        summarise(made(tmp_path, items=4), method="x")
