"""What each unit stands under, in every kind of prose and data."""

from __future__ import annotations

import json
import time

import pytest

from ctxpipe.compress.text.outline import Outline, outline
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document, Kind


def unit_with(document: Document, words: str) -> tuple[Outline, Unit]:
    made = outline(document)
    at = document.text.index(words)
    return made, next(u for u in made.units(0, len(document.text)) if u.start <= at < u.end)


def chain(document: Document, words: str) -> list[str]:
    """What the unit that holds some words stands under, outermost first."""
    made, unit = unit_with(document, words)
    return [document.text[above.start : above.end] for above in reversed(made.chain(unit))]


def trail(document: Document, words: str) -> tuple[str, ...]:
    made, unit = unit_with(document, words)
    return made.trail(unit)


MARKDOWN = """# Piers

General words.

## North

### Rates

A berth is 31 francs.

## South

### Rates

A berth is 45 francs. Moorings are half.
"""
UNDERLINED = """=====
Piers
=====

North
-----

Rates
~~~~~

A berth is 31 francs.

South
-----

Rates
~~~~~

A berth is 45 francs. Moorings are half.
"""
ORG = "#+TITLE: Piers\n\n* North\n** Rates\nA berth is 31 francs.\n\n* South\n** Rates\nA berth is 45 francs. So.\n"
ASCIIDOC = (
    "= Piers\n\n== North\n\n=== Rates\n\nA berth is 31 francs.\n\n== South\n\n=== Rates\n\nA berth is 45 francs. So.\n"
)
TEX = (
    "\\chapter{Piers}\n\\section{North}\n\\subsection{Rates}\nA berth is 31 francs.\n"
    "\\section{South}\n\\subsection{Rates}\nA berth is 45 francs. So.\n"
)
NUMBERED = "1 Piers\n\n1.1 North\n\nA berth is 31 francs.\n\n1.2 South\n\nA berth is 45 francs. So.\n"


@pytest.mark.parametrize(
    ("text", "kind", "language", "expected"),
    [
        (MARKDOWN, "markdown", "", ("Piers", "South", "Rates")),
        (MARKDOWN, "html", "", ("Piers", "South", "Rates")),
        (UNDERLINED, "text", "rst", ("Piers", "South", "Rates")),
        (UNDERLINED, "text", "", ("Piers", "South", "Rates")),
        (ORG, "text", "org", ("Piers", "South", "Rates")),
        (ASCIIDOC, "text", "asciidoc", ("Piers", "South", "Rates")),
        (TEX, "text", "tex", ("Piers", "South", "Rates")),
        (NUMBERED, "text", "", ("1 Piers", "1.2 South")),
        (NUMBERED, "pdf", "", ("1 Piers", "1.2 South")),
    ],
)
def test_every_heading_above_is_in_the_chain(text: str, kind: Kind, language: str, expected: tuple[str, ...]) -> None:
    document = Document(text=text, kind=kind, language=language)
    assert trail(document, "45 francs") == expected
    assert len(chain(document, "45 francs")) == len(expected)


def test_headings_that_a_reader_found_are_the_chain() -> None:
    text = "Piers\nNorth\nA berth is 31 francs.\nSouth\nA berth is 45 francs."
    places = [(text.index(word), text.index(word) + len(word), level) for word, level in
              (("Piers", 1), ("North", 2), ("South", 2))]  # fmt: skip
    document = Document(text=text, kind="pdf", headings=tuple(places))
    assert trail(document, "45 francs") == ("Piers", "South")


