"""Patterns of lines that are tried only on lines that may match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

import regex

_WORD, _NEXT_WORD = re.compile(r"[ \t]{0,3}(\S+)"), re.compile(r"\n[ \t]{0,3}(\S+)")


class Match(Protocol):
    """A match of one of the two libraries."""

    def end(self) -> int:
        """Where it ends."""
        ...


M = TypeVar("M", bound=Match, covariant=True)


class Pattern(Protocol[M]):
    """A pattern of one of the two libraries."""

    def match(self, string: str, pos: int = ..., /) -> M | None:
        """The match that begins at a place."""
        ...


class LinePattern(Generic[M]):
    """A pattern that begins with ``^``, tried only on lines that open in some way.

    A search for ``^`` tries the pattern at every character. A search for a newline and what follows it takes a fifth of
    that time.

    Args:
        line: The pattern.
        opening: Pattern that all its lines open with.
    """

    def __init__(self, line: Pattern[M], opening: str) -> None:
        self._line = line
        self._opening = (regex if r"\p" in opening else re).compile(rf"\n{opening}")

    def match(self, text: str, start: int = 0) -> M | None:
        """The match that begins at a place."""
        return self._line.match(text, start)

    def finditer(self, text: str) -> Iterator[M]:
        """The matches of a text, in order and disjoint."""
        return matching(self._line, text, self._starts(text))

    def _starts(self, text: str) -> Iterator[int]:
        yield 0
        for match in self._opening.finditer(text):
            yield match.start() + 1


def matching(line: Pattern[M], text: str, starts: Iterable[int]) -> Iterator[M]:
    """The matches of a pattern that begin at some places, in order and disjoint.

    Args:
        line: The pattern.
        text: The text.
        starts: Where it may match, in order.
    """
    end = 0
    for start in starts:
        if start >= end and (match := line.match(text, start)):
            yield match
            end = match.end()


def first_words(text: str) -> Iterator[tuple[int, str]]:
    """Where lines begin that are indented by up to three spaces, and the first word of each."""
    if first := _WORD.match(text):
        yield 0, first[1]
    for match in _NEXT_WORD.finditer(text):
        yield match.start() + 1, match[1]


def lines_with(text: str, *words: str) -> list[int]:
    """Where the lines begin that hold one of some words: a search for words is quicker than for any pattern."""
    starts: set[int] = set()
    for word in words:
        at = text.find(word)
        while at >= 0:
            starts.add(text.rfind("\n", 0, at) + 1)
            end = text.find("\n", at)
            at = text.find(word, end) if end >= 0 else -1
    return sorted(starts)
