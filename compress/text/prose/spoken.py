"""Who says what: speakers of a conversation, and quoted lines of messages."""

from __future__ import annotations

from collections import Counter

import regex

_SPEAKER = regex.compile(
    r"(?:\*\*|__)?(?P<name>\p{L}[\p{L}\p{M}\p{N} .'’()-]{0,40}?)(?:\*\*|__)?[:：](?:\*\*|__)?[ \t\u3000]?(?=\S)"
)
_PARAGRAPH = regex.compile(r"(?:\A|\n[ \t]*\n)[ \t]*([^\n]{2,80})")
_MARKS = regex.compile(r"[ \t]*(?:>[ \t]?)+")
_FEWEST = 2


def speakers(text: str) -> regex.Pattern[str] | None:
    """What a turn of a conversation begins with; None for a text that is none.

    It is one when two or more speakers begin two or more paragraphs each.
    """
    found = (match for start in _PARAGRAPH.finditer(text) if (match := _SPEAKER.match(start[1])))
    counts = Counter(match["name"] for match in found)
    names = [name for name, count in counts.items() if count >= _FEWEST]
    return _SPEAKER if len(names) >= _FEWEST else None


def quote_depth(text: str, start: int) -> int:
    """How many marks of quotation a line begins with."""
    marks = _MARKS.match(text, start)
    return marks[0].count(">") if marks else 0
