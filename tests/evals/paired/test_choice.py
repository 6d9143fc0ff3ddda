from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctxpipe.cli import main
from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.evals.paired.choice import choose
from ctxpipe.evals.paired.stored_choice import read_choice
from ctxpipe.evals.runs.records import RecordFile
from ctxpipe.evals.types import Record


def made(path: Path, wrong: dict[float, int], items: int = 400, clusters: int = 200) -> Path:
    """A run in which every k-th item of a rate is wrong; 0 is none."""
    with RecordFile(path / "records.jsonl") as file:
        for i in range(items):
            for rate in (None, *wrong):
                every = wrong.get(rate, 0) if rate else 0
                file.append(
                    Record(
                        id=f"i{i}",
                        cluster=f"c{i % clusters}",
                        arm=f"default@{rate:g}" if rate else "raw",
                        method="default" if rate else "",
                        rate=rate,
                        scores={"survival": float(not every or i % every > 0)},
                    )
                )
    return path


def test_the_harshest_safe_rate_is_chosen_and_reported_on_other_sources(tmp_path: Path) -> None:
    found = choose(made(tmp_path, {0.125: 4, 0.5: 0, 0.25: 0}), max_loss=0.05)
    assert (found.arm, found.rate) == ("default@0.25", 0.25)
    assert [arm for arm, _ in found.selection] == ["default@0.5", "default@0.25", "default@0.125"]
    assert found.held_out is not None
    assert found.held_out.verdict == "safe"
    assert found.held_out.n + found.selection[0][1].n == 400
    assert found.held_out.clusters + found.selection[0][1].clusters == 200
    assert json.loads((tmp_path / "choice.json").read_text()) == found.to_json()


def test_testing_ends_at_the_first_rate_that_is_not_safe(tmp_path: Path) -> None:
    found = choose(made(tmp_path, {0.5: 3, 0.25: 0}), max_loss=0.05)
    assert (found.arm, found.rate, found.held_out) == (None, None, None)
    assert [arm for arm, _ in found.selection] == ["default@0.5"]


def test_items_that_raw_cannot_score_are_left_out_as_in_a_report(tmp_path: Path) -> None:
    """Filled with the worst score, they would make every rate look inconclusive."""
    made(tmp_path, {0.5: 0, 0.25: 0})
    lines = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    for line in lines:
        if line["arm"] == "raw" and int(line["id"][1:]) % 10 == 0:
            line |= {"scores": {}, "status": "truncated"}
    (tmp_path / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = choose(tmp_path, max_loss=0.05)
    assert (found.arm, found.rate) == ("default@0.25", 0.25)
    assert found.held_out is not None
    halves = found.held_out, found.selection[0][1]
    assert sum(half.n for half in halves) == 360
    assert sum(half.left_out for half in halves) == 40
    with pytest.raises(UsageError, match="no item of a half has a score 'nll' in raw"):
        choose(tmp_path, max_loss=0.05, score="nll")


def test_another_seed_makes_other_halves(tmp_path: Path) -> None:
    made(tmp_path, {0.5: 0})
    assert len({choose(tmp_path, max_loss=0.05, seed=seed).selection[0][1].n for seed in range(6)}) > 1


def test_what_cannot_be_chosen_from_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "a", {0.5: 0})
    with pytest.raises(UnknownNameError, match="did you mean default"):
        choose(tmp_path / "a", max_loss=0.05, method="defualt")
    with pytest.raises(UsageError, match="above 0"):
        choose(tmp_path / "a", max_loss=0)
    made(tmp_path / "b", {0.5: 0}, items=3, clusters=1)
    with pytest.raises(UsageError, match="too few sources"):
        choose(tmp_path / "b", max_loss=0.05)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, {0.5: 0, 0.25: 3})
    assert main(["eval", "choose", str(tmp_path), "--max-loss", "0.05"]) == 0
    assert capsys.readouterr().out.startswith("default@0.5, chosen on ")
    assert main(["eval", "choose", str(tmp_path), "--max-loss", "0.05", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rate"] == 0.5
    assert main(["eval", "choose", str(tmp_path), "--max-loss", "0.001"]) == 0
    assert "no rate of default is safe" in capsys.readouterr().out


def test_what_is_stored_for_queries_is_what_was_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path, {0.5: 0, 0.25: 3})
    stored = tmp_path / "stored.json"
    assert main(["eval", "choose", str(tmp_path), "--max-loss", "0.05", "--out", str(stored)]) == 0
    assert stored.read_text() == (tmp_path / "choice.json").read_text()
    found = read_choice(stored, max_loss=0.05)
    assert (found.arm.rate, found.arm.rank, found.arm.prune) == (0.5, "auto", "auto")
    assert (found.score, found.max_loss, found.verdict) == ("survival", 0.05, "safe")
    with pytest.raises(UsageError, match=r"for a smaller one: ctxpipe eval choose RUN --max-loss 0\.02 --out"):
        read_choice(stored, max_loss=0.02)
