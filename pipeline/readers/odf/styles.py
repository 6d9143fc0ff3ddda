"""Styles of an OpenDocument file that change what is read: numbered lists, hidden sheets, words struck through."""

from __future__ import annotations

from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesNSImpl


class OdfStyles(ContentHandler):
    """Collects styles; the content's own come before its text."""

    def __init__(self) -> None:
        super().__init__()
        self._numbered: set[tuple[str, int]] = set()
        self._hidden: set[str] = set()
        self._struck: set[str] = set()
        self._name = ""

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl) -> None:  # noqa: N802 - a name of the standard library
        """Take up the start of an element."""
        tag, given = name[1], {key[1]: value for key, value in attrs.items()}
        if tag in ("list-style", "style"):
            self._name = given.get("name", "")
        elif tag == "list-level-style-number" and given.get("num-format"):
            self._numbered.add((self._name, int(given.get("level", "1"))))
        elif tag == "table-properties" and given.get("display") == "false":
            self._hidden.add(self._name)
        elif tag == "text-properties" and given.get("text-line-through-style", "none") != "none":
            self._struck.add(self._name)

    def is_numbered(self, style: str, level: int) -> bool:
        """Whether a list style numbers the items of a level."""
        return (style, level) in self._numbered

    def is_hidden(self, style: str) -> bool:
        """Whether a sheet of this style is hidden."""
        return style in self._hidden

    def is_struck(self, style: str) -> bool:
        """Whether words of this style are struck through."""
        return style in self._struck
