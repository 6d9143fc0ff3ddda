"""Fenced code of Markdown, and what is said at the head of a file: lines between two lines of marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxpipe.compress.text.prose.lines import lines_with, matching

_LINE = re.compile(
    r"^[ \t]*(?P<begun>(?:(?:[-*+>]|\d{1,3}[.)])[ \t]+)*)(?P<mark>`{3,}|~{3,})(?P<rest>[^\n]*)$", re.MULTILINE
)
"""A fence, which may begin an item of a list or a quotation."""
_OPENS = re.compile(r"[ \t]*(?P<info>[\w+#.-]*)[^`]*")
_CLOSES = re.compile(r"[`~]*[ \t]*")
_FRONT = re.compile(
    r"(?P<open>---|\+\+\+)[ \t]*\n[\w\"'][\w\"' -]*[ \t]*[:=][^\n]*\n"
    r"(?:[^\n]*\S[^\n]*\n){0,200}?(?P<close>(?P=open))[ \t]*$",
    re.MULTILINE,
)
_LONGEST = 4
"""Marks of a usual fence."""


_LISTING = re.compile(r"^(?P<mark>-{4,}|\.{4,})[ \t]*$", re.MULTILINE)


class Fence(NamedTuple):
    """Fenced code, as character offsets.

    Attributes:
        start, opened: The line that opens it.
        closing, end: The line that closes it.
        info: The language that the first line names; empty if it names none.
    """

    start: int
    opened: int
    closing: int
    end: int
    info: str


def fences(text: str, marks: str) -> Iterator[Fence]:
    """The fenced code of a text, in order.

    Args:
        text: The text.
        marks: The characters that fences are made of.
    """
    found = matching(_LINE, text, lines_with(text, *(3 * mark for mark in marks)))
    lines = [line for line in found if line["mark"][0] in marks and not _underlines(text, line)]
    # Fewest marks of each kind that nothing below closes: a text of opening lines alone takes no time.
    open_for_good: dict[str, int] = {}
    at = 0
    while at < len(lines):
        line, at = lines[at], at + 1
        mark, opens = line["mark"], _OPENS.fullmatch(line["rest"])
        if opens is None or len(mark) >= open_for_good.get(mark[0], len(mark) + 1):
            continue
        closing = next((i for i in range(at, len(lines)) if _closes(lines[i], mark)), None)
        if closing is None:
            open_for_good[mark[0]] = len(mark)
            continue
        yield Fence(*line.span(), *lines[closing].span(), opens["info"])
        at = closing + 1


def listings(text: str) -> Iterator[Fence]:
    """Listings of AsciiDoc, in order: code between two lines of the same hyphens or dots."""
    opened: re.Match[str] | None = None
    for line in _LISTING.finditer(text):
        if opened is None:
            opened = line
        elif line["mark"] == opened["mark"]:
            yield Fence(*opened.span(), *line.span(), "")
            opened = None


def front_matter(text: str) -> Fence | None:
    """What is said of a file at its head, in YAML or TOML; None where it begins otherwise."""
    found = _FRONT.match(text)
    if found is None:
        return None
    language = "yaml" if found["open"] == "---" else "toml"
    return Fence(*found.span("open"), *found.span("close"), language)


def is_underlined(title: str, mark: str) -> bool:
    """Whether tildes stand below a title of the same length, as in reStructuredText; fences are mostly shorter."""
    return mark[0] == "~" and len(title) == len(mark) > _LONGEST


def _underlines(text: str, line: re.Match[str]) -> bool:
    end = max(0, line.start() - 1)
    return not line["rest"].strip() and is_underlined(text[text.rfind("\n", 0, end) + 1 : end].strip(), line["mark"])


def _closes(line: re.Match[str], mark: str) -> bool:
    alone = not line["begun"].strip("> \t")
    return alone and line["mark"].startswith(mark) and _CLOSES.fullmatch(line["rest"]) is not None
