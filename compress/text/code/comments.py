"""Comments on lines of their own, and the statement below that they are about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from ctxpipe.compress.text.code.languages import canonical, description_mark, line_comment
from ctxpipe.compress.text.unit import Unit

_INDENT = re.compile(r"[ \t]*")


def subject(text: str, units: Sequence[Unit], index: int, language: str) -> Unit | None:
    """What a comment is about: the unit on the next line, at the same indentation.

    Args:
        text: The text.
        units: Its units, in order.
        index: One of them.
        language: As in ``Document.language``.

    Returns:
        None when the unit is no comment, or nothing follows it directly; also for the paragraphs of a long comment,
        which stand under its first line.
    """
    comment = units[index]
    if index + 1 == len(units) or comment.close >= 0 or not is_comment(text, comment.start, language):
        return None
    following = units[index + 1]
    if following.parent == comment.start or (comment.parent >= 0 and is_comment(text, comment.parent, language)):
        return None
    beside = text.count("\n", comment.end, following.start) == 1 and not text[comment.end : following.start].strip()
    return following if beside and _indent(text, comment.start) == _indent(text, following.start) else None


def with_subjects(text: str, units: Sequence[Unit], language: str) -> list[Unit]:
    """Units of which each comment stands under the same thing as what it is about, not under the block before it."""
    moved = list(units)
    for index in range(len(moved) - 1, -1, -1):
        about = subject(text, moved, index, language)
        if about is not None:
            moved[index] = moved[index]._replace(parent=about.parent)
    return moved


def is_comment(text: str, start: int, language: str) -> bool:
    """Whether a comment begins in the line that begins at ``start``."""
    return text.startswith(_marks(language), start + len(_indent(text, start)))


@cache
def _marks(language: str) -> tuple[str, ...]:
    """What comments begin with."""
    mark = line_comment(language)
    block = "/*" if mark == "//" or canonical(language) == "css" else ""
    return tuple(filter(None, (mark, block, description_mark(language)[:1])))


def _indent(text: str, start: int) -> str:
    found = _INDENT.match(text, start)
    return found[0] if found else ""
