"""A heading of prose."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ctxpipe.compress.text.sentences import trim

_STOPPED = re.compile(r"[.!?,;:…。！？，；：]$")


class Heading(NamedTuple):
    """A heading: offsets of its lines with their markup, its level (lower stands above higher), its words."""

    start: int
    end: int
    level: int
    title: str


def matches(pattern: object, text: str, read: Callable[[re.Match[str]], tuple[int, str]]) -> Iterator[Heading]:
    """The matches of a pattern as headings, whose level and words ``read`` gives."""
    for match in pattern.finditer(text):  # type: ignore[attr-defined]  # two libraries' patterns share no type
        level, title = read(match)
        start, end = trim(text, *match.span())
        yield Heading(start, end, level, " ".join(title.split()))


def begins_paragraph(text: str, start: int) -> bool:
    """Whether a line stands at the beginning or below a blank line."""
    before = text[max(0, start - 80) : start].rstrip(" \t\r")
    return not before or before.endswith("\n\n") or before.replace("\r", "").rstrip(" \t").endswith("\n\n")


def is_stopped(words: str) -> bool:
    """Whether words end in a stop, a comma or a colon, as titles do not."""
    return _STOPPED.search(words) is not None
