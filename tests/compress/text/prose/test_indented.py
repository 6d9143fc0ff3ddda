"""Indented prose stands under its term, directive, list item or introduction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from units_support import chain, check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.html.html import html_page

PAGE = """<h1>Rules</h1>
<dl><dt>depfile<dd><p>A Makefile.<p>It is optional.<dt>deps<dd>One of <b>gcc</b> or msvc.</dl>
after
"""
DIRECTIVES = """Ferries
=======

.. ferry:: Gull
           Gull II

 The old ferry.

 * Berths: 12
 * Crew : 3

 She sails on Mondays.

.. ferry:: Tern

 * Berths: 40

 .. note::

    Tern sails without a crew.

Harbours
========

Both are deep.
"""
LITERAL = """**Example 1: start the pump**

The pump is started with a name. ::

    pump start \\
        --name east \\
        --rate 3

It prints nothing.

**Example 2: stop it**

.. code-block:: shell

   pump stop \\
        --name west
"""
DEFINITIONS = """OPTIONS

-f, --force
    Do not ask. Everything is removed.

    There is no way back.
--quiet
    Print nothing.
"""
LOOSE = """Two kinds of outputs:

1. Explicit ones, which the rule names.

   They are what a compile command writes.

2. Implicit ones, after the bar.

   They stay out of the variable.

Nothing else counts.
"""
LOG = """2031-04-01 10:00:01 ERROR pump east failed
    at Pump.start (pump.py:31)
    at main (main.py:8)
2031-04-01 10:00:09 ERROR pump west failed
    at Pump.stop (pump.py:77)
2031-04-01 10:00:12 INFO done
"""
HANGING = """Miller, Anna and Jonas Weber, The tides of the northern harbours and their
   meaning for ferries of every size. Second edition, Kiel 1961.
