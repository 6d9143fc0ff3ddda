"""Conversations whose turns begin with a line that says who speaks and when."""

from __future__ import annotations

import pytest
from units_support import above

TURNS = [("kestrel", 31), ("osprey", 42), ("merlin", 53)]


@pytest.mark.parametrize(
    "head", ["[14/02/2025 09:1{}] {}", "{1} — 03/04/2025 9:1{0} PM", "Post #{} by {}, 3 May 2024, 08:14"]
)
def test_all_paragraphs_of_a_turn_stand_under_who_speaks(head: str) -> None:
    heads = [head.format(n, name) for n, (name, _) in enumerate(TURNS)]
    text = "\n\n".join(
        f"{line}\nWe dive at {name}.\n\nIt is {depth} metres deep."
        for line, (name, depth) in zip(heads, TURNS, strict=True)
    )
    assert above(text, "42 metres") == above(text, "at osprey") == [heads[1]]


def test_what_is_said_below_a_quotation_stands_under_who_speaks_and_the_question_that_it_answers() -> None:
    text = "\n\n".join(
        f"Post #{n} by {name}, 3 May 2024, 08:1{n}\nann wrote:\n> How deep?\nIt is {depth} metres deep."
        for n, (name, depth) in enumerate(TURNS)
    )
    head = "Post #1 by osprey, 3 May 2024, 08:11"
    assert above(text, "42 metres") == [head, "ann wrote:", "How deep?"]
    assert above(text.replace("deep?", "deep."), "42 metres") == [head]


def test_a_head_stands_above_what_is_said_below_a_blank_line() -> None:
    text = "\n\n".join(f"{name}  0:0{n}\n\nSome {depth} feet." for n, (name, depth) in enumerate(TURNS))
    assert above(text, "42 feet") == ["osprey  0:01"]


def test_one_line_that_ends_with_a_time_is_no_speaker_of_what_follows() -> None:
    text = "Doors open at 10:30\nWe begin soon.\n\nIt is dark.\n\nIt is cold.\n"
    assert above(text, "It is cold") == []


@pytest.mark.parametrize("day", ["Yesterday", "--- Monday, 3 May ---", "2024-05-03", "May 3rd, 2024"])
def test_the_line_between_two_days_is_said_by_nobody(day: str) -> None:
    text = "\n\n".join(f"{name}  0:0{n}\nSome {depth} feet." for n, (name, depth) in enumerate(TURNS))
    assert above(f"{text}\n\n{day}\n\nann  0:10\nDone.\n", day) == []
