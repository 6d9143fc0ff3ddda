"""Cards and tables that differ in their names alone: what names them stands above what they say."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

NAMES = ("Alder", "Birch", "Ginkgo")
RULES = ("---", "*****", "* * *", "______", "=====")


def trail(text: str, words: str, kind: Kind = "text") -> str:
    """What the unit with some words stands under, as one string."""
    return " > ".join(" ".join(one.split()) for one in above(text, words, kind))


@pytest.mark.parametrize("rule", RULES)
def test_cards_with_rules_and_no_blank_lines_between_them(rule: str) -> None:
    text = f"\n{rule}\n".join(f"Station: {n}\nArea: north\nVoltage: 9{i} V" for i, n in enumerate(NAMES)) + "\n"
    for i, name in enumerate(NAMES):
        assert trail(text, f"9{i} V") == f"Station: {name}"


def test_a_single_rule_or_rows_with_rules_are_no_cards() -> None:
    one = "Station: Alder\nArea: north\n-----\nStation: Birch\nArea: south\n"
    rows = "\n-----\n".join(f"{name} 9{i} V" for i, name in enumerate(NAMES))
    assert "Station: Birch" not in trail(one, "Area: north")
    assert all(trail(rows, f"9{i} V") in ("", f"{NAMES[0]} 90 V") for i in range(3))


@pytest.mark.parametrize("end", ["\\", "  ", ""], ids=["backslash", "spaces", "none"])
def test_lines_of_markdown_below_one_in_bold(end: str) -> None:
    cards = (f"**{n} station**{end}\nIt runs at 9{i} V.{end}\nIt has a reserve.\n" for i, n in enumerate(NAMES))
    text = "# Grid\n\n" + "\n".join(cards)
    for i, name in enumerate(NAMES):
        assert trail(text, f"9{i} V", "markdown") == f"# Grid > **{name} station**{end.strip()}"


def test_a_title_between_rules_in_a_line_is_a_heading() -> None:
    text = "===== FAILURES =====\n" + "".join(
        f"_____ test_{name} _____\n\n> assert read() == 1\nE assert 9{i} == 1\n\n--- Captured output ---\nread 8{i}\n"
        for i, name in enumerate(NAMES)
    )
    for i, name in enumerate(NAMES):
        assert trail(text, f"9{i} ==") == f"===== FAILURES ===== > _____ test_{name} _____"
        assert trail(text, f"8{i}") == f"===== FAILURES ===== > _____ test_{name} _____ > --- Captured output ---"
    assert trail("Dear Bo,\n\n--- Original message ---\nSo it is.\n", "So it is") == ""


@pytest.mark.parametrize("caption", ["Table 3. ", "**Table 3.** ", "Figure A.1. ", "Tabelle 2. "])
def test_a_number_of_a_table_is_one_with_its_title(caption: str) -> None:
    text = f"# Grid\n\n{caption}Settings of Alder\n\n| Setting | Value |\n|---|---|\n| Mains | 961 V |\n"
    assert f"{caption.strip()} Settings of Alder" in trail(text, "961 V", "markdown")


def test_nothing_below_a_line_in_bold_is_lost() -> None:
    text = "1. The owner gives the text.\n\n   **Origin**\n   - Clause 1 of the contract\n\n2. Nobody gives it.\n"
    units = outline(Document(text=text, source="a", kind="markdown")).units(0, len(text))
    assert " ".join(text[u.start : u.end] for u in units).split() == text.split()
    assert trail(text, "Clause 1", "markdown").endswith("**Origin**")


def captioned(*, below: bool) -> str:
    parts = ((f"*Table {i}: Fees of {n}*", f"| boat | fee |\n|---|---|\n| small | 9{i} |") for i, n in enumerate(NAMES))
    return "# Grid\n\n" + "\n\n".join("\n\n".join(reversed(pair) if below else pair) for pair in parts) + "\n"


@pytest.mark.parametrize("below", [True, False])
def test_a_table_is_kept_with_its_caption_above_or_below_it(below: bool) -> None:
    document = Document(text=captioned(below=below), source="a", kind="markdown")
    made = Pipeline(rank="bm25").compress([document], question="What is the fee of a small boat in Birch?", budget=45)
    assert "| small | 91 |" in made.text
    table = made.text.index("| small | 91 |")
    at = made.text.index("*Table 1: Fees of Birch*")
    assert (at > table) is below
    for other in (0, 2):
        assert (f"| small | 9{other} |" in made.text) == (f"*Table {other}:" in made.text)


def test_lines_of_a_page_stand_under_the_short_one_above_them() -> None:
    said = "It lies in the north. It was built in May."
    text = "\n\n".join(f"{name} station\n{said}\nIt runs at 9{i} V" for i, name in enumerate(NAMES))
    for i, name in enumerate(NAMES):
        assert trail(text, f"9{i} V", "html") == f"{name} station"
    assert trail(f"{said}\n{said}", "It was built", "html") == ""


@pytest.mark.parametrize("title", ["{} station", "* {} STATION *", "== {} 2 =="])
def test_entries_behind_wide_gaps_stand_under_their_titles(title: str) -> None:
    titles = [title.format(name.upper() if "*" in title or "=" in title else name) for name in NAMES * 2]
    text = "".join(f"{one}\n\nStatus: open\n\nMains: 9{i} V\n\n\n" for i, one in enumerate(titles))
    for i, one in enumerate(titles):
        assert trail(text, f"9{i} V").startswith(one)


def test_a_short_line_behind_one_of_many_gaps_is_no_title() -> None:
    text = "".join(f"It was calm at sea {i}.\n\nNothing came.\n\n\n" for i in range(6)) + "So it was\n\nMains: 9 V\n"
    assert trail(text, "9 V") == ""
