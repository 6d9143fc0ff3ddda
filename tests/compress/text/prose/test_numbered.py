"""Lines with their numbers in front: what they hold is understood as without them, and kept with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from units_support import above, check_units

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.numbered import is_listing_of_code, line_numbers
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

CODE = """class Ferry:
    def fare(self, late):
        if late:
            return 31
        return 45


class Boat:
    def fare(self, late):
        if late:
            return 52
        return 90
"""
FORMS = ["{:6}\t{}", "{:>6}→{}", "{}→{}", "{:3} | {}", "{:3}│ {}", "{}: {}", "{}:{}"]


def numbered(text: str, form: str = "{:6}\t{}", first: int = 1) -> str:
    return "".join(form.format(at, line) + "\n" for at, line in enumerate(text.splitlines(), first))


def kept(text: str) -> list[str]:
    made = outline(Document(text=text, source="x")).units(0, len(text))
    check_units(text, made)
    return [text[unit.start : unit.end] for unit in made]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("first", [1, 97])
def test_a_line_of_code_stands_under_its_function_and_class(form: str, first: int) -> None:
    text = "Here is the file:\n" + numbered(CODE, form, first)
    found = [line.strip().rpartition("  ")[2] for line in above(text, "return 52")]
    assert [
        words.partition("class ")[2] or words.partition("def ")[2] or words.partition("if ")[2] for words in found
    ] == [
        "Boat:",
        "fare(self, late):",
        "late:",
    ]
    kept(text)


def test_a_number_is_kept_with_its_line() -> None:
    made = kept(numbered(CODE))
    assert made[0] == "     1\tclass Ferry:"
    assert made[4] == "     5\t        return 45"


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"{at}\tBoat {at}\t{at * 9}" for at in range(1, 9)),
        "\n".join(f"{at} | Boat {at} | {at * 9}" for at in range(1, 9)),
        "\n".join(f"{at}: Boat {at} leaves" for at in range(1, 9)),
        "\n".join(f"{at}\tBuy rope {at}" for at in range(1, 9)),
        "\n".join(f"{at * 3}:    def fare_{at}():" for at in range(1, 9)),
        "\n".join(f"{at}  Boat {at}   90" for at in range(1, 30)),
        "\n\n".join("\n".join(f"{at:2}  Boat {at}   North   90" for at in range(1, 25)) for _ in range(2)),
        "hull.c:3:9: error: too many keels\n"
        + "".join(f"{at:5} |   keel({at});\n" for at in range(1, 9))
        + "      |   ^~~~\n",
    ],
    ids=["tabs", "pipes", "keys", "list", "matches", "ranks", "tables", "error"],
)
def test_rows_lists_and_matches_are_no_listing(text: str) -> None:
    assert line_numbers(text) == []


PAGE = [
    "            THE COURT:  I see.  The motion to seal is",
    "denied, but only as to the letter.",
    "            MR. ADLER:  And the motion to sever?",
    "            THE COURT:  Granted.  Mr. Voss will be tried",
    "in June.",
    "            MS. BRAND:  For how many days?",
    "            THE COURT:  Four.",
]


def test_turns_of_a_transcript_are_whole_under_what_is_asked() -> None:
    text = "".join(f"{at:2}  {line}\n" for at, line in enumerate(PAGE, 14))
    assert "14              THE COURT:  I see.  The motion to seal is\n15  denied, but only as to the letter." in kept(
        text
    )
    assert [line[4:].strip() for line in above(text, "in June")][-1] == "MR. ADLER:  And the motion to sever?"


def test_turns_go_on_over_pages() -> None:
    lines = [f"        Q.   Did boat {at} leave?\n        A.   It left\nat {at} in the morning." for at in range(20)]
    all_lines = "\n".join(lines).splitlines()
    pages = [all_lines[at : at + 25] for at in range(0, len(all_lines), 25)]
    text = "\n".join("".join(f"{at:2}  {line}\n" for at, line in enumerate(page, 1)) for page in pages)
    for at in (3, 11, 19):
        assert above(text, f"at {at} in")[-1].endswith(f"Did boat {at} leave?")


def test_who_asks_stands_above_the_questions() -> None:
    lines = [
        "BY MR. LAND:",
        "        Q.   Which boat",
        "was it?",
        "        A.   The red one.",
        "        Q.   When?",
        "        A.   At nine.",
    ]
    text = "".join(f"{at:2}   {line}\n" for at, line in enumerate(lines, 1))
    assert above(text, "At nine")[0].endswith("BY MR. LAND:")


NUMBER = re.compile(r"^ *\d+(?:\t|→| ?[|│]|:|$)", re.MULTILINE)
WORDS = st.sampled_from(
    ["def fare(x):", "    return 31", "", "        if late:", "# fees", "The boat leaves at nine.", "}"]
)


@given(st.lists(WORDS, min_size=5, max_size=30), st.sampled_from(FORMS))
def test_numbers_change_no_unit(lines: list[str], form: str) -> None:
    bare = "\n".join(lines) + "\n"
    text = numbered(bare, form)
    made = outline(Document(text=text, source="x")).units(0, len(text))
    check_units(text, made)
    assert [word for words in said(text, made) for word in words] == text.split()
    if line_numbers(text):
        code = is_listing_of_code(bare)
        expected = code_units(bare) if code else outline(Document(text=bare, source="x")).units(0, len(bare))
        assert said(text, made, number=True) == said(bare, expected)


def said(text: str, units: Sequence[Unit], *, number: bool = False) -> list[list[str]]:
    """The words of units and of what closes them, in order; without the number of each line."""
    spans = [(unit.start, unit.end) for unit in units] + [(u.close, u.close_end) for u in units if u.close >= 0]
    stretches = (text[start:end] for start, end in sorted(spans))
    return [(NUMBER.sub("", words) if number else words).split() for words in stretches]
