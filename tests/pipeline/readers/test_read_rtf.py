"""Rich text: words in every encoding, headings, tables, lists, and damage."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Pipeline
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.rtf import RtfReader

RULES = (
    r"{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0 Arial;}}{\stylesheet{\s1\outlinelevel0 heading 1;}}{\header Faro\par}"
    r"\pard\s1\outlinelevel0\b Harbour rules\b0\par\pard\plain The fee is 54 \'80 for K\'e4the \u8211? again.\par "
    r"It goes on. And on.\par\pard\s2\outlinelevel1 Costs\par\pard\trowd\cellx100\cellx200 Ship\cell Fee\cell\row"
    r"\trowd Gull\cell 54\cell\row\pard{\listtext\'B7\tab}first\par{\listtext\'B7\tab}second\par\pard The end.\par}"
)


def loaded(data: str | bytes, name: str = "a.rtf") -> Document:
    return load(data.encode("latin-1") if isinstance(data, str) else data, source="a.rtf", name=name)


def test_rich_text() -> None:
    found = loaded(RULES)
    assert found.text == (
        "Harbour rules\n\nThe fee is 54 € for Käthe – again.\n\nIt goes on. And on.\n\nCosts\n\n"
        "| Ship | Fee |\n| --- | --- |\n| Gull | 54 |\n\n- first\n- second\n\nThe end."
    )
    assert [(found.text[a:b], level) for a, b, level in found.headings] == [("Harbour rules", 1), ("Costs", 2)]
    assert (found.kind, found.title) == ("text", "Harbour rules")


def test_what_is_kept_stands_under_its_headings() -> None:
    kept = Pipeline(rank="bm25").compress(loaded(RULES), question="What is the fee of Gull?", budget=40).text
    assert (
        kept.index("Harbour rules") < kept.index("Costs") < kept.index("| Ship | Fee |") < kept.index("| Gull | 54 |")
    )


@pytest.mark.parametrize(
    "note",
    [
        r"{\super {\footnote Not for boats above 17 m.}}",
        r"{\super\chftn}{\footnote\pard\plain\s15 {\super\chftn } Not for boats {\b above} 17 m.\par}",
        r"{\*\footnote Not for boats above 17 m.}",
    ],
)
def test_a_footnote_stands_where_it_is_called(note: str) -> None:
    text = loaded(rf"{{\rtf1\ansi A mooring costs 54 euros.{note}\par It is paid \{{here\}}.\par}}").text
    first, second = text.split("\n\n")
    assert " ".join(first.split()) == "A mooring costs 54 euros. [Footnote: Not for boats above 17 m.]"
    assert second == "It is paid {here}."


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        (r"{\*\atnid MK}{\*\atnauthor Mia Kern}\chatn ", "[Comment by Mia Kern: Ask the council.]"),
        (r"{\*\atnid MK}{\*\atnauthor K\'e4the\~Kern}{\chatn}", "[Comment: Ask the council.]"),
        (r"{\*\atnid MK}", "[Comment: Ask the council.]"),
    ],
)
def test_a_comment_stands_where_it_was_made(author: str, expected: str) -> None:
    note = author + r"{\*\annotation{\*\atnref 1}\pard\plain {\chatn }Ask the {\b council}.}"
    text = loaded(rf"{{\rtf1\ansi A mooring costs 54 euros.{note}\par It is paid here.\par}}").text
    first, second = text.split("\n\n")
    assert " ".join(first.split()) == f"A mooring costs 54 euros. {expected}"
    assert second == "It is paid here."


def test_footnotes_without_an_end_take_no_time() -> None:
    assert "Faro" in loaded(r"{\rtf1\ansi Faro\par " + r"{\footnote " * 20_000 + "}").text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (r"A mooring costs {\strike 49} 54 euros.", "A mooring costs ~~49~~ 54 euros."),
        (r"It is \strike 49 \strike0 54 euros.", "It is ~~49~~ 54 euros."),
        (r"\strike\b Old\par older\plain  new", "~~Old~~\n\n~~older~~ new"),
        (r"{\deleted Dogs are free. \'e4\u228?}Dogs pay.", "Dogs pay."),
        (r"\deleted gone\plain  stays \{\strike0 here\}", "stays {here}"),
    ],
)
def test_what_was_deleted_is_not_read_and_what_is_struck_through_is_marked(markup: str, expected: str) -> None:
    assert loaded(rf"{{\rtf1\ansi {markup}\par}}").text.replace("~~ ~~", "~~~~") == expected


def test_rich_text_is_known_by_its_content() -> None:
    assert loaded(RULES, "").text == loaded(RULES).text


@pytest.mark.parametrize("data", [b"words", b"{\\rt", b"\x89PNG\r\n", b"PK\x03\x04"])
def test_what_is_no_rich_text_is_one_line(data: bytes) -> None:
    with pytest.raises(ReadError, match=r"not a \.rtf file, or damaged"):
        loaded(data)


def test_damage_gives_a_document_or_one_line() -> None:
    rng = random.Random(5)
    for _ in range(200):
        data = bytearray(RULES.encode())
        for _ in range(rng.randint(1, 30)):
            data[rng.randrange(5, len(data))] = rng.randrange(256)
        try:
            loaded(bytes(data[: rng.randint(20, len(data))]))
        except ReadError as error:
            assert "\n" not in str(error)


def test_nesting_however_deep() -> None:
    assert loaded("{\\rtf1 " + "{" * 200_000 + "deep" + "}" * 200_000 + "}").text == "deep"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="{}\\|"), max_size=40))
def test_any_words_are_read(words: str) -> None:
    escaped = "".join(c if c.isascii() else "".join(f"\\u{u}?" for u in units(c)) for c in words)
    found = RtfReader().read(f"{{\\rtf1\\uc1 A {escaped} Z\\par}}".encode(), source="x").text
    assert "".join(found.split()) == "".join(f"A {words} Z".split())


def units(char: str) -> list[int]:
    raw = char.encode("utf-16-le")
    return [int.from_bytes(raw[i : i + 2], "little", signed=True) for i in range(0, len(raw), 2)]
