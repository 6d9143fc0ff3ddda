"""Patterns of lines that are tried only on lines that may match."""

from __future__ import annotations

import re

import pytest
import regex

from ctxpipe.compress.text.prose.lines import LinePattern, first_words, lines_with, matching


@pytest.mark.parametrize("text", ["# one\n# two\n\n# three", "\n# one\nnone\n # two", "none", "", "#\n#\n\n#"])
def test_the_matches_are_those_of_the_pattern_itself(text: str) -> None:
    line = re.compile(r"^#[ \t]*(\w*)(?:\n|\Z)", re.MULTILINE)
    assert [m.span() for m in LinePattern(line, "#").finditer(text)] == [m.span() for m in line.finditer(text)]


def test_letters_of_any_script_open_lines() -> None:
    line = regex.compile(r"^\p{Lu}+$", regex.MULTILINE)
    assert [m[0] for m in LinePattern(line, r"\p{Lu}").finditer("ÉLAN\nsmall\nТЕКСТ")] == ["ÉLAN", "ТЕКСТ"]


def test_a_line_that_belongs_to_a_match_begins_no_other() -> None:
    two = re.compile(r"^a\na", re.MULTILINE)
    assert [m.start() for m in matching(two, "a\na\na\na", [0, 2, 4, 6])] == [0, 4]


def test_lines_are_found_by_their_words_once_and_in_order() -> None:
    assert lines_with("b\na a\nnone\na b", "a", "b") == [0, 2, 11]


def test_first_words_stand_behind_three_spaces_at_most() -> None:
    assert list(first_words("one two\n   three\n    four\n\nfive")) == [(0, "one"), (8, "three"), (27, "five")]
