from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.evals.scores.placed import placed
from ctxpipe.evals.scores.whole.units import units_of
from ctxpipe.evals.scores.whole.whole import whole
from ctxpipe.evals.types import Passage


def units(text: str, source: str = "", page_starts: tuple[int, ...] = ()) -> list[str]:
    """The units of a text, a break in one as a bar."""
    passage = Passage(text=text, source=source, page_starts=page_starts)
    return [" | ".join(text[start:end] for start, end in unit) for unit in units_of(passage)]


def share(
    text: str, kept: Sequence[str], source: str = "", *, mark: str = " ", fits: Callable[[str], bool] | None = None
) -> float | None:
    """How whole the kept pieces of a text are, each found behind the one before."""
    spans, at = [], 0
    for piece in kept:
        at = text.index(piece, at)
        spans.append((0, at, at + len(piece)))
        at += len(piece)
    passage = Passage(text=text, source=source)
    return whole([passage], placed([text], mark.join(kept), spans), fits)[0]


WRAPPED = (
    "The harbour of Velm was dug in 1834 by prisoners, who lived in the two\n"
    "towers beside it. Its basins hold forty boats. The outer wall was raised\n"
    "after the flood of 1911, and Dr. Brod kept the lighthouse until it was\n"
    "given up."
)


def test_wrapped_sentences_are_one_thing_each() -> None:
    assert units(WRAPPED) == [
        "The harbour of Velm was dug in 1834 by prisoners, who lived in the two\ntowers beside it.",
        "Its basins hold forty boats.",
        "The outer wall was raised\nafter the flood of 1911, and Dr. Brod kept the lighthouse until it was\ngiven up.",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See Fig. 3 and e.g. Mr. Hale. Then no. 7 follows, by J. S. Bach.", 2),
        ('Is it? It is! "So be it." (All of it.) And so on, etc. The end.', 6),
        ("He paid 3.5 per cent. of it; nothing else was said.", 1),
        ("新船停在码头。旧船停在哪里？没有人知道。", 3),
        ("Wait... and see. Then leave.", 2),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, found: int) -> None:
    assert len(units(text)) == found


def test_records_are_told_from_prose() -> None:
    rows = ["cable 0, shelf C22, 125 pieces", "lamp 2, shelf F34, 253 pieces", "nut 3, shelf B9, 115 pieces"]
    assert units("\n".join(rows)) == rows
    stamped = [f"2026-03-04 12:00:0{i} the {word} of the pump is worn" for i, word in enumerate(("seal", "hub", "cam"))]
    assert units("\n".join(stamped)) == stamped
    prose = (
        "It was cold, dark, and late when we\ncame home, tired, and hungry as we\nwere, to the old, grey house. Yes."
    )
    assert len(units(prose)) == 2


def test_markdown_is_cut_at_headings_items_rows_and_lines_of_code() -> None:
    text = (
        "# Handbook\n\nSetext\n------\n- one item that is\n  wrapped over lines of it\n- two\n\n| a | b |\n"
        "| --- | --- |\n| 1 | 2 |\n\n```\nx = 1\ny = 2. Or so\n```\nThe end of the whole text is\nnear."
    )
    assert units(text, "a.md") == [
        "# Handbook",
        "Setext",
        "- one item that is\n  wrapped over lines of it",
        "- two",
        "| a | b |",
        "| 1 | 2 |",
        "x = 1",
        "y = 2. Or so",
        "The end of the whole text is\nnear.",
    ]


def test_tildes_under_a_heading_open_no_code() -> None:
    summer = "Summer\n~~~~~~\n\nThe tea is warm. It was served in the warm and sunny\nkitchen."
    text = f"{summer}\n\nWinter\n~~~~~~\n\nIt is cold. Very."
    assert units(text, "a.rst") == [
        "Summer",
        "The tea is warm.",
        "It was served in the warm and sunny\nkitchen.",
        "Winter",
        "It is cold.",
        "Very.",
    ]
    assert units("~~~\nx = 1. Y\n~~~", "a.md") == ["x = 1. Y"]


