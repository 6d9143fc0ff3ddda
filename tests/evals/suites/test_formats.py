"""Rows as LongBench publishes them and as RULER's generator writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctxpipe.errors import ReadError
from ctxpipe.evals.scores.metrics import context_scores
from ctxpipe.evals.suites.schema import read_samples
from ctxpipe.evals.types import Sample

HAYSTACK = "The grass is green. One of the special magic numbers for calm-otter is: 8271640. The sky is blue."
ONLY = "Answer the question based on the given documents. Only give me the answer and do not output any other words."


def v1(**changes: object) -> dict[str, object]:
    return {
        "input": "Who built the mill?",
        "context": "Passage 1:\nThe mill was built by Anna Berg in 1811.",
        "answers": ["Anna Berg", "A. Berg"],
        "length": 11,
        "dataset": "hotpotqa",
        "language": "en",
        "all_classes": None,
        "_id": "a1",
    } | changes


def v2(**changes: object) -> dict[str, object]:
    return {
        "_id": "b1",
        "domain": "Single-Document QA",
        "sub_domain": "Legal",
        "difficulty": "hard",
        "length": "short",
        "question": "What does the lease forbid?",
        "choice_A": "Dogs",
        "choice_B": "Open fires",
        "choice_C": "Guests",
        "choice_D": "Noise",
        "answer": "B",
        "context": "The tenant shall not light open fires.",
    } | changes


def ruler(prompt: str, outputs: list[str], index: int = 0) -> dict[str, object]:
    return {"index": index, "input": prompt, "outputs": outputs, "length": 50, "token_position_answer": 7}


def read(path: Path, *rows: dict[str, object]) -> list[Sample]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return list(read_samples(path))


def test_longbench_keeps_the_whole_context_and_every_answer(tmp_path: Path) -> None:
    first, same = read(tmp_path / "hotpotqa.jsonl", v1(), v1(_id="a2", input="When?", answers=["1811"]))
    assert first.documents[0].text == "Passage 1:\nThe mill was built by Anna Berg in 1811."
    assert (first.question, first.answers, first.rule) == ("Who built the mill?", ("Anna Berg", "A. Berg"), "any")
    assert (first.id, first.stratum, first.metric) == ("longbench/a1", "longbench/hotpotqa", "f1+contains")
    assert first.cluster == same.cluster


@pytest.mark.parametrize(
    ("task", "given", "question", "metric"),
    [
        ("gov_report_e", "", "Write a one-page summary of the report.", "rouge"),
        ("lcc", "", "What is the next line of this code?", "f1+contains"),
        ("trec", "Question: Who? Type:", "Question: Who? Type:", "contains"),
        (
            "passage_retrieval_en",
            "Mills {}.",
            'Which paragraph is this the abstract of? Answer like "Paragraph 1". Mills {}.',
            "contains",
        ),
    ],
)
def test_longbench_tasks_without_a_question_get_one(
    tmp_path: Path, task: str, given: str, question: str, metric: str
) -> None:
    (found,) = read(tmp_path / "x.jsonl", v1(dataset=task, input=given))
    assert (found.question, found.metric) == (question, metric)


def test_longbench_2_asks_for_the_text_of_the_right_choice(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "data.jsonl", v2())
    assert found.question.startswith("What does the lease forbid?\n(A) Dogs\n(B) Open fires\n")
    assert found.answers == ("Open fires",)
    assert (found.id, found.stratum) == ("longbench-v2/b1", "longbench-v2/Single-Document QA")


@pytest.mark.parametrize("some", [True, False])
def test_a_needle_prompt_is_taken_apart(tmp_path: Path, some: bool) -> None:
    many, verb = ("Some", "are all") if some else ("A", "is")
    prompt = (
        f"{many} special magic numbers are hidden within the following text. Make sure to memorize it. I will quiz you "
        f"about the numbers afterwards.\n{HAYSTACK}\nWhat {verb} the special magic numbers for calm-otter mentioned in "
        "the provided text?"
    )
    one, two = read(
        tmp_path / "niah_single_1" / "validation.jsonl", ruler(prompt, ["8271640"]), ruler(f"{prompt} ", ["8271640"], 1)
    )
    assert one.documents[0].text == HAYSTACK
    assert one.question == f"What {verb} the special magic numbers for calm-otter mentioned in the provided text?"
    assert (one.answers, one.rule, one.stratum) == (("8271640",), "all", "ruler/niah_single_1")
    assert one.id != two.id
    assert one.cluster == two.cluster
    assert context_scores(one, HAYSTACK, HAYSTACK)["survival"] == 1


def test_other_ruler_tasks_lose_their_introduction(tmp_path: Path) -> None:
    prompts = {
        "vt": "Memorize and track the chain(s) of variable assignment hidden in the following text.\n\nVAR A = 1\n"
        "Question: Find all variables that are assigned the value 1 in the text above.",
        "cwe": "Below is a numbered list of words. In these words, some appear more often than others. Memorize the "
        "ones that appear most often.\n1. oak 2. elm\nQuestion: What are the 10 most common words in the above list?",
        "fwe": "Read the following coded text and track the frequency of each coded word. Find the three most "
        "frequently appeared coded words. xx .. yy\nQuestion: Do not provide any explanation.",
    }
    found = {task: read(tmp_path / f"{task}.jsonl", ruler(text, ["A", "B"]))[0] for task, text in prompts.items()}
    texts = {task: one.documents[0].text for task, one in found.items()}
    assert texts == {"vt": "VAR A = 1", "cwe": "1. oak 2. elm", "fwe": "xx .. yy"}
    assert found["vt"].question == "Find all variables that are assigned the value 1 in the text above."
    assert {one.rule for one in found.values()} == {"all"}


def test_in_ruler_question_answering_any_output_will_do(tmp_path: Path) -> None:
    prompt = (
        f"{ONLY}\n\nThe following are given documents.\n\nDocument 1:\nQuestion: of law.\n\n{ONLY}\n\nQuestion: Who?"
    )
    (found,) = read(tmp_path / "qa_1" / "validation.jsonl", ruler(prompt, ["Ann", "Ann B."]))
    assert found.documents[0].text == "Document 1:\nQuestion: of law."
    assert (found.question, found.rule) == ("Who?", "any")


def test_a_choice_of_items_gives_every_source_one_before_any_two(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [v1(_id=f"{source}{i}", context=f"text {source}") for source in range(5) for i in range(4)]
    read(path, *rows)
    assert len({one.cluster for one in read_samples(path, limit=5, seed=3)}) == 5


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (v1(context=None), "field 'context' is not a string"),
        (v1(answers=[]), "field 'answers' is []: list should have at least 1 item"),
        (v1(input=" "), "the question of 'hotpotqa' is not known"),
        (v2(answer="E"), "field 'answer' is 'E'; it must be A, B, C or D"),
        (v2(choice_C=3), "field 'choice_C' is not a string"),
        (ruler("no question", ["x"]), "none of RULER's questions"),
        (ruler("Question: x", []), "field 'answers' is []: list should have at least 1 item"),
        ({"input": "x"}, "field 'documents' is missing"),
    ],
)
def test_a_damaged_row_is_named(tmp_path: Path, row: dict[str, object], said: str) -> None:
    with pytest.raises(ReadError, match=r"x\.jsonl, line 1") as caught:
        read(tmp_path / "x.jsonl", row)
    assert said in str(caught.value)
