"""Passages that other passages name by their heading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctxpipe.compress.learned.links import COMMON, links
from ctxpipe.compress.learned.passages import gather
from ctxpipe.compress.learned.ranker import LearnedRanker, Look
from ctxpipe.compress.types import RankingText

FILLER = tuple((f"Entry {n}", f"Nothing of note was recorded in year {n}.") for n in range(9))


@pytest.fixture(scope="module")
def learned(tiny_pruner: Path) -> LearnedRanker:
    return LearnedRanker(model=tiny_pruner / "int8")


def named(learned: LearnedRanker, *passages: tuple[str | tuple[str, ...], str]) -> dict[int, list[int]]:
    """For each passage of one sentence that is named, by which it is."""
    texts = [
        RankingText(text=text, headings=(heading,) if isinstance(heading, str) else heading, group=group)
        for group, (heading, text) in enumerate(passages)
    ]
    found = links(texts, gather(texts, learned.model.layout.words))
    return {int(link.members[0]): link.named_by.tolist() for link in found}


def test_a_heading_is_found_without_case_marks_and_what_stands_in_brackets(learned: LearnedRanker) -> None:
    said = ("The show", "It was sung by DAWN-PENN, who had a hit.")
    assert named(learned, said, ("Dawn Penn (singer)", "She was born in Kingston."), *FILLER) == {1: [0]}
    for heading in ("Dawn Pen", "Awn Penn", "The", "(Dawn Penn)", ""):
        assert named(learned, said, (heading, "She was born in Kingston."), *FILLER) == {}


def test_a_passage_does_not_name_its_own_section(learned: LearnedRanker) -> None:
    book, own = ("Guide", "Parsers"), ("Guide", "Lexers")
    first = (own, "Every guide to lexers and parsers says so.")
    assert named(learned, first, (book, "Parsers read tokens."), *FILLER) == {}
    assert named(learned, (("Lexers",), first[1]), (("Parsers",), "They read tokens."), *FILLER) == {1: [0]}


def test_what_many_name_leads_nowhere(learned: LearnedRanker) -> None:
    target = ("Kingston", "A town at the sea.")
    saying = [(f"Person {n}", "This person was born in Kingston.") for n in range(COMMON + 1)]
    assert named(learned, target, *saying[:-1]) == {0: list(range(1, COMMON + 1))}
    assert named(learned, target, *saying) == {}
    assert named(learned, target, *saying, *FILLER) == {0: list(range(1, COMMON + 2))}


def test_speakers_are_no_headings(learned: LearnedRanker) -> None:
    turns = [("Project Manager" if n % 2 else "Designer", f"The project manager said {n}.") for n in range(40)]
    assert named(learned, *turns) == {}


def test_the_second_document_of_a_chain_is_raised(learned: LearnedRanker) -> None:
    """The sentence that answers shares no word with the question, only its title with the sentence that does."""
    texts = [
        RankingText(text="The film Long Road was directed by Ada Marsh.", headings=("Long Road",), group=0),
        RankingText(text="She is married to a baker.", headings=("Ada Marsh",), group=1),
        *(RankingText(text=text, headings=(heading,), group=2 + n) for n, (heading, text) in enumerate(FILLER)),
    ]
    fusion = np.array([3.0, *np.zeros(len(texts) - 1)])
    look = Look(learned.model, texts, "Who is the spouse of the director of Long Road?", fusion)
    scores = look.ranked()
    assert np.argsort(-scores, kind="stable")[:2].tolist() == [0, 1]
