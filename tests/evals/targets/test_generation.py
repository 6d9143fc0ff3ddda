from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ctxpipe.cli import main
from ctxpipe.errors import EngineError, UsageError
from ctxpipe.evals.paired.flips import answer_flips_of
from ctxpipe.evals.report.report import html_report
from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.runs.records import load_records
from ctxpipe.evals.runs.runner import RunPlan, run
from ctxpipe.evals.summary.summary import summarise
from ctxpipe.evals.targets.generation import Generator
from ctxpipe.evals.targets.likelihood import Ask
from ctxpipe.evals.types import Record
from ctxpipe.serving.fake import FakeEngine
from ctxpipe.serving.types import Message

ARMS = ["raw", "raw2", "closed", "default@0.3", "random@0.3"]


def reads(messages: Sequence[Message]) -> str:
    """A model that finds a number in what it is given, and says so when there is none."""
    context = messages[-1].content.partition("\n\nQuestion: ")[0].removeprefix("Context:\n")
    return context[:2000] if context.strip() else "I don't know."


def plan(out: Path, **changes: object) -> RunPlan:
    base = RunPlan(suites=("facts",), arms=tuple(parse_arms(ARMS)), out=out, limit=6, lengths=(200,), layers=(1, 3))
    return replace(base, **changes)


def test_answers_are_judged_and_recorded(tmp_path: Path) -> None:
    engine = FakeEngine(reads)
    outcome = run(plan(tmp_path), generator=Generator(engine))
    records = load_records(tmp_path / "records.jsonl").records
    assert outcome.written == len(records) == 6 * len(ARMS)
    closed = [record for record in records if record.arm == "closed"]
    assert {record.answer for record in closed} == {"I don't know."}
    assert all(record.scores["abstained"] == 1 and record.scores["answer"] == 0 for record in closed)
    kept = next(record for record in records if record.arm == "default@0.3")
    assert kept.prompt_tokens is not None
    assert kept.completion_tokens == len(kept.answer.split())
    assert kept.timings["target"] >= kept.timings["first_token"] >= 0
    assert {"contains", "f1", "answer"} <= kept.scores.keys()


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    run(plan(tmp_path), generator=Generator(FakeEngine(reads)))
    before = (tmp_path / "records.jsonl").read_bytes()
    (tmp_path / "records.jsonl").unlink()
    silent = FakeEngine("never")
    run(plan(tmp_path), generator=Generator(silent))
    assert silent.calls == []
    again = load_records(tmp_path / "records.jsonl").records
    assert len(again) == 6 * len(ARMS)
    assert b"never" not in (tmp_path / "records.jsonl").read_bytes()
    assert len((tmp_path / "records.jsonl").read_bytes().splitlines()) == len(before.splitlines())


def test_raw_again_is_asked_again_and_equal_prompts_of_other_arms_are_not(tmp_path: Path) -> None:
    engine = FakeEngine("yes")
    arms = tuple(parse_arms(["raw", "raw2", "identity"]))
    run(plan(tmp_path, arms=arms, limit=2), generator=Generator(engine))
    assert len(engine.calls) == 4


def test_a_prompt_that_does_not_fit_is_truncated(tmp_path: Path) -> None:
    run(plan(tmp_path), generator=Generator(FakeEngine("yes", window=120), max_tokens=10))
    records = load_records(tmp_path / "records.jsonl").records
    raw = [record for record in records if record.arm == "raw"]
    assert {record.status for record in raw} == {"truncated"}
    assert all("answer" not in record.scores and record.prompt_tokens for record in raw)


def test_another_length_of_answer_needs_another_folder(tmp_path: Path) -> None:
    run(plan(tmp_path, limit=1), generator=Generator(FakeEngine("a"), max_tokens=10))
    with pytest.raises(UsageError, match="choose another folder"):
        run(plan(tmp_path, limit=1), generator=Generator(FakeEngine("a"), max_tokens=11))


def test_a_layer_without_a_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="layer 3 needs a target"):
        run(plan(tmp_path))


def test_an_engine_that_fails_is_a_record(tmp_path: Path) -> None:
    def broken(messages: Sequence[Message]) -> str:
        raise EngineError("out of order")

    run(plan(tmp_path, limit=1), generator=Generator(FakeEngine(broken)))
    assert {record.error for record in load_records(tmp_path / "records.jsonl").records} == {"out of order"}


def test_a_server_is_asked_several_times_at_once() -> None:
    together = threading.Barrier(4, timeout=120)

    def meet(messages: Sequence[Message]) -> str:
        together.wait()
        return messages[-1].content[-1]

    asks = [Ask(context="", question=f"Which? {i}", answers=("a",)) for i in range(4)]
    made = Generator(FakeEngine(meet), concurrent=4).answer(asks)
    assert [one.text for one in made] == ["0", "1", "2", "3"]


def record(i: int, arm: str, answer: float, said: str = "", abstained: float = 0.0) -> Record:
    scores = {"answer": answer, "abstained": abstained}
    return Record(id=str(i), cluster=str(i), arm=arm, scores=scores, answer=said)


def test_flips_tell_wrong_answers_from_none() -> None:
    raw = [record(0, "raw", 1), record(1, "raw", 1), record(2, "raw", 1), record(3, "raw", 0, "x"), record(4, "raw", 0)]
    arm = [
        record(0, "a", 1),
        record(1, "a", 0, "wrong"),
        record(2, "a", 0, "I don't know", 1),
        record(3, "a", 0, "y"),
        record(4, "a", 1),
    ]
    again = [record(0, "raw2", 0), *(replace(one, arm="raw2") for one in raw[1:])]
    by_item = [{one.id: one for one in records} for records in (raw, arm, again)]
    found = answer_flips_of(*by_item)
    assert found is not None
    assert (found.lost, found.gained, found.abstained, found.changed, found.n) == (2, 1, 1, 1, 5)
    assert found.noise == pytest.approx(0.2)
    assert found.lost_bound == pytest.approx(0.8108, abs=1e-4)  # Clopper-Pearson, 2 of 5, one-sided 95%


def test_the_report_speaks_of_answers(tmp_path: Path) -> None:
    run(plan(tmp_path, limit=12), generator=Generator(FakeEngine(reads)))
    summary = summarise(tmp_path)
    assert summary.score == "answer"
    row = summary.row(summary.whole, "raw2")
    assert row is not None
    assert row.answer_flips is not None
    assert row.answer_flips.noise == 0
    page = html_report(summary)
    assert "Generated answers" in page
    assert "share of right answers" in page


def test_the_embedded_model_answers_from_the_command_line(smollm2_dir: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    arguments = ["facts", "--limit", "2", "--lengths", "200", "--arms", "raw,bm25", "--rates", "0.5"]
    assert main(["eval", "run", *arguments, "--layers", "1,3", "--answer-tokens", "8", "--out", out, "--quiet"]) == 0
    records = load_records(tmp_path / "run" / "records.jsonl").records
    assert len(records) == 4
    assert all(record.answer and record.completion_tokens and record.completion_tokens <= 8 for record in records)
    numbers = tmp_path / "numbers.json"
    assert main(["eval", "report", out, "--prompt-price", "0.5", "--json", str(numbers)]) == 0
    assert "price of 1,000 queries" in numbers.read_text()
