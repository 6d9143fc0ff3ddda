"""Styles of an OpenDocument file that change what is read: numbered lists, hidden sheets, words struck through."""

from __future__ import annotations

from typing import NamedTuple
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesNSImpl

_LONGEST_NUMBER = 5
_LONGEST_SIGN = 20


class ListLevel(NamedTuple):
    """How a list style numbers the items of a level."""

    format: str
    prefix: str
    suffix: str
    start: int
    shown: int
    """Levels whose numbers are shown, this one included."""


class OdfStyles(ContentHandler):
    """Collects styles; the content's own come before its text."""

    def __init__(self) -> None:
        super().__init__()
        self._levels: dict[tuple[str, int], ListLevel] = {}
        self._hidden: set[str] = set()
        self._struck: set[str] = set()
        self._name = ""

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl) -> None:  # noqa: N802 - a name of the standard library
        """Take up the start of an element."""
        tag, given = name[1], {key[1]: value for key, value in attrs.items()}
        if tag in ("list-style", "style"):
            self._name = given.get("name", "")
        elif tag == "list-level-style-number" and given.get("num-format"):
            self._levels[self._name, whole(given.get("level")) or 1] = ListLevel(
                given["num-format"],
                given.get("num-prefix", "").strip()[:_LONGEST_SIGN],
                given.get("num-suffix", "").strip()[:_LONGEST_SIGN],
                1 if (start := whole(given.get("start-value"))) is None else start,
                whole(given.get("display-levels")) or 1,
            )
        elif tag == "table-properties" and given.get("display") == "false":
            self._hidden.add(self._name)
        elif tag == "text-properties" and given.get("text-line-through-style", "none") != "none":
            self._struck.add(self._name)

    def level(self, style: str, level: int) -> ListLevel | None:
        """How a list style numbers the items of a level; None where it does not."""
        return self._levels.get((style, level))

    def is_hidden(self, style: str) -> bool:
        """Whether a sheet of this style is hidden."""
        return style in self._hidden

    def is_struck(self, style: str) -> bool:
        """Whether words of this style are struck through."""
        return style in self._struck


def whole(value: str | None) -> int | None:
    """A number of an attribute; None for anything else, or one that no document needs."""
    return int(value) if value and value.isdecimal() and len(value) <= _LONGEST_NUMBER else None
