"""OpenDocument: the numbers of lists are those that the file defines."""

from __future__ import annotations

import pytest
from odf_support import paragraph, text

LEVEL = '<text:list-level-style-number text:level="{}" style:num-format="{}" {}/>'


def style(*levels: str, name: str = "L") -> str:
    return f'<text:list-style style:name="{name}">{"".join(levels)}</text:list-style>'


def listed(*items: str, given: str = 'text:style-name="L"') -> str:
    made = (item if item.startswith("<text:list-") else f"<text:list-item>{item}</text:list-item>" for item in items)
    return f"<text:list {given}>{''.join(made)}</text:list>"


def items(*words: str) -> tuple[str, ...]:
    return tuple(map(paragraph, words))


STOPPED = style(LEVEL.format(1, "1", 'style:num-suffix="."'), LEVEL.format(2, "a", 'style:num-suffix=")"'))


@pytest.mark.parametrize(
    ("format", "given", "marks"),
    [
        ("a", 'style:num-suffix=")"', ["a)", "b)"]),
        ("I", 'style:num-suffix="." text:start-value="4"', ["IV.", "V."]),
        ("i", 'style:num-prefix="(" style:num-suffix=")"', ["(i)", "(ii)"]),
        ("A", 'style:num-suffix="." text:start-value="26"', ["Z.", "AA."]),
        ("1", "", ["1.", "2."]),
        ("1", 'text:start-value="0" style:num-suffix="."', ["0.", "1."]),
        ("", "", ["-", "-"]),
    ],
)
def test_numbers_are_written_as_the_style_says(format: str, given: str, marks: list[str]) -> None:
    made = text(listed(*items("oak", "elm")), styles=style(LEVEL.format(1, format, given)))
    assert made == f"{marks[0]} oak\n{marks[1]} elm"


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ('text:style-name="L" text:continue-numbering="true"', 3),
        ('text:style-name="L" text:continue-list="x1"', 3),
        ('text:style-name="L" text:continue-list="x9"', 1),
        ('text:style-name="L" text:continue-numbering="false"', 1),
        ('text:style-name="L"', 1),
        ('text:style-name="M" text:continue-numbering="true"', 1),
    ],
)
def test_a_list_goes_on_with_another_where_it_says_so(given: str, number: int) -> None:
    first = listed(*items("oak", "elm"), given='text:style-name="L" xml:id="x1"')
    styles = STOPPED + style(LEVEL.format(1, "1", 'style:num-suffix="."'), name="M")
    made = text(first + paragraph("Trees.") + listed(*items("ash"), given=given), styles=styles)
    assert made.endswith(f"\n\nTrees.\n\n{number}. ash")


def test_an_item_with_a_number_of_its_own_and_the_items_after_it() -> None:
    own = f'<text:list-item text:start-value="7">{paragraph("elm")}</text:list-item>'
    assert text(listed(*items("oak"), own, *items("ash")), styles=STOPPED) == "1. oak\n7. elm\n8. ash"


def test_the_lists_in_items_count_by_themselves() -> None:
    inner = listed(*items("red", "white"), given="")
    made = text(listed(paragraph("oak") + inner, paragraph("elm") + inner), styles=STOPPED)
    assert made == "1. oak\n  a) red\n  b) white\n2. elm\n  a) red\n  b) white"


def test_a_list_in_an_item_without_words_goes_on_with_the_one_before() -> None:
    first = listed(paragraph("oak") + listed(*items("red"), given=""))
    further = listed(
        listed(*items("white"), given=""), *items("elm"), given='text:style-name="L" text:continue-numbering="true"'
    )
    assert text(first + paragraph("Or") + further, styles=STOPPED).endswith("\n\nOr\n\n  b) white\n2. elm")


def test_numbers_of_the_levels_above_are_shown_where_the_style_says_so() -> None:
    styles = style(LEVEL.format(1, "1", ""), LEVEL.format(2, "1", 'text:display-levels="2" style:num-suffix="."'))
    made = text(listed(*items("oak"), paragraph("elm") + listed(*items("red"), given="")), styles=styles)
    assert made == "1. oak\n2. elm\n  2.1. red"


def test_values_that_are_no_numbers_do_no_harm() -> None:
    own = f'<text:list-item text:start-value="-x">{paragraph("elm")}</text:list-item>'
    styles = style(LEVEL.format("x", "1", 'text:start-value="999999999" text:display-levels="9999"'))
    assert text(listed(own), styles=styles) == "1. elm"