def test_tables_and_fences_are_stood_under() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    text = f"# Top\n\n## Sub\n\n{table}\n\n```py\nx = 1\n\n# no heading\n```\n\nUnder\n=====\ntail\n"
    document = Document(text=text, kind="markdown")
    assert chain(document, "| 1 | 2 |") == ["# Top", "## Sub", "| a | b |"]
    assert chain(document, "x = 1")[:3] == ["# Top", "## Sub", "```py"]
    assert chain(document, "no heading")[:3] == ["# Top", "## Sub", "```py"]
    assert trail(document, "tail") == ("Under",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The fees are as follows:\n\n- boats: 5\n- rafts: 3\n", "rafts"),
        ("The fees are as follows.\n\n1. boats 5\n2. rafts 3\n", "rafts"),
        ("We owe:\n\n| who | what |\n|---|---|\n| Ann | 3 |\n", "Ann"),
        ("Some words. Then run these:\n\n```\nmake it\n```\n", "make it"),
        ("Nobody may\nenter the following:\n\nthe boiler room and the attic.\n", "attic"),
    ],
)
def test_a_block_stands_under_its_introduction(text: str, words: str) -> None:
    document = Document(text=text, kind="markdown")
    made, unit = unit_with(document, words)
    outermost = made.chain(unit)[-1]
    assert text[outermost.start : outermost.end].endswith((":", "follows."))


def test_an_item_stands_under_the_one_that_it_is_indented_below() -> None:
    text = "- North\n  - boats 5\n- South\n  - boats 7\n    and a half\n"
    assert chain(Document(text=text, kind="markdown"), "boats 7") == ["- South"]


def test_the_head_of_a_message_and_its_speaker() -> None:
    first = "From: ann@ex.org\nDate: Mon, 2 Mar 2026\nSubject: Pump\n\nIt was sold."
    mail = f"{first}\n\nFrom: bo@ex.org\nSubject: Oar\n\nIt broke.\n"
    assert chain(Document(text=mail), "It broke.") == ["From: bo@ex.org\nSubject: Oar"]
    turns = "Ann Lee  00:01:02\nWe sell it.\n\nBo Ray  00:01:09\nWe keep it. For good.\n"
    assert chain(Document(text=turns), "For good") == ["Bo Ray  00:01:09"]


def test_records_are_told_from_wrapped_prose() -> None:
    log = "".join(f"2026-03-0{i} 10:00:0{i} INFO gate {i} opened by k{i}\n" for i in range(1, 8))
    made = outline(Document(text=log))
    assert [u.kind for u in made.units(0, len(log))] == ["record"] * 7
    prose = (
        "The keeper of the light went down to the quay on Monday and found that nobody of the crew\n"
        "Had come back from the town, although the tide was already turning and the wind had risen\n"
        "Since noon. He rang the bell.\n"
    )
    units = outline(Document(text=prose)).units(0, len(prose))
    assert [prose[u.start : u.end][-6:] for u in units] == [" noon.", " bell."]
    rows = "Name Year Owner\n" + "".join(f"Tern {i} 19{i}0 Moss\n" for i in range(3, 9))
    assert chain(Document(text=rows, kind="pdf"), "Tern 5") == ["Name Year Owner"]


def test_the_header_of_a_csv_file_may_come_after_a_preamble() -> None:
    text = "Account;12\nHolder;Club\n\nDay;Payee;Sum\n1.2.;Ann;3,50\n2.2.;Bo;4,10\n3.2.;Cy;1,00\n"
    assert chain(Document(text=text, kind="csv"), "Bo;4") == ["Day;Payee;Sum"]
    assert chain(Document(text="a,b\n1,2\n", kind="csv"), "1,2") == ["a,b"]


def test_members_of_json_stand_under_their_keys_and_what_names_them() -> None:
    jobs = [{"name": f"job{i}", "limits": {"cpu": i, "note": "x" * 300}, "port": 40 + i} for i in range(3)]
    text = json.dumps({"jobs": jobs}, indent=1)
    document = Document(text=text, kind="json")
    assert trail(document, '"port": 41') == ("jobs", "job1")
    above = chain(document, '"port": 41')
    assert above[-1] == '"name": "job1"'
    assert above[0] == "{"


