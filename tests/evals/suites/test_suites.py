from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.evals.scores.metrics import context_scores
from ctxpipe.evals.suites.generated import TASKS, generate
from ctxpipe.evals.suites.suites import check_suite, parse_length, suite_samples
from ctxpipe.evals.types import Sample


def count(texts: Sequence[str]) -> list[int]:
    return [max(1, len(text) // 4) for text in texts]


def made(task: str, tokens: int = 1000, limit: int = 12, seed: int = 0) -> list[Sample]:
    return list(generate(task, tokens=tokens, limit=limit, seed=seed, count_many=count))


@pytest.mark.parametrize("task", [task for task in TASKS if task != "count"])
def test_evidence_holds_the_answer_and_nothing_else_does(task: str) -> None:
    for sample in made(task):
        text = sample.documents[0].text
        facts = [text[e.start : e.end] for e in sample.evidence]
        assert facts
        rest = text
        for fact in facts:
            rest = rest.replace(fact, "")
        assert context_scores(sample, "\n".join(facts), text)["survival"] == 1
        assert not any(answer in rest for answer in sample.answers)


@pytest.mark.parametrize("task", TASKS)
def test_lengths_are_met_and_share_their_questions(task: str) -> None:
    short, long = made(task, 500), made(task, 4000)
    for one, other in zip(short, long, strict=True):
        assert (one.question, one.answers, one.cluster) == (other.question, other.answers, other.cluster)
        assert (one.stratum, other.stratum) == (f"{task}@500", f"{task}@4000")
        for sample, tokens in ((one, 500), (other, 4000)):
            assert 0.85 * tokens <= count([sample.documents[0].text])[0] <= 1.02 * tokens


@pytest.mark.parametrize("task", TASKS)
def test_the_seed_decides(task: str) -> None:
    assert made(task) == made(task)
    assert not {s.documents for s in made(task)} & {s.documents for s in made(task, seed=1)}
    assert made(task, limit=5) == made(task)[:5]


def test_a_count_is_that_of_the_facts_and_no_other_line_is_of_their_kind() -> None:
    for sample, listed in zip(made("count", limit=30), made("list", limit=30), strict=True):
        text = sample.documents[0].text
        facts = [text[e.start : e.end] for e in sample.evidence]
        assert sample.answers == (str(len(facts)),)
        state = sample.question.removeprefix("How many buildings were ").removesuffix("?")
        assert text.count(f"was {state}") == len(set(facts)) == len(facts)
        assert 6 <= len(listed.answers) <= 14
        assert listed.rule == "all"


def test_needles_are_spread_over_the_text() -> None:
    depths = [s.evidence[0].start / len(s.documents[0].text) for s in made("needle", limit=60)]
    assert min(depths) < 0.1
    assert max(depths) > 0.9


def test_several_needles_stand_apart_from_each_other() -> None:
    gaps = [b.start - a.end for s in made("needles", limit=30) for a, b in pairwise(s.evidence)]
    assert sum(gap > 200 for gap in gaps) > len(gaps) / 2


def test_variables_form_one_chain_in_order() -> None:
    for sample in made("variables"):
        starts = [e.start for e in sample.evidence]
        assert starts == sorted(starts)
        text = sample.documents[0].text
        for before, after in pairwise(sample.answers):
            assert f"VAR {after} = VAR {before}." in text


def test_unit_swapped_distractors_stand_beside_the_fact() -> None:
    drafts = [s for s in made("facts", limit=40) if "A draft gave" in s.documents[0].text]
    assert len(drafts) > 5
    negated = [s for s in made("facts", limit=40) if "not inspected" in s.question]
    assert len(negated) > 5
    for sample in negated:
        year = sample.question.removesuffix("?").rsplit(" ", 1)[1]
        assert sample.documents[0].text.count(f"was not inspected in {year}.") == 1
        assert sample.documents[0].text.count(f"was inspected in {year}.") > 3


@pytest.mark.parametrize(("tokens", "limit"), [(199, 1), (1000, 0)])
def test_what_makes_no_sense_is_refused(tokens: int, limit: int) -> None:
    with pytest.raises(UsageError):
        generate("needle", tokens=tokens, limit=limit, seed=0, count_many=count)


@pytest.mark.parametrize(("text", "tokens"), [("512", 512), ("8k", 8000), ("1.5K", 1500)])
def test_lengths_as_people_write_them(text: str, tokens: int) -> None:
    assert parse_length(text) == tokens


@pytest.mark.parametrize("text", ["", "k", "-1", "8m", "1e3"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a length"):
        parse_length(text)


def test_suites_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean needle"):
        check_suite("nedle", None)
    with pytest.raises(UsageError, match="--data"):
        check_suite("nq10", None)
    row = {"id": "a", "dataset": "d", "cluster": "c", "documents": [{"text": "t"}], "question": "q", "answers": ["t"]}
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({**row, "metric": "contains"}) + "\n")
    found = list(suite_samples(str(path), data=None, limit=None, seed=0, count_many=count))
    assert [sample.id for sample in found] == ["a"]
    two = list(suite_samples("kv", data=None, limit=3, seed=0, lengths=[400, 800], count_many=count))
    assert [sample.stratum for sample in two] == ["kv@400"] * 3 + ["kv@800"] * 3
