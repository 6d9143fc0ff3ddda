"""Needle files as NoLiMa publishes them, written here small."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ctxpipe.cli import main
from ctxpipe.errors import ReadError, UsageError
from ctxpipe.evals.suites.nolima import is_needle_file
from ctxpipe.evals.suites.suites import suite_samples
from ctxpipe.evals.types import Sample

ENTRIES: list[dict[str, Any]] = [
    {
        "id": "0401",
        "reasoning_type": "world_knowledge",
        "system_prompt": "",
        "task_template": "You will answer a question based on a book snippet:\n\n{haystack}\n\nQuestion: {question}",
        "needle": "Actually, {CHAR} lives next to {1}.",
        "questions": {"onehop": "Which character has been to {2}?", "twohop": "Which character has been to {3}?"},
        "character_set": ["Yuki", "Stuart", "Mandy"],
        "tests": {
            "T1": {"input_args": ["the Old Mint", "Utrecht", "the Netherlands"]},
            "T2": {"input_args": ["the Blue Tower", "Malmö", "Sweden"]},
        },
    },
    {
        "id": "0402",
        "needle": "Then the captain ordered {1}.",
        "questions": {"direct": "What did the captain eat?"},
        "distractors": {"direct": "The cook had {1} before."},
        "tests": {"T9": {"input_args": ["a herring"], "gold_answers": "herring"}},
    },
]


def count(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The set's folder as it is downloaded: needle sets, and books of shuffled snippets."""
    (tmp_path / "needlesets").mkdir()
    (tmp_path / "needlesets" / "needle_set.json").write_text(json.dumps(ENTRIES), encoding="utf-8")
    books = tmp_path / "haystack" / "rand_shuffle"
    books.mkdir(parents=True)
    for name in ("rand_book_1", "rand_book_2"):
        lines = [f"Line {i} of {name} tells of wind and weather, and nobody is named." for i in range(200)]
        lines[7] = "Yuki and Stuart and Mandy sat in the garden all day long with a herring."
        (books / f"{name}.txt").write_text("\n\n".join(lines), encoding="utf-8")
    return tmp_path


def read(path: Path, *lengths: int, limit: int | None = None, seed: int = 0) -> list[Sample]:
    return list(suite_samples(str(path), data=None, limit=limit, seed=seed, lengths=lengths, count_many=count))


def test_needles_stand_in_books_of_the_length_asked_for(folder: Path) -> None:
    found = read(folder, 300, 1000)
    assert len(found) == 2 * 10  # five questions in two books, at two lengths
    assert {one.stratum for one in found} == {"nolima@300", "nolima@1000"}
    for one in found:
        size = int(one.stratum.partition("@")[2])
        (document,) = one.documents
        assert 0.85 * size <= sum(count([document.text])) <= size
        (where,) = one.evidence
        needle = document.text[where.start : where.end]
        assert needle in document.text.splitlines()
        assert one.answers[0] in needle
        assert document.text.count(one.answers[0]) == (2 if "herring" in one.answers else 1)
        assert "{" not in one.question + needle


def test_arguments_and_characters_are_filled_in(folder: Path) -> None:
    by_question = {one.question: one for one in read(folder / "needlesets" / "needle_set.json", 300)}
    assert set(by_question) == {
        *(f"Which character has been to {place}?" for place in ("Utrecht", "the Netherlands", "Malmö", "Sweden")),
        "What did the captain eat?",
    }
    utrecht, dinner = by_question["Which character has been to Utrecht?"], by_question["What did the captain eat?"]
    assert f"Actually, {utrecht.answers[0]} lives next to the Old Mint." in utrecht.documents[0].text
    assert utrecht.answers[0] in ENTRIES[0]["character_set"]
    assert dinner.answers == ("herring",)
    assert "The cook had a herring before." in dinner.documents[0].text
    assert utrecht.cluster == by_question["Which character has been to the Netherlands?"].cluster
    assert utrecht.cluster != by_question["Which character has been to Sweden?"].cluster


def test_the_same_questions_stand_at_every_length_and_a_longer_book_goes_on(folder: Path) -> None:
    short, long = (read(folder, size, limit=5) for size in (300, 1000))
    for one, other in zip(short, long, strict=True):
        assert one.id.partition("@")[0] == other.id.partition("@")[0]
        assert (one.question, one.answers) == (other.question, other.answers)
        assert set(one.documents[0].text.splitlines()) < set(other.documents[0].text.splitlines())


def test_a_limit_takes_every_question_before_any_in_a_second_book(folder: Path) -> None:
    few, more = read(folder, 300, limit=3), read(folder, 300, limit=5)
    assert more[:3] == few
    assert len({one.question for one in more}) == 5
    assert {one.id.rsplit("/", 1)[1] for one in more} == {"rand_book_1@300", "rand_book_2@300"}
    assert read(folder, 300, limit=5) == more
    assert read(folder, 300, limit=5, seed=1) != more


def test_a_needle_file_is_run_as_a_suite(folder: Path, tmp_path: Path) -> None:
    assert is_needle_file(folder)
    out = tmp_path / "run"
    command = ["eval", "run", str(folder), "--lengths", "400,800", "--limit", "4", "--layers", "1", "--quiet"]
    assert main([*command, "--arms", "raw,random@0.25", "--out", str(out)]) == 0
    lines = [json.loads(line) for line in (out / "records.jsonl").read_text().splitlines()]
    assert len(lines) == 4 * 2 * 2
    assert all(line["scores"]["survival"] == 1 for line in lines if line["arm"] == "raw")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"needle": None}, "entry 0: field 'needle' is null: input should be a valid string"),
        ({"tests": {"T": {}}}, "entry 0: field 'tests.T.input_args' is missing"),
        ({"tests": {"T": {"input_args": ["one"]}}}, r"a text asks for \{2\}, and a test has 1 arguments"),
        ({"character_set": []}, "neither 'character_set' nor 'gold_answers'"),
    ],
)
def test_a_bad_entry_is_named(folder: Path, change: dict[str, object], said: str) -> None:
    file = folder / "needlesets" / "needle_set.json"
    file.write_text(json.dumps([ENTRIES[0] | change]), encoding="utf-8")
    with pytest.raises(ReadError, match=said):
        read(file, 300)


def test_what_cannot_be_read_or_filled_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="too short to fill 50,000 tokens"):
        read(folder, 50_000)
    with pytest.raises(UsageError, match="have no room"):
        read(folder, 10)
    with pytest.raises(UsageError, match="the limit must be at least 1, not 0"):
        read(folder, 300, limit=0)
    for book in (folder / "haystack" / "rand_shuffle").iterdir():
        book.unlink()
    with pytest.raises(ReadError, match="no books in haystack/rand_shuffle"):
        read(folder, 300)
    (folder / "needlesets" / "needle_set.json").write_text('{"needle": [', encoding="utf-8")
    (folder / "needlesets" / "haystack").mkdir()
    (folder / "needlesets" / "haystack" / "own.txt").write_text("A line.", encoding="utf-8")
    with pytest.raises(ReadError, match="not JSON"):
        read(folder, 300)