"""


def above(document: Document, words: str) -> list[str]:
    """What the unit that holds some words stands under, outermost first."""
    return chain(document.text, outline(document).units(0, len(document.text)), words)[:-1]


def rst(text: str) -> Document:
    return Document(text=text, source="a.rst", language="rst")


def markdown(text: str) -> Document:
    return Document(text=text, source="a.md", kind="markdown")


@pytest.mark.parametrize(
    ("document", "words", "expected"),
    [
        (rst(DIRECTIVES), "Berths: 12", ["Ferries\n=======", ".. ferry:: Gull\n           Gull II"]),
        (rst(DIRECTIVES), "on Mondays", ["Ferries\n=======", ".. ferry:: Gull\n           Gull II"]),
        (rst(DIRECTIVES), "Berths: 40", ["Ferries\n=======", ".. ferry:: Tern"]),
        (rst(DIRECTIVES), "without a crew", ["Ferries\n=======", ".. ferry:: Tern", ".. note::"]),
        (rst(DIRECTIVES), "Both are", ["Harbours\n========"]),
        (rst(LITERAL), "--rate 3", ["**Example 1: start the pump**", "The pump is started with a name. ::"]),
        (rst(LITERAL), "prints nothing", ["**Example 1: start the pump**"]),
        (rst(LITERAL), "--name west", ["**Example 2: stop it**", ".. code-block:: shell"]),
        (Document(text=DEFINITIONS), "is removed", ["OPTIONS", "-f, --force"]),
        (Document(text=DEFINITIONS), "no way back", ["OPTIONS", "-f, --force"]),
        (Document(text=DEFINITIONS), "Print nothing", ["OPTIONS", "--quiet"]),
        (Document(text=LOOSE, kind="markdown"), "They are what", ["Two kinds of outputs:", LOOSE[23:62]]),
        (
            Document(text=LOOSE, kind="markdown"),
            "stay out",
            ["Two kinds of outputs:", "2. Implicit ones, after the bar."],
        ),
        (Document(text=LOOSE, kind="markdown"), "Nothing else", []),
        (Document(text=LOG), "pump.py:77", ["2031-04-01 10:00:09 ERROR pump west failed"]),
        (Document(text=LOG), "main.py:8", ["2031-04-01 10:00:01 ERROR pump east failed"]),
        (Document(text=HANGING), "meaning for", []),
    ],
)
def test_what_an_indented_block_stands_under(document: Document, words: str, expected: list[str]) -> None:
    assert above(document, words) == expected


def test_a_continued_command_is_one_unit() -> None:
    units = outline(rst(LITERAL)).units(0, len(LITERAL))
    command = next(unit for unit in units if "--rate" in LITERAL[unit.start : unit.end])
    assert LITERAL[command.start : command.end].split() == "pump start \\ --name east \\ --rate 3".split()


def test_a_hanging_paragraph_is_no_definition() -> None:
    first = outline(Document(text=HANGING)).units(0, len(HANGING))[0]
    assert "meaning for ferries" in HANGING[first.start : first.end]


def test_a_definition_in_html_stands_under_its_term() -> None:
    text = html_page(PAGE).text
    document = Document(text=text, kind="html")
    assert above(document, "optional") == ["# Rules", "depfile"]
    assert above(document, "msvc") == ["# Rules", "deps"]
    assert above(document, "after") == ["# Rules"]


LINES = st.sampled_from(
    (
        "",
        "Term",
        "A longer line of words that says something.",
        ".. note::",
        ".. code::",
        "- item",
        "1. item",
        "So:",
        "::",
        "---",
        "**Bold**",
        "=== A title ===",
        "ADA. So it is.",
        "BERT. It is.",
    )
)


@given(st.lists(st.tuples(st.integers(0, 8), LINES), max_size=30))
def test_any_indentation_gives_units_that_hold_all_text(rows: list[tuple[int, str]]) -> None:
    text = "\n".join(" " * indent + line for indent, line in rows)
    for document in (rst(text), Document(text=text), Document(text=text, kind="markdown")):
        check_units(text, outline(document).units(0, len(text)))


@pytest.mark.parametrize("line", ["x", "x:", "- x", ".. x::"])
def test_a_staircase_of_lines_is_read(line: str) -> None:
    text = "\n".join(" " * indent + line for indent in range(1500))
    blocks = "\n\n".join(" " * indent + line for indent in range(1500))
    for piece in (text, blocks, "\n".join(reversed(text.split("\n"))), "\n\n".join(reversed(blocks.split("\n\n")))):
        check_units(piece, outline(rst(piece)).units(0, len(piece)))


OPTIONS = """OPTIONS

     HarbourName
             The name of the harbour.  The default is Faro.

     Berths  Most boats that may moor.  More are sent away.

             The default is 54.

     Night   Whether boats may stay over night, and for how many nights they
             may stay.

             The default is 3.
"""
TABLE = """Rates

     Pos  Item              Price
     1    Mooring, night    40.00
     2    Power              5.00
          Sum               45.00
"""
NEWS = """Changes

    * Boats can be called by name:

          call --boat Gull

      Without a name the first boat is

          call --boat

    * Fees are due at noon.
