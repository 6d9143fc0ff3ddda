"""Logical lines: a line with those that go on with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 600
"""Most characters that lines are joined to; what would be longer keeps its first line as a header."""
TAB = 8
_MOST = 40

_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`\n]*`')
_GOES_ON = re.compile(r"(?:\\|(?:^|[ \t])(?:[-+*/%&|^=?.]|&&|\|\||\+\+|\|>|<>|\.\.)|,)[ \t\r]*$")
_CLOSERS = (")", "]", "}")


class LogicalLine(NamedTuple):
    """A logical line.

    Attributes:
        start: Offset of its first character that is not whitespace.
        end: Its end, without trailing whitespace.
        indent: Width of the whitespace before it; a tab reaches to the next multiple of ``TAB``.
        comment: Whether it is a comment.
        after_blank: Whether a blank line stands before it.
    """

    start: int
    end: int
    indent: int
    comment: bool
    after_blank: bool


class Physical(NamedTuple):
    """A line of text that is not blank: offsets without the whitespace around it, and its indentation."""

    start: int
    end: int
    indent: int


def logical_lines(
    text: str, start: int, end: int, *, comment: str = "", description: str = ""
) -> Iterator[LogicalLine]:
    """The logical lines of ``text[start:end]``.

    A line goes on in the next where it leaves a round or square bracket open, or ends in a backslash, a comma or an
    operator.

    Args:
        text: The text.
        start, end: Offsets.
        comment: What begins a comment in the language; where that is not known, ``#``, ``//`` and ``/*`` do.
        description: What begins and ends text that describes what stands below it, like a comment; a line that is a
            string alone does so, too. Empty for none.
    """
    marks = (comment, "/*") if comment else ("#", "//", "/*")
    marks = (*marks, description) if description else marks
    at = start
    blank = loose = False
    while at < end:
        line = physical(text, at, end)
        at = after(text, at, end)
        if line is None:
            blank = True
            continue
        is_comment = text.startswith(marks, line.start) and not text.startswith(
            ("#if", "#e", "#def", "#inc"), line.start
        )
        is_comment = is_comment or bool(description and _TEXT.fullmatch(text, line.start, line.end))
        if is_comment:
            stop = _block_comment(text, line, end, description)
        else:
            stop, loose = _joined(text, line, at, end, marks[0], loose)
        if stop > line.end:
            at = after(text, stop, end)
        yield LogicalLine(line.start, stop, line.indent, is_comment, blank)
        blank = False


def after(text: str, at: int, end: int) -> int:
    """Where the line after the one of ``at`` begins; ``end`` when there is none."""
    found = text.find("\n", at, end)
    return end if found < 0 else found + 1


def physical(text: str, at: int, end: int) -> Physical | None:
    """The line at ``at``; None for a blank one."""
    stop = text.find("\n", at, end)
    line = text[at : end if stop < 0 else stop]
    words = line.strip()
    if not words:
        return None
    space = line[: len(line) - len(line.lstrip())]
    indent = len(space.expandtabs(TAB)) if "\t" in space else len(space)
    first = at + len(space)
    return Physical(first, first + len(words), indent)


def _block_comment(text: str, line: Physical, end: int, description: str) -> int:
    if text.startswith("/*", line.start):
        opening, closing = "/*", "*/"
    elif description and text.startswith(description, line.start):
        opening = closing = description
    else:
        return line.end
    closed = text.find(closing, line.start + len(opening), min(end, line.start + 100 * LONGEST))
    if closed < 0:
        return line.end
    stop = text.find("\n", closed, end)
    return line.start + len(text[line.start : end if stop < 0 else stop].rstrip())


def _joined(text: str, line: Physical, below: int, end: int, comment: str, loose: bool) -> tuple[int, bool]:
    """The end of the logical line that begins with ``line``, and whether the lines after it are members of a long list.

    Args:
        text: The text.
        line: The line.
        below: Where the next one begins.
        end: Where to stop.
        comment: What begins a comment.
        loose: Whether the line before was a member of a list too long to be one unit.
    """
    words = _bare(text[line.start : line.end], comment)
    opened = _opened(words)
    goes_on = _GOES_ON.search(words) is not None and not words.startswith(_CLOSERS)
    if words.endswith(("{", ":", "do", "then")) or words in ("[", "(") or not (opened > 0 or (goes_on and not loose)):
        return line.end, loose and goes_on
    beside = physical(text, below, end) if opened <= 0 and words.endswith(",") else None
    if beside is not None and beside.indent == line.indent:
        return line.end, False  # a member of a list, and the next one
    stop = line.end
    at = below
    joined = 0
    while at < end and at - line.start <= LONGEST and joined < _MOST:
        joined += 1
        follows = physical(text, at, end)
        if follows is None:
            if opened <= 0:
                return stop, False
            at = after(text, at, end)
            continue
        words = _bare(text[follows.start : follows.end], comment)
        if opened <= 0 and words.startswith(_CLOSERS):
            return stop, False
        opened += _opened(words)
        stop = follows.end
        at = after(text, follows.end, end)
        if opened <= 0 and (loose or not _GOES_ON.search(words) or words.endswith("{")):
            return stop, loose
    fits = at >= end and stop - line.start <= LONGEST and joined < _MOST
    return (stop, False) if fits else (line.end, True)


def _opened(words: str) -> int:
    return words.count("(") + words.count("[") - words.count(")") - words.count("]")


def _bare(words: str, comment: str) -> str:
    """A line without its strings and the comment at its end."""
    if len(words) > LONGEST:
        return ""
    bare = _TEXT.sub('""', words)
    found = re.search(r"(?:^|\s)" + re.escape(comment), bare)
    return bare[: found.start()].rstrip() if found else bare
