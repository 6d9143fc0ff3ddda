from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ctxpipe.cli import main
from ctxpipe.errors import EngineError, ReadError, UnknownNameError, UnreachableError, UsageError
from ctxpipe.evals.paired.comparison import compare
from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.runs.folder import RunFolder
from ctxpipe.evals.runs.records import load_records
from ctxpipe.evals.runs.runner import RunPlan, run
from ctxpipe.evals.targets.generation import Generator
from ctxpipe.evals.targets.likelihood import Ask, Likelihood
from ctxpipe.evals.types import Record
from ctxpipe.serving.fake import FakeEngine

ARMS = ["raw", "closed", "identity", "bm25@0.3", "head-tail@0.3", "random@0.3"]


class Counting:
    """A target whose likelihood is made of the ask, and which counts what it is asked."""

    model = "counting"
    revision = "1"

    def __init__(self, fail_at: int = 10**9, error: Exception | None = None, window: int = 10**9) -> None:
        self.asked = 0
        self.calls = 0
        self._fail_at, self._error, self._window = fail_at, error, window

    def score(self, asks: Sequence[Ask]) -> list[Likelihood]:
        self.calls += 1
        if self.calls >= self._fail_at and self._error:
            raise self._error
        self.asked += len(asks)
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Likelihood:
        fits = len(ask.context) <= self._window
        # The batch's number stands for the rounding that a batch's make-up changes.
        nll = 1 / (1 + len(ask.context)) + self.calls * 1e-9
        return Likelihood(nll=nll if fits else None, prompt_tokens=len(ask.context), seconds=0.5)


def plan(out: Path, **changes: object) -> RunPlan:
    base = RunPlan(suites=("facts", "needle"), arms=tuple(parse_arms(ARMS)), out=out, limit=4, lengths=(300,))
    return replace(base, **changes)


def plain(records: Sequence[Record]) -> list[Record]:
    """Records without what differs between two runs: the time taken."""
    return sorted((replace(record, timings={}) for record in records), key=lambda r: (r.id, r.arm))


def test_every_item_is_recorded_in_every_arm(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    outcome = run(plan(tmp_path), on_progress=lambda *what: seen.append(what))
    records = load_records(tmp_path / "records.jsonl").records
    assert len(records) == outcome.written == 8 * len(ARMS)
    assert {record.stratum for record in records} == {"facts@300", "needle@300"}
    assert seen[0] == (0, 48, "facts@300")
    assert seen[-1] == (48, 48, "")
    by_arm = {arm: [r for r in records if r.arm == arm] for arm in ARMS}
    assert all(r.scores["survival"] == 1 for r in by_arm["raw"])
    assert all(r.scores["survival"] == 0 for r in by_arm["closed"])
    assert all(r.kept_tokens <= 0.3 * r.source_tokens for r in by_arm["bm25@0.3"])
    assert {(r.method, r.rate) for r in by_arm["bm25@0.3"]} == {("bm25", 0.3)}


def test_identity_loses_nothing_with_a_bound_that_is_not_zero(tmp_path: Path) -> None:
    run(plan(tmp_path))
    records = load_records(tmp_path / "records.jsonl").records
    found = compare(records, records, arm_a="raw", arm_b="identity")
    assert found.difference == 0
    assert found.loss_bound > 0


def test_running_again_adds_nothing_and_new_arms_are_added(tmp_path: Path) -> None:
    run(plan(tmp_path))
    before = (tmp_path / "records.jsonl").read_bytes()
    again = run(plan(tmp_path))
    assert (again.written, again.found) == (0, 48)
    assert (tmp_path / "records.jsonl").read_bytes() == before
    more = run(plan(tmp_path, arms=tuple(parse_arms([*ARMS, "random@0.6"])), limit=5))
    assert more.written == 8 + 2 * 7
    assert len(RunFolder(tmp_path).read_samples()) == 10


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"tokenizer": "minilm-l6"}, {"layers": (1, 2)}], ids=["seed", "tokenizer", "layers"]
)
def test_other_settings_need_another_folder(tmp_path: Path, changes: dict[str, object]) -> None:
    run(plan(tmp_path))
    with pytest.raises(UsageError, match="choose another folder"):
        run(plan(tmp_path, **changes), Counting() if "layers" in changes else None)


