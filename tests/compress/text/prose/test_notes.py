"""Notes stand under what calls them."""

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

TABLE = "| Boat | Night |\n|---|---|\n| small | 54{mark} |\n| large | 108 |"


def chain(text: str, kind: Kind, language: str, words: str) -> list[str]:
    """What the unit that begins at ``words`` stands under, outermost first."""
    structure = outline(Document(source="notes", text=text, kind=kind, language=language))
    unit = next(u for u in structure.units(0, len(text)) if u.start == text.index(words))
    return [text[above.start : above.end] for above in reversed(structure.chain(unit))]


def test_a_footnote_of_markdown_stands_under_the_sentence_that_calls_it() -> None:
    text = (
        "# Faro\n\nIt is near. A mooring costs 54 euros[^1]. Dogs are free.\n\n"
        "# Braga\n\nA mooring costs 61 euros.[^b]\n\n"
        "[^1]: Not in July,\n    nor in August.\n[^b]: Not for\n    ships.\n"
    )
    assert chain(text, "markdown", "", "[^1]: Not") == ["# Faro", "A mooring costs 54 euros[^1]."]
    assert chain(text, "markdown", "", "[^b]: Not") == ["# Braga", "A mooring costs 61 euros.[^b]"]


def test_a_footnote_of_restructuredtext_stands_under_the_sentence_that_calls_it() -> None:
    text = "Faro\n====\n\n- A mooring costs 54 euros [#f]_.\n\nBraga\n=====\n\nIt is closed.\n\n.. [#f] Not in July.\n"
    assert chain(text, "text", "rst", ".. [#f]")[-1] == "- A mooring costs 54 euros [#f]_."


@pytest.mark.parametrize("note", ["[^9]: Called nowhere.", "[^1]: Called below.\n\nThere.[^1]"])
def test_a_footnote_that_nothing_above_calls_stands_under_its_heading(note: str) -> None:
    assert chain(f"# Faro\n\nA mooring costs 54 euros.\n\n{note}\n", "markdown", "", "[^") == ["# Faro"]


@pytest.mark.parametrize(
    ("mark", "note"),
    [
        ("\\*", "\\* without power"),
        ("*", "* without power"),
        ("†", "† without power"),
        (" [a]", "[a] without power"),
        ("a", "a without power"),
        ("", ": Fees in cents"),
    ],
)
def test_a_note_below_a_table_stands_under_its_header(mark: str, note: str) -> None:
    text = f"# Faro\n\n{TABLE.format(mark=mark)}\n\n{note}\n"
    assert chain(text, "markdown", "", note) == ["# Faro", "| Boat | Night |"]


def test_a_list_below_a_table_is_no_note() -> None:
    text = f"# Faro\n\n{TABLE.format(mark='')}\n\n* without power\n"
    assert chain(text, "markdown", "", "* without") == ["# Faro"]


def test_a_line_below_an_indented_table_stands_under_its_first_row() -> None:
    text = (
        " tests/data.c   | 154 +-----\n tests/parser.c |  11 ++--\n 4 files changed, 124 insertions(+), 86 deletions(-)"
    )
    assert chain(text, "text", "", "4 files") == ["tests/data.c   | 154 +-----"]


def test_footnotes_that_each_chapter_counts_anew_stand_under_its_own_calls() -> None:
    text = "".join(
        f"# Book {n}\n\nThe lock of {name} is old.[^1] The town paid.[^2] So it is.[^1]\n\n"
        f"[^1]: Built in 18{n}.\n[^2]: Some {n * 7} guilders.\n\n"
        for n, name in ((31, "Faro"), (42, "Lagos"), (53, "Sines"))
    )
    assert above(text, "in 1842", "markdown") == ["# Book 42", "The lock of Lagos is old.[^1]"]
    assert above(text, "371 guilders", "markdown") == ["# Book 53", "The town paid.[^2]"]
