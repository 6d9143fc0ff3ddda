"""How items without indentation stand in one another: ``(i)`` below ``(b)``, by their kinds of numbers."""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBER = re.compile(r"[ \t]*\*{0,2}(\(?)(\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})([.)])")
_FIRST = {"digits": ("1",), "letters": ("a", "A"), "roman": ("i", "I")}


class Number(NamedTuple):
    """The kind of an item's number, with the signs around it, and the number."""

    kind: str
    around: str
    word: str


def number_of(item: str, above: Number | None) -> Number | None:
    """The number that an item begins with; None for bullets.

    Args:
        item: The item.
        above: The number of the item above on the same level; ``(i)`` is a letter after ``(h)``.
    """
    match = _NUMBER.match(item)
    if match is None:
        return None
    word = match[2]
    around = match[1] + match[3]
    if word.isdecimal():
        return Number("digits", around, word)
    case = "upper" if word[0].isupper() else "lower"
    follows = above is not None and above.kind == f"letters {case}" and len(word) == 1
    is_next = above is not None and follows and ord(word) - ord(above.word) == 1
    is_letter = len(word) == 1 and (word.lower() not in "ivx" or is_next)
    return Number(f"{'letters' if is_letter else 'roman'} {case}", around, word)


def begins(number: Number) -> bool:
    """Whether a number is the first of its kind."""
    return number.word in _FIRST[number.kind.partition(" ")[0]]
