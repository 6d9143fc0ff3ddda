"""Numbers of the items of an ordered list, as a browser shows them."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from ctxpipe.pipeline.readers.roman import roman

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_LONGEST = 6
"""Digits of a number that a page may begin with."""
_MOST_ROMAN = 3999


class ListNumbers:
    """Counts the items of one ``ol`` element, by its attributes ``type``, ``start`` and ``reversed``.

    Args:
        node: The element.
    """

    def __init__(self, node: LexborNode) -> None:
        self._type = node.attributes.get("type") or "1"
        self._step = -1 if "reversed" in node.attributes else 1
        items = sum(child.tag == "li" for child in node.iter()) if self._step < 0 else 1
        self._number = _whole(node.attributes.get("start"), items)

    def next(self, item: LexborNode) -> str:
        """The number of the next item with the stop behind it; its own ``value`` comes before the count."""
        number = _whole(item.attributes.get("value"), self._number)
        self._number = number + self._step
        return f"{_shown(number, self._type)}."


def _whole(value: str | None, default: int) -> int:
    value = (value or "").strip()
    return int(value) if value.removeprefix("-").isdecimal() and len(value) <= _LONGEST else default


def _shown(number: int, style: str) -> str:
    if style in ("a", "A") and number > 0:
        shown = _letters(number)
    elif style in ("i", "I") and 0 < number <= _MOST_ROMAN:
        shown = roman(number)
    else:
        return str(number)
    return shown.upper() if style.isupper() else shown


def _letters(number: int) -> str:
    shown = ""
    while number:
        number, letter = divmod(number - 1, 26)
        shown = string.ascii_lowercase[letter] + shown
    return shown