PAGES = (
    "Chapter 1: The harbour 1\nThe harbour was dug by prisoners who lived in the towers and had\n"
    "nothing else to do. It was finished when the war began, and the",
    "Chapter 1: The harbour 2\nboats came in by night. Nobody saw them come, and nobody ever asked\nwhere they were.",
    "Chapter 1: The harbour 3\nThe wall stands still.",
)


def test_a_sentence_goes_on_over_a_page_and_its_running_head() -> None:
    text = "\n\n".join(PAGES)
    starts = (0, len(PAGES[0]) + 2, len(PAGES[0]) + len(PAGES[1]) + 4)
    found = units(text, "a.pdf", starts)
    assert "It was finished when the war began, and the | boats came in by night." in found
    assert found.count("Chapter 1: The harbour 2") == 1
    assert "The wall stands still." in found


def test_data_is_cut_at_members_records_elements_and_lines() -> None:
    assert units('{"a": {"b": 1, "c": [true, "x, y"]}}', "a.json") == ['"a"', '"b": 1', '"c"', "true", '"x, y"']
    assert units('a;b\n"two\nlines";c\n', "a.csv") == ["a;b", '"two\nlines";c']
    assert units('<s n="x">\n <m>640</m>\n <t>a <b>c</b></t>\n</s>', "a.xml") == [
        '<s n="x">',
        "<m>640</m>",
        "<t>",
        "a ",
        "<b>c</b>",
    ]
    assert units("[a]\nport = 1\n\n# Two. Sentences\n", "a.toml") == ["[a]", "port = 1", "# Two. Sentences"]


def test_cuts_inside_sentences_rows_and_members_are_found() -> None:
    first, second, third = units(WRAPPED)
    assert share(WRAPPED, [first, third]) == 1
    assert share(WRAPPED, [second, "The outer wall was raised"]) == pytest.approx(1 / 2)
    assert share(WRAPPED, ["towers beside it.", "Its basins"]) == 0
    assert share("a;b\n1;2\n3;4", ["a;b", "1", "3;4"], "a.csv") == pytest.approx(2 / 3)
    assert share('{"a": 1, "b": 2}', ["{", '"a": 1', '"b"', "}"], "a.json") == pytest.approx(1 / 2)


def test_punctuation_alone_makes_nothing_broken() -> None:
    assert share("It rains. (It pours.)", ["It rains", "It pours.)"]) == 1


def test_only_what_is_longer_than_the_budget_may_be_cut_and_marked() -> None:
    text = "It rains. " + "The rain falls and falls on the plain, " * 5 + "and stops."
    cut = ["It rains.", "The rain falls and falls on the plain"]
    assert share(text, cut, mark=" … ", fits=lambda one: len(one) <= 100) == 0.5  # its end is not marked
    assert share(text, [*cut, "and stops."], mark=" … ", fits=lambda one: len(one) <= 100) == 1
    assert share(text, [*cut, "and stops."], mark=" ", fits=lambda one: len(one) <= 100) == 0.5
    assert share(text, [*cut, "and stops."], mark=" … ", fits=lambda one: len(one) <= 1000) == 0.5
    assert share(text, [*cut, "and stops."], mark=" … ") == 0.5


def test_nothing_kept_has_no_share() -> None:
    assert whole([Passage(text="It rains.")], placed(["It rains."], "", []))[0] is None


SOURCES = st.sampled_from(["", "a.md", "a.log", "a.csv", "a.pdf"])


@given(st.text("ab.A \n|-#,0", max_size=60), SOURCES | st.sampled_from(["a.json", "a.xml"]))
def test_everything_kept_is_whole(text: str, source: str) -> None:
    passage = Passage(text=text, source=source, page_starts=(0,) if source == "a.pdf" else ())
    share, broken = whole([passage], placed([text], text, [(0, 0, len(text))]))
    assert share in (None, 1)
    assert not broken


@given(st.text("ab.A \n|-#,0", max_size=60), SOURCES)
def test_things_are_disjoint_and_hold_every_letter(text: str, source: str) -> None:
    passage = Passage(text=text, source=source, page_starts=(0,) if source == "a.pdf" else ())
    ranges = sorted(part for unit in units_of(passage) for part in unit)
    assert all(a[1] <= b[0] for a, b in pairwise(ranges))
    held = {i for start, end in ranges for i in range(start, end)}
    assert all(i in held for i, character in enumerate(text) if character.isalnum())
