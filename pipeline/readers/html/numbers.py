"""Numbers of the items of an ordered list, as a browser shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.pipeline.readers.list_numbers import list_number

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_LONGEST = 6
"""Digits of a number that a page may begin with."""


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
        return f"{list_number(number, self._type)}."


def _whole(value: str | None, default: int) -> int:
    value = (value or "").strip()
    return int(value) if value.removeprefix("-").isdecimal() and len(value) <= _LONGEST else default