def test_a_sentence_goes_on_over_a_page_break() -> None:
    text = "The keeper went down and\n\nfound nobody there. He rang."
    document = Document(text=text, kind="pdf", page_starts=(0, text.index("found")))
    units = outline(document).units(0, len(text))
    assert [text[u.start : u.end] for u in units] == ["The keeper went down and\n\nfound nobody there.", "He rang."]
    apart = Document(text=text, kind="text")
    assert len(outline(apart).units(0, len(text))) == 3


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("2.1 Introduction . . . . . . . . . . 12", "text"),
        ("Introduction ........................ 4", "markdown"),
        ("- 17 -", "pdf"),
        ("Permission is hereby granted, free of charge, to any person", "text"),
        ("[ Contents | Moorings | Fees ]", "pdf"),
        ("[Previous | Next]", "text"),
        ("</td></tr>", "markdown"),
    ],
)
def test_noise_is_marked(line: str, kind: Kind) -> None:
    text = f"Some words before it.\n\n{line}\n\nSome words after it."
    pages = (0,) if kind == "pdf" else ()
    made = outline(Document(text=text, kind=kind, page_starts=pages))
    assert [u.noise for u in made.units(0, len(text))] == [False, True, False]


@pytest.mark.parametrize("line", ["[ start | stop | restart ]", "[ Moorings | Fees ]", "Contents | Fees | Keys"])
def test_choices_in_brackets_are_no_navigation(line: str) -> None:
    made = outline(Document(text=f"Some words before it.\n\n{line}\n\nSome words after it."))
    assert not any(unit.noise for unit in made.units(0, 100))


@pytest.mark.parametrize("kind", ["markdown", "text"])
def test_windows_line_ends_change_nothing(kind: Kind) -> None:
    text = MARKDOWN if kind == "markdown" else UNDERLINED
    plain, windows = (
        Document(text=text, source="x", kind=kind),
        Document(text=text.replace("\n", "\r\n"), source="x", kind=kind),
    )
    assert trail(windows, "45 francs") == trail(plain, "45 francs")
    made = [
        [document.text[u.start : u.end].replace("\r", "") for u in outline(document).units(0, len(document.text))]
        for document in (plain, windows)
    ]
    assert made[0] == made[1]


def test_a_list_stands_under_the_heading_above_it_and_not_under_that_of_the_list_before() -> None:
    text = "# North\n\n1. Fees\n\n   A berth is 31.\n\n# South\n\n1. Fees\n\n   A berth is 45.\n"
    assert chain(Document(text=text, source="x", kind="markdown"), "45") == ["# South", "1. Fees"]


def test_definitions_of_markdown_stand_under_their_terms() -> None:
    text = "North\n: Open all year.\n: A berth is 31.\n\nSouth\n: Open in summer.\n: A berth is 45.\n"
    assert chain(Document(text=text, source="x", kind="markdown"), "45") == ["South"]


def test_a_heading_in_tags_is_one_in_markdown() -> None:
    text = "<summary>North</summary>\n\nA berth is 31.\n\n<h2>South</h2>\n\nA berth is 45.\n"
    assert trail(Document(text=text, source="x", kind="markdown"), "45") == ("South",)
    assert trail(Document(text=text, source="x", kind="markdown"), "31") == ("North",)


@pytest.mark.parametrize("line", ["." * 1000 + "\n", "." * 1000 + " ", ". " * 500 + "\n"])
def test_runs_of_dots_take_no_time(line: str) -> None:
    started = time.process_time()
    document = Document(text=line * 100, source="x")
    outline(document).units(0, len(document.text))
    assert time.process_time() - started < 5


def test_boundaries_in_a_long_table_take_no_time() -> None:
    text = "name,fee\n" + "".join(f"gull {number},{number * 7}\n" for number in range(80_000))
    made = outline(Document(text=text, source="x.csv", kind="csv"))
    started = time.process_time()
    for at in range(0, len(text), 800):
        assert text[made.boundary(at) - 1 : made.boundary(at)] in ("", "\n")
    assert time.process_time() - started < 3


def test_passages_of_one_long_line_take_no_time() -> None:
    text = " ".join(f"The gull {number} came in." for number in range(60_000))
    made = outline(Document(text=text, source="x"))
    made.trail_at(0, 1)  # finds the sentences
    started = time.process_time()
    assert {made.trail_at(at, at + 800) for at in range(0, len(text), 800)} == {()}
    assert time.process_time() - started < 1
