"""Lists and tagged paragraphs of markup that is told by its marks."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.records import hard_breaks
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import Document

STEPS = """== Faro

.Steps
. Call channel 54.
. Wait for the pilot.
.. Do not enter. Stay outside.
. Moor.
"""
MANUAL = """.SH OPTIONS
.TP
.BR \\-\\-faro =\\fIN\\fR
Set the limit of Faro.
The default is 54.
.TP
.B \\-\\-lagos
Set the limit of Lagos.
"""


def read(text: str, language: str = "") -> dict[str, list[str]]:
    """Each unit, with what it stands under, nearest first."""
    made = outline(Document(text=text, source="x", language=language))
    units = made.units(0, len(text))
    return {text[u.start : u.end]: [text[a.start : a.end] for a in made.chain(u)] for u in units}


CLAUSES = """1.2 The tenant shall not:
(a) moor ships above 54 m;
(b) keep fuel, except:
(i) in lockers; or
(ii) with leave of
the master.
(c) sing.
1. loudly
2. at night
(d) to (g) as above.
"""


def test_clauses_without_indentation_stand_in_one_another_by_their_numbers() -> None:
    units = read(CLAUSES)
    first = "1.2 The tenant shall not:"
    assert units["(b) keep fuel, except:"] == [first]
    assert units["(ii) with leave of\nthe master."] == ["(b) keep fuel, except:", first]
    assert units["2. at night"] == ["(c) sing.", first]
    assert units["(d) to (g) as above."] == [first]


def test_letters_that_are_roman_numbers_too_follow_the_letter_before() -> None:
    units = read("It holds:\n" + "".join(f"({letter}) item {letter}\n" for letter in "ghijk"))
    assert units["(i) item i"] == units["(j) item j"] == units["(k) item k"] == ["It holds:"]


def test_items_of_asciidoc_stand_under_their_title_and_the_item_above() -> None:
    units = read(STEPS, "asciidoc")
    assert list(units) == [line for line in STEPS.split("\n") if line]
    assert units[". Wait for the pilot."] == [".Steps", "== Faro"]
    assert units[".. Do not enter. Stay outside."] == [". Wait for the pilot.", ".Steps", "== Faro"]


def test_a_tagged_paragraph_of_a_manual_page_is_one_item() -> None:
    units = read(MANUAL)
    first, second = MANUAL.removeprefix(".SH OPTIONS\n").split("\n.TP\n")
    assert units == {".SH OPTIONS": [], first: [".SH OPTIONS"], f".TP\n{second.strip()}": [".SH OPTIONS"]}


def test_what_may_be_repeated_on_a_command_line_ends_no_sentence() -> None:
    assert len(sentences("gull [OPTION]... FILE")) == 1
    assert len(sentences("He waited... Then he left.")) == 2


PRINTED = """1.  Faro

   A client MUST NOT pay more than this, unless it has agreed to do so before it

Lund                         Standards Track                    [Page 1]
\f
RFC 9999                        Harbours                       June 2026

   arrived in Faro.  The timer is 17 s.

   The desk is open.
"""


def test_a_sentence_over_a_form_feed_brings_its_beginning() -> None:
    units = read(PRINTED)
    heading = "1.  Faro"
    assert units["arrived in Faro."][0].endswith("before it")
    assert units["arrived in Faro."][1:] == [heading]
    assert units["The timer is 17 s."] == units["The desk is open."] == [heading]
    closed = read(PRINTED.replace("before it\n", "before.\n"))
    assert closed["arrived in Faro."] == [heading]


def test_lines_that_were_joined_at_broken_words_say_nothing_about_the_width() -> None:
    lines = [
        "There are many formats for images, and one needs a program to convert the image to one of those",
        "that can be read here. One such program is",
        "Gannet with its fork Puffin. It has a command",
        "to convert an image to another format than the one that it was in before that, and one to make",
        "it smaller.",
    ]
    assert hard_breaks(lines)[1]
    assert not any(hard_breaks(lines, joined=True))


def test_a_label_stands_above_all_lines_of_its_block() -> None:
    row = "-rw-r--r-- 1 ida crew {} May  5 10:00 notes.txt"
    text = "\n".join(
        f"./{name}:\ntotal 4\n{row.format(size)}\n{row.format(size + 1)}\n"
        for name, size in (("hull", 310), ("mast", 450))
    )
    units = read(text)
    assert units[row.format(450)] == ["./mast:"]
    assert units[row.format(310)] == ["./hull:"]


def test_what_is_said_at_the_head_of_a_file_is_read_by_line() -> None:
    text = "---\ntitle: Rules\nvalid: 2027\nauthor:\n  name: Ida\n---\n\nThe rules.\n"
    for kind in ("markdown", "text"):
        made = outline(Document(text=text, source="x", kind=kind))
        units = {
            text[u.start : u.end].strip(): [text[a.start : a.end] for a in made.chain(u)] for u in made.units(0, 99)
        }
        assert list(units) == ["---", "title: Rules", "valid: 2027", "author:", "name: Ida", "The rules."]
        assert units["name: Ida"] == ["author:", "---"]
        assert units["The rules."] == []
    assert read("---\n\nkey: a\n\n---\n\nThe rules.\n")["key: a"] == []


def test_a_trace_that_goes_on_after_a_blank_line_stands_under_its_line_of_the_log() -> None:
    trace = 'Traceback (most recent call last):\n  File "{}.py", line 3, in run\nValueError: {}\n\n'
    cause = "The above exception was the direct cause of the following exception:\n\n"
    text = "".join(
        f"[2026-05-0{i} 10:00:00] ERROR gave up on {name}\n{trace.format(name, name)}{cause}{trace.format('main', i)}"
        for i, name in enumerate(("hull", "mast"), start=4)
    ).replace("ValueError: 4\n\n", "ValueError: 4\n")
    units = read(text)
    assert units["ValueError: 5"] == ["[2026-05-05 10:00:00] ERROR gave up on mast"]
    assert units["ValueError: 4"] == ["[2026-05-04 10:00:00] ERROR gave up on hull"]
    assert units["[2026-05-05 10:00:00] ERROR gave up on mast"] == []


def test_lines_of_a_kernel_and_of_speakers_with_times_are_records() -> None:
    lines = [
        "[   12.345678] usb 1-5: new high-speed device number 5 using xhci",
        "[   12.345999] usb 1-5: Product: Reader",
        "[   13.000001] usb 1-5: error -71",
    ]
    assert list(read("\n".join(lines) + "\n")) == lines
    said = ["Guest (10:02): My ring is broken. It fell.", "Clerk (10:03): Is it insured?"]
    assert list(read("\n".join(said) + "\n")) == said


def test_a_fence_may_begin_an_item() -> None:
    steps = "1. ```\nstop gull\n```\n\n   If it fails, call Faro.\n\n2. ```\nremove gull\n```"
    text = f"# Removal\n\n{steps}\n\n# Fees\n\nA mooring costs 54.\n"
    made = outline(Document(text=text, source="x.md", kind="markdown"))
    units = {text[u.start : u.end]: [text[a.start : a.end] for a in made.chain(u)] for u in made.units(0, len(text))}
    assert units["stop gull"] == ["1. ```", "# Removal"]
    assert units["If it fails, call Faro."] == ["# Removal"]
    assert units["A mooring costs 54."] == ["# Fees"]


def test_a_numbered_heading_stands_under_none_with_another_number() -> None:
    settings = "3.7. /etc : Settings\n\nFew.\n\n3.7.3. Options\n\nSet faro=54 there."
    units = read(f"3.3. Rules\n\nNone.\n\n{settings}\n\n3.9.1. Aims\n\nPeace.\n")
    assert units["Set faro=54 there."] == ["3.7.3. Options", "3.7. /etc : Settings"]
    assert units["Peace."] == ["3.9.1. Aims"]


def test_a_numbered_question_alone_is_a_heading() -> None:
    units = read("1.1. What is a mooring?\n\nA place for a boat.\n\nIt costs 54.\n\n1.2. Who pays?\n\nThe owner.\n")
    assert units["It costs 54."] == ["1.1. What is a mooring?"]


BOXED = """5. Fees
-------

