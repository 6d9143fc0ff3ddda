"""What an indented block of prose stands under: a term, a directive, a list item or an introduction."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import regex

from ctxpipe.compress.text.prose.records import begins_record

DIRECTIVE = re.compile(r"[ \t]*\.\.[ \t]+(?:[\w.+-]+:)?[\w.+-]+::(?:[ \t]+(?P<argument>\S[^\n]*))?")
"""The first line of a directive of reStructuredText."""
CODE_DIRECTIVE = re.compile(r"[ \t]*\.\.[ \t]+(?:code(?:-block)?|sourcecode|parsed-literal|testcode)::")
_SPACES = re.compile(r"[ \t]*")
_TAGGED = re.compile(
    r"((?=\S*[^\W\d])(?:\S+(?: \S+){0,5}(?=[ ]{2})|[^\s:]+(?: [^\s:]+){0,5}:(?=[ ]\S)))[ ]+(?=\S)(?!.*\S[ ]{3})"
)
"""A term with a letter and its definition, which has no further columns; a gap or a colon parts them."""
_YEAR = r"(?:\p{L}{3,9}\.?[ ])?(?:\d{1,2}[./])?\d{4}"
_TIME = r"\d{1,2}:\d{2}"
_DATED = regex.compile(
    rf"(?:{_YEAR}(?:[ ]?[-–—][ ]?(?:{_YEAR}|\p{{L}}{{3,12}}))?|{_TIME}(?:[ ]?[-–—][ ]?{_TIME})?)[ ]{{2,}}(?=\S)"
)
"""Years or a time at the head of what happened then."""
_LONGEST_TERM = 60
_SHORT_TERM = 40
_SHORT = 0.75
"""Share of a definition's width that its term stays below."""


def _is_named(head: str, value: str) -> bool:
    return len(head) <= _SHORT_TERM and head[-1] not in ".,;-" and not value[0].islower()


class Term(NamedTuple):
    """A line by index and the lines below it that are indented further, ``end`` exclusive."""

    line: int
    end: int


class Tagged(NamedTuple):
    """A term whose definition begins on its line.

    Attributes:
        line, end: Its line and the end of its definition, exclusive, by index.
        tag, text: Where in the line the term ends and the definition begins.
    """

    line: int
    end: int
    tag: int
    text: int


class Indents:
    """The places that further indented blocks stand under, outermost first."""

    def __init__(self) -> None:
        self._open: list[tuple[int, int]] = []

    def under(self, indent: int) -> int:
        """``start`` of the unit that a block with this indentation stands under, or -1; closes what it ends."""
        while self._open and self._open[-1][0] >= indent:
            self._open.pop()
        return self._open[-1][1] if self._open else -1

    def ends_at(self) -> int:
        """The indentation up to which a line ends the innermost place; -1 when none is open."""
        return self._open[-1][0] if self._open else -1

    def open(self, indent: int, start: int) -> None:
        """Let further indented blocks stand under the unit at ``start``."""
        self.under(indent)
        self._open.append((indent, start))

    def clear(self) -> None:
        """Close all places, as a heading does."""
        self._open.clear()


def indent_of(text: str, start: int) -> int:
    """Indentation in columns of the line that ``start`` is in."""
    line = text.rfind("\n", 0, start) + 1
    if text[line : line + 1] not in " \t":
        return 0
    spaces = _SPACES.match(text, line)
    return len(spaces[0].expandtabs()) if spaces else 0


def colon_terms(lines: Sequence[str]) -> list[list[int]]:
    """The definitions of Markdown in a block: for each the term's line, those that begin definitions, and the end.

    Args:
        lines: Lines of a block without blank lines, stripped.

    Returns:
        Lists of indices of lines, the end exclusive; empty when the block is none.
    """
    begins = [index for index, line in enumerate(lines) if line[:1] == ":" and line[1:2] in (" ", "\t")]
    if not begins or begins[0] != 1:
        return []
    definitions: list[list[int]] = [[0]]
    for index in begins:
        if index - 1 not in begins and index - 1 > definitions[-1][0] and len(lines[index - 1]) <= _LONGEST_TERM:
            definitions[-1].append(index - 1)
            definitions.append([index - 1])
        definitions[-1].append(index)
    definitions[-1].append(len(lines))
    return definitions


def wiki_terms(lines: Sequence[str]) -> list[list[int]]:
    """The same as ``colon_terms`` for MediaWiki: ``;`` begins a term, ``:`` a definition."""
    if lines[0][0] != ";" or any(line[0] not in ";:" for line in lines) or all(line[0] == ";" for line in lines):
        return []
    terms = [index for index, line in enumerate(lines) if line[0] == ";"]
    return [[a, *range(a + 1, b), b] for a, b in itertools.pairwise([*terms, len(lines)])]


def tagged(lines: Sequence[str], indents: Sequence[int], below: int) -> list[Tagged]:
    """The terms of a block whose definitions begin on the same line, at the column of all lines that go on with them.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.
        below: Indentation of the line after the block; it must go on with a block of one line.

    Returns:
        Empty for a block that is none, or in which no line goes on with another.
    """
    least = indents[0]
    column = min((indent for indent in indents if indent > least), default=below)
    firsts = [index for index, indent in enumerate(indents) if indent <= least]
    if column <= least or (len(indents) == len(firsts) > 1):
        return []
    terms: list[Tagged] = []
    for index, end in itertools.pairwise([*firsts, len(lines)]):
        match = _TAGGED.match(lines[index])
        if match is None or least + match.end() != column or indents[index] < least:
            return []
        terms.append(Tagged(index, end, match.end(1), match.end()))
    return terms


def dated(lines: Sequence[str], indents: Sequence[int]) -> list[int]:
    """The lines at which entries begin with years or a time, beside which their other lines are, and the end.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.

    Returns:
        Empty for a block that is none, or in which no line goes on with another.
    """
    if "  " not in lines[0] or not _DATED.match(lines[0]) or max(indents) <= indents[0]:
        return []
    firsts = [index for index, indent in enumerate(indents) if indent <= indents[0]]
    for index in firsts:
        match = _DATED.match(lines[index])
        below = indents[index + 1 :][: 1 if index + 1 not in firsts else 0]
        if match is None or any(indent != indents[0] + match.end() for indent in below):
            return []
    return [*firsts, len(lines)]


def terms(lines: Sequence[str], indents: Sequence[int]) -> list[Term]:
    """The terms of a block's lines with what is indented below them; empty when it is no list of definitions.

    A term is short beside its definition, ends in a colon, or begins like a record (a log line above its stack trace).
    A block whose first line alone is less indented is a wrapped paragraph unless that line is short.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.
    """
    least = min(indents, default=0)
    if not lines or indents[0] != least or max(indents) == least:
        return []
    firsts = [index for index, indent in enumerate(indents) if indent == least]
    listed = [Term(a, b) for a, b in itertools.pairwise([*firsts, len(lines)])]
    defined = [term for term in listed if any(any(map(str.isalnum, line)) for line in lines[term.line + 1 : term.end])]
    width = max(map(len, lines))
    heads = [lines[term.line] for term in defined]
    named = [head for head in heads if len(head) < _SHORT * width or head.endswith(":") or begins_record(head)]
    if len(named) < len(defined) and len(defined) > 1:
        # Values may be no longer than what they are values of.
        below = [lines[term.line + 1] for term in defined]
        named = [head for head, value in zip(heads, below, strict=True) if _is_named(head, value)]
    return listed if 2 * len(defined) >= len(listed) and len(named) == len(defined) else []
