"""What of a long text is the question, and what is the material that it asks about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ctxpipe.compress.chat.shape import is_result, texts

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_LINE = re.compile(r"\n")
_AROUND = 1_000
"""Most characters of a paragraph that counts as question or instruction."""
_LONGEST = 2_000
_TAIL = 500


class QuestionParts(NamedTuple):
    """A text in three; ``head + body + tail`` is the text.

    Attributes:
        head: Instructions before the material, or nothing.
        body: The material.
        tail: The question after it, or nothing.
    """

    head: str
    body: str
    tail: str

    @property
    def question(self) -> str:
        """What is asked about the body."""
        said = "\n".join(part.strip() for part in (self.head, self.tail) if part.strip())
        return said[-_LONGEST:] if said else self.body[-_TAIL:]


def parted(text: str) -> QuestionParts:
    """Tell short first and last paragraphs (or lines) from the long material between them."""
    for gap in (_PARAGRAPH, _LINE):
        places = [match.end() for match in gap.finditer(text.rstrip())]
        if not places:
            continue
        start = places[0] if places[0] <= _AROUND else 0
        end = places[-1] if len(text) - places[-1] <= _AROUND else len(text)
        if start < end and (start or end < len(text)):
            return QuestionParts(text[:start], text[start:end], text[end:])
    return QuestionParts("", text, "")


def last_asked(messages: Sequence[Mapping[str, Any]]) -> int:
    """Index of the last user turn; -1 if there is none."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].get("role") == "user" and not is_result(messages[index]):
            return index
    return -1


def asked_last(messages: Sequence[Mapping[str, Any]]) -> range:
    """Indices of the last user turn: the last user message, and those right before it."""
    last = first = last_asked(messages)
    while first > 0 and messages[first - 1].get("role") == "user" and not is_result(messages[first - 1]):
        first -= 1
    return range(max(first, 0), last + 1)


def question_of(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """The last user turn as a question: of a long one, what surrounds its material; None if it says nothing."""
    said = [text for index in asked_last(messages) for text in texts(messages[index]) if text.strip()]
    if not said:
        return None
    short = [text for text in said if len(text) <= _LONGEST]
    return "\n".join(short)[-_LONGEST:] if short else parted(said[-1]).question