Paid at noon.

************************
*                      *
*  6. Damage           *
*  ---------           *
*                      *
*  Boats are left at   *
*  the risk of the     *
*  owner, who pays     *
*  54 euros. All else  *
*  is for the office.  *
*                      *
************************

7. Keys
-------

One each.
"""


def test_what_stands_in_a_box_is_read_by_sentence_under_its_title() -> None:
    units = read(BOXED)
    (told,) = (words for words in units if words.startswith("*  Boats are left"))
    assert told.endswith("54 euros.")
    assert [title.split("\n")[0].strip("* ") for title in units[told]] == ["6. Damage"]
    assert units["One each."] == ["7. Keys\n-------"]


def test_an_item_in_capitals_is_the_title_of_what_stands_below_it() -> None:
    rules = "1. Most Boats In A Harbour\n\n   By default 54.\n\n2. Bring a rope\n\n   It is long."
    text = f"# Limits\n\n{rules}\n\n3. Most Ropes On A Boat\n"
    made = outline(Document(text=text, source="x.md", kind="markdown"))
    titles = {text[unit.start : unit.end]: unit.title for unit in made.units(0, len(text)) if unit.kind == "item"}
    assert titles["1. Most Boats In A Harbour"] == "1. Most Boats In A Harbour"
    assert titles["2. Bring a rope"] == ""
    below = next(unit for unit in made.units(0, len(text)) if text[unit.start : unit.end] == "By default 54.")
    assert made.trail(below) == ("Limits", "1. Most Boats In A Harbour")


def test_what_a_plus_sign_joins_to_a_term_of_asciidoc_belongs_to_it() -> None:
    terms = "Main valve:: Opens left.\n+\nIt needs 12 turns.\nBleed valve:: Opens right.\n+\nIt needs 5 turns.\n"
    text = f"== Valves\n\n{terms}"
    units = read(text, "asciidoc")
    assert list(units)[1:] == [
        "Main valve:: Opens left.\n+\nIt needs 12 turns.",
        "Bleed valve:: Opens right.\n+\nIt needs 5 turns.",
    ]
    assert "std::move is a call." in read("std::move is a call.\n", "asciidoc")


@pytest.mark.parametrize("name", ["{}\nHarbour Street {}\n0154 {}", "[{} {}, {}]", "{} {}{}"])
def test_keys_stand_under_the_name_and_address_above_them(name: str) -> None:
    towns = (("Faro", 7), ("Lagos", 18), ("Sines", 92))
    text = "\n\n".join(f"{name.format(town, n, town)}\nPhone: 55 {n}\nOpen: 9-{n}" for town, n in towns)
    assert above(text, "Phone: 55 18") == [name.format("Lagos", 18, "Lagos")]


def test_terms_above_indented_parts_of_a_manual_page_stand_with_them() -> None:
    text = """.SH RULES
.PP
Each boat has a rank\\&. It pays by it:
.PP
rank 7
.RS 4
for boats that belong to the harbour
.RE
.PP
rank 18
.RS 4
for boats that only call there
.RE
.PP
The rank is set by the master\\&. He may change it\\&.
"""
    units = read(text)
    assert ".PP\nrank 18\n.RS 4\nfor boats that only call there\n.RE" in units
    assert "It pays by it:" in units
