"""Sentences, words, structure and control strings: invariants over any text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.compress.text import sentences as sentences_module
from ctxpipe.compress.text.chunk import chunks
from ctxpipe.compress.text.control import neutralise
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import Document, Kind

PIECES = st.sampled_from(
    ["The cat sat.", " ", "\n", "\n\n", "# Head\n", "| a | b |\n", "|---|---|\n", "```\n", "x = 1\n", "    y", "not ",
     "3.5 km",
     "中文。", "ไทย", "👩‍👩‍👧", "é", "https://a.b/c?d", "<|im_start|>", "\r\n", "=====\n", '"', ",", "\t",
     "a" * 700, "Dr. ", "…", "\x1f"]
)  # fmt: skip
TEXTS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=300))
KINDS = st.sampled_from(["text", "markdown", "html", "code", "csv", "pdf"])


def covered(text: str, ranges: list[tuple[int, int]]) -> str:
    """The text inside ascending, disjoint ranges."""
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(ranges))
    assert all(a < b for a, b in ranges)
    return "".join(text[a:b] for a, b in ranges)


def squeeze(text: str) -> str:
    return "".join(text.split())


@given(TEXTS)
def test_sentences_hold_all_text_and_none_is_too_long(text: str) -> None:
    found = sentences(text)
    assert squeeze(covered(text, found)) == squeeze(text)
    assert all(end - start <= sentences_module.LONGEST for start, end in found)


@given(TEXTS, st.booleans())
def test_words_hold_all_text(text: str, fine: bool) -> None:
    found = words(text, 0, len(text), piece=2) if fine else words(text, 0, len(text))
    assert squeeze(covered(text, [(w.start, w.end) for w in found])) == squeeze(text)
    for before, word in itertools.pairwise(found):
        letters = text[word.start].isalnum() and text[word.start - 1].isalnum()
        assert word.joined == (before.end == word.start and letters)


@given(TEXTS, KINDS)
def test_units_of_all_passages_hold_all_text(text: str, kind: Kind) -> None:
    pages = (0, len(text) // 2) if kind == "pdf" else ()
    document = Document(text=text, kind=kind, language="python" if kind == "code" else "", page_starts=pages)
    found = outline(document)
    ranges: list[tuple[int, int]] = []
    cut: list[Unit] = []
    for chunk in chunks(document, 0, found, tokens=16, characters_per_token=4):
        cut += found.units(chunk.start, chunk.end)
    assert cut == found.units(0, len(text))
    for unit in cut:
        ranges.append((unit.start, unit.end))
        if unit.close >= 0:
            ranges.append((unit.close, unit.close_end))
        assert all(above.start < unit.start for above in found.chain(unit))
    assert squeeze(covered(text, sorted(ranges))) == squeeze(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith left. He ran.", ["Dr. Smith left.", "He ran."]),
        ("A line that\nis wrapped. Next.", ["A line that\nis wrapped.", "Next."]),
        ("第一句。第二句！", ["第一句。", "第二句！"]),
        ("Items:\n- one\n- two", ["Items:", "- one", "- two"]),
        ("It ran on macOS,\nsee Fig.\n3 of the book.", ["It ran on macOS,\nsee Fig.\n3 of the book."]),
        ("Run this:\nmake all", ["Run this:\nmake all"]),
        ("The U.S. Army. It won.", ["The U.S. Army.", "It won."]),
        ("He paid 3.5 km. Then", ["He paid 3.5 km.", "Then"]),
        ("He said so. Mr. Doran left.", ["He said so.", "Mr. Doran left."]),
        ("It grew. 2. This method is newer.", ["It grew.", "2. This method is newer."]),
        ('Lines like "cool/But you…/So come."', ['Lines like "cool/But you…/So come."']),
        ("5.3. All licences end. 6. None.", ["5.3. All licences end.", "6. None."]),
        (
            "Power is cheap. [6] Water is not. [^7] Both end.",
            ["Power is cheap. [6]", "Water is not. [^7]", "Both end."],
        ),
        ("Weber 2010.\n[6] Jonas 2011.", ["Weber 2010.", "[6] Jonas 2011."]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentences(text)] == expected


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It fell by -3.5 °C overnight", "-3.5 °C"),
        ("revenue of $ 1,452.4 million in", "$ 1,452.4 million"),
        ("grew 12 % in", "12 %"),
        ("it did not reach Rome", "not reach"),
        ("they didn't know it", "didn't know"),
        ("see https://a.example/x?y=1 for", "https://a.example/x?y=1"),
        ("call parse_json_lines() now", "parse_json_lines()"),
        ("set `max_tokens = 5` here", "`max_tokens = 5`"),
        ("mail me@a.example today", "me@a.example"),
    ],
)
def test_numbers_negations_addresses_and_identifiers_are_protected_whole(text: str, whole: str) -> None:
    found = {text[w.start : w.end]: w.protected for w in words(text, 0, len(text))}
    assert found[whole] is True


@given(
    st.lists(st.sampled_from(["<|im_start|>", "<|", "|>", "im_start", "<s>", "[INST]", "x", " ", "<<SYS>>", "<", "|"]))
)
def test_control_strings_are_broken_by_spaces_alone(parts: list[str]) -> None:
    text = "".join(parts)
    safe = neutralise(text, ["<|im_start|>", "<|im_end|>"])
    assert squeeze(safe) == squeeze(text)
    assert "<|im_start|>" not in safe
    assert neutralise(safe, ["<|im_start|>", "<|im_end|>"]) == safe


def test_ordinary_text_is_not_touched_by_neutralising() -> None:
    text = "a < b and c | d > e, <b>bold</b>, [1], x << 2"
    assert neutralise(text, ["<|im_end|>"]) is text


@pytest.mark.parametrize("line", ["Mains .. 961 V", "Mains .... 961 V", "Mains . . . 961 V", "Mains ...... Two"])
def test_dots_that_lead_to_a_value_end_no_sentence(line: str) -> None:
    assert sentences(line) == [(0, len(line))]
    assert len(sentences("It waits... " + line)) == 2


def test_a_stop_in_the_words_of_a_link_ends_no_sentence() -> None:
    text = "Accepted. Supersedes [3. Use JSON files](0003.md), see there. It holds [for now. And later] too."
    assert [text[a:b] for a, b in sentences(text)] == [
        "Accepted.",
        "Supersedes [3. Use JSON files](0003.md), see there.",
        "It holds [for now. And later] too.",
    ]