def killed_in_the_middle(command: list[str], folder: Path) -> Path:
    """The records of a run that was killed after fifty of them."""
    records = folder / "records.jsonl"
    process = subprocess.Popen(
        [*command, "--out", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ}
    )
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if records.exists() and records.read_bytes().count(b"\n") >= 50:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), said.decode()
    return records


def test_a_killed_run_resumes_to_the_numbers_of_one_that_was_not(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ctxpipe", "eval", "run", "variables", "facts", "--layers", "1", "--limit", "60"]
    command += ["--lengths", "600", "--arms", ",".join(ARMS), "--quiet"]
    for attempt in range(5):  # on a busy machine a run may end before it is seen to have begun
        records = killed_in_the_middle(command, tmp_path / f"killed{attempt}")
        partial = load_records(records).records
        if len(partial) < 720:
            break
    assert 50 <= len(partial) < 720
    with records.open("ab") as file:
        file.write(b'{"id": "variables/0/59@600", "clu')
    assert main([*command[3:], "--out", str(records.parent)]) == 0
    assert main([*command[3:], "--out", str(tmp_path / "whole")]) == 0
    whole = load_records(tmp_path / "whole" / "records.jsonl").records
    assert plain(load_records(records).records) == plain(whole)
    assert len(whole) == 720


def test_layer_two_is_asked_once_for_equal_prompts(tmp_path: Path) -> None:
    target = Counting()
    run(plan(tmp_path, layers=(1, 2), arms=tuple(parse_arms(["raw", "raw2", "identity", "closed"]))), target)
    assert target.asked == 8 * 3  # raw and identity are one prompt; raw2 is computed apart
    records = load_records(tmp_path / "records.jsonl").records
    assert records[0].models == {"counting": "1"}
    assert records[0].timings["target"] == 0.5
    (tmp_path / "records.jsonl").unlink()
    again = Counting()
    run(plan(tmp_path, layers=(1, 2), arms=tuple(parse_arms(["raw", "raw2", "identity", "closed"]))), again)
    assert again.asked == 0
    assert plain(load_records(tmp_path / "records.jsonl").records) == plain(records)


def test_a_run_stopped_between_records_finds_the_same_likelihoods(tmp_path: Path) -> None:
    run(plan(tmp_path, layers=(1, 2)), Counting())
    records = tmp_path / "records.jsonl"
    whole = load_records(records).records
    records.write_bytes(b"".join(records.read_bytes().splitlines(keepends=True)[:20]))
    run(plan(tmp_path, layers=(1, 2)), Counting())
    assert plain(load_records(records).records) == plain(whole)


def test_a_target_that_goes_away_stops_the_run_which_goes_on_later(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError):
        run(plan(tmp_path, layers=(2,)), Counting(fail_at=3, error=UnreachableError("gone")))
    assert len(load_records(tmp_path / "records.jsonl").records) == 2 * len(ARMS)
    outcome = run(plan(tmp_path, layers=(2,)), Counting())
    assert (outcome.written, outcome.errors) == (6 * len(ARMS), 0)


def test_a_run_does_not_go_on_with_another_default_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(plan(tmp_path))
    monkeypatch.setattr("ctxpipe.compress.rankers.DEFAULT_RANK", "bm25")
    with pytest.raises(UsageError, match=r"a run with default '\w+\+\w+', not 'bm25\+none'; choose another folder"):
        run(plan(tmp_path))


def test_errors_are_records_and_can_be_tried_again(tmp_path: Path) -> None:
    outcome = run(plan(tmp_path, layers=(1, 2)), Counting(fail_at=8, error=EngineError("no\nmemory")))
    assert outcome.errors == len(ARMS)
    failed = [record for record in load_records(tmp_path / "records.jsonl").records if record.status == "error"]
    assert {record.error for record in failed} == {"no memory"}
    assert failed[0].source_tokens
    assert run(plan(tmp_path, layers=(1, 2)), Counting()).written == 0
    assert run(plan(tmp_path, layers=(1, 2), retry_errors=True), Counting()).written == len(ARMS)


class Broken(Counting):
    """Says nonsense of one context in three."""

    def _one(self, ask: Ask) -> Likelihood:
        nll = float("nan") if len(ask.context) % 3 == 0 else 1.0
        return Likelihood(nll=nll, prompt_tokens=1, seconds=0.0)


def test_a_likelihood_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    outcome = run(plan(tmp_path, layers=(1, 2)), Broken())
    failed = [record for record in load_records(tmp_path / "records.jsonl").records if record.status == "error"]
    assert outcome.written == 8 * len(ARMS)
    assert len(failed) >= 8  # closed has no context at all
    assert {record.error for record in failed} == {"score 'nll' is NaN; only finite numbers can be compared"}
    again = run(plan(tmp_path, layers=(1, 2), retry_errors=True), Counting())
    assert (again.written, again.errors, again.truncated) == (len(failed), 0, 0)


def test_a_file_that_is_no_cache_is_told(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(ReadError, match="cannot be used as a cache"):
        run(plan(tmp_path, layers=(1, 2)), Counting())


def test_what_does_not_fit_is_truncated_and_keeps_its_other_scores(tmp_path: Path) -> None:
    outcome = run(plan(tmp_path, layers=(1, 2)), Counting(window=900))
    records = load_records(tmp_path / "records.jsonl").records
    raw = [record for record in records if record.arm == "raw"]
    assert {record.status for record in raw} == {"truncated"}
    assert all(set(record.scores) >= {"survival"} and "nll" not in record.scores for record in raw)
    assert outcome.truncated == 2 * len(raw)  # raw and identity
    assert {record.status for record in records if record.arm == "closed"} == {"ok"}


def test_twins_are_recorded_with_what_says_whose_a_value_is(tmp_path: Path) -> None:
    run(plan(tmp_path, suites=("twins",), limit=3, lengths=(500,)))
    records = load_records(tmp_path / "records.jsonl").records
    by_arm = {arm: [r.scores for r in records if r.arm == arm] for arm in ARMS}
    assert [scores["attributed"] for scores in by_arm["closed"]] == [0, 0, 0]
    assert {scores["whole"] for scores in by_arm["raw"]} == {1}
    assert all("whole" not in scores and "trail" not in scores for scores in by_arm["closed"])
    assert all(scores["attributed"] <= scores["survival"] for scores in by_arm["bm25@0.3"])
    assert min(scores["whole"] for scores in by_arm["random@0.3"]) < 1
    again = run(plan(tmp_path, suites=("twins",), limit=3, lengths=(500,)))
    assert (again.written, again.found) == (0, 18)
    kept = RunFolder(tmp_path).read_samples()
    assert all(one.twins and all(passage.source for passage in one.documents) for one in kept.values())


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    command = ["eval", "run", "kv", "--limit", "3", "--lengths", "400", "--layers", "1", "--arms", "raw,bm25", "--out"]
    assert main([*command, out, "--rates", "0.5,0.25"]) == 0
    assert "9 new records, 0 there before" in capsys.readouterr().err
    lines = (tmp_path / "run" / "records.jsonl").read_text().splitlines()
    assert {json.loads(line)["arm"] for line in lines} == {"raw", "bm25@0.5", "bm25@0.25"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--arms", "bm52"], "did you mean bm25"),
        (["--rates", "x"], "no list of rates"),
        (["--rates", "2.5"], "neither a rate"),
        (["--layers", "4"], "layers are 1, 2 and 3"),
        (["--limit", "0"], "the limit must be at least 1"),
        (["--lengths", "50"], "too short"),
        (["nedle"], "did you mean needle"),
        (["nq10"], "name it with --data"),
    ],
)
def test_bad_requests_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: list[str], said: str
) -> None:
    assert main(["eval", "run", "kv", "--layers", "1", "--out", str(tmp_path / "run"), *changed]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="there is no run in this folder"):
        RunFolder(tmp_path).read_records()


def test_an_unknown_suite_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        plan(tmp_path / "new", suites=("nedles",))
    assert not (tmp_path / "new").exists()


def test_cover_answers_by_itself_beside_arms_that_are_asked(tmp_path: Path) -> None:
    engine = FakeEngine(lambda messages: "\n".join(re.findall(r"The \w+ \w+ was [a-z]+", messages[-1].content)))
    covered = plan(tmp_path, suites=("list",), arms=tuple(parse_arms(["raw", "cover"])), limit=2, layers=(1, 3))
    outcome = run(covered, generator=Generator(engine, max_tokens=200))
    assert (outcome.written, outcome.errors) == (4, 0)
    records = load_records(tmp_path / "records.jsonl").records
    for one in records:
        assert one.scores["contains"] == 1
        assert one.answer.startswith("- The" if one.arm == "cover" else "The")
        assert one.timings["target"] >= 0
    with pytest.raises(UsageError, match="add layer 3"):
        run(replace(covered, layers=(1,), out=tmp_path / "other"))