"""


def test_a_definition_that_begins_on_the_line_of_its_term_stands_under_it() -> None:
    assert above(Document(text=OPTIONS, source="x"), "The default is Faro.") == ["OPTIONS", "HarbourName"]
    assert above(Document(text=OPTIONS, source="x"), "Most boats that may moor.") == ["OPTIONS", "Berths"]
    assert above(Document(text=OPTIONS, source="x"), "The default is 54.") == ["OPTIONS", "Berths"]
    assert above(Document(text=OPTIONS, source="x"), "The default is 3.") == ["OPTIONS", "Night"]
    check_units(OPTIONS, outline(Document(text=OPTIONS, source="x")).units(0, len(OPTIONS)))


def test_rows_of_a_table_are_no_terms() -> None:
    under = above(Document(text=TABLE, source="x"), "Mooring, night    40.00")
    assert under[0] == "Rates"
    assert "1" not in under


def test_an_indented_line_does_not_introduce_the_items_after_it() -> None:
    assert above(Document(text=NEWS, source="x"), "* Fees are due at noon.") == ["Changes"]


def test_no_break_spaces_indent_like_others() -> None:
    paragraph = "    A mooring costs 54 euros a\n\u00a0\u00a0\u00a0 night in Faro. It is due\n    at noon."
    text = f"2.1.\u00a0Moorings\n\n{paragraph}\n"
    assert above(Document(text=text, source="x"), "night in Faro.") == ["2.1.\u00a0Moorings"]
    units = outline(Document(text=text, source="x")).units(0, len(text))
    assert [text[unit.start : unit.end].split()[0] for unit in units] == ["2.1.", "A", "It"]


def test_a_rule_below_a_paragraph_makes_no_terms_of_its_lines() -> None:
    paragraph = "   Charts may be taken away, but only for\n   the day. ^[37]"
    text = f"1. Notes\n\n{paragraph}\n     ____________________\n\n   ^[37] By 18:00.\n"
    units = outline(Document(text=text, source="x")).units(0, len(text))
    assert any("only for\n   the day." in text[unit.start : unit.end] for unit in units)


def test_a_term_of_an_e_book_stands_above_its_definition() -> None:
    text = "# Calls\n\nold-hook start\n\n  Called when the new one fails.\n\nnew-hook start\n\n  Called first.\n"
    assert above(markdown(text), "Called when the new one fails.") == ["# Calls", "old-hook start"]
    assert above(markdown(text), "Called first.") == ["# Calls", "new-hook start"]


def test_a_line_with_a_colon_stands_above_shorter_lines_below_it() -> None:
    text = "Fleet\n\nClass A:\n  not for hire:\n    Gull, 12 m\n    Tern, 13 m\n  for hire:\n    Auk, 14 m\n"
    assert above(Document(text=text, source="x"), "Tern, 13 m")[-2:] == ["Class A:", "not for hire:"]


def test_values_may_be_no_longer_than_their_names() -> None:
    rows = [("Mass", "55 t"), ("Reach", "28 m"), ("Crew", "3"), ("Power", "120 kW")]
    text = "".join(f"{name}\n  {value}\n" for name, value in rows)
    units = outline(Document(text=text, source="x")).units(0, len(text))
    assert [chain(text, units, value) for _, value in rows] == [list(row) for row in rows]
    wrapped = "The ferry that goes to the island\n  and back leaves at noon,\nthe other one leaves at\n  nine.\n"
    assert len(outline(Document(text=wrapped, source="x")).units(0, len(wrapped))) == 1


LIFE = """ANNA BERG

Experience

2019 - 2023   Harbour of Vik
              Crane operator

05.2014 – today   Harbour of Nes
                  Moved 12 t.
Mar 2011      School of Holm

Day

08:30 - 09:00  Coffee
               in the hall
09:00          Talk
"""


def test_what_happened_in_a_year_or_hour_is_one_unit() -> None:
    units = outline(Document(text=LIFE, source="x")).units(0, len(LIFE))
    assert chain(LIFE, units, "Crane operator") == [
        "ANNA BERG",
        "Experience",
        "2019 - 2023   Harbour of Vik\n              Crane operator",
    ]
    entries = [LIFE[unit.start : unit.end] for unit in units if unit.kind == "item"]
    assert entries[-2:] == ["08:30 - 09:00  Coffee\n               in the hall", "09:00          Talk"]
    assert any(entry.startswith("05.2014") and entry.endswith("12 t.") for entry in entries)


def test_a_term_with_a_colon_has_what_is_aligned_with_its_definition() -> None:
    gap = "\n            "
    text = f"high water: 4.1 m at springs,{gap}3.2 m at neaps.\nlow water:  0.6 m at springs,{gap}1.3 m at neaps.\n"
    units = outline(Document(text=text, source="x")).units(0, len(text))
    assert chain(text, units, "3.2 m") == ["high water:", "4.1 m at springs,\n            3.2 m at neaps."]
    assert chain(text, units, "1.3 m") == ["low water:", "0.6 m at springs,\n            1.3 m at neaps."]
    keyed = "berth: place for a boat.\nmole: wall in the sea; at Vik 340 m.\nquay: paved edge.\n"
    assert len(outline(Document(text=keyed, source="x")).units(0, len(keyed))) == 3
