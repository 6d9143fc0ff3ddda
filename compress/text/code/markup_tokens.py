"""Elements of XML as offsets. Entities stay as they are written, and nothing is fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ctxpipe.compress.text.code.page_templates import control_lines

_QUOTED = r"(?:\"[^\"<]*+(?:<(?![/!?A-Za-z])[^\"<]*+)*+\"|'[^'<]*+(?:<(?![/!?A-Za-z])[^'<]*+)*+')"
_TAGS = (
    r"<!--.*?(?:-->|\Z)|(?P<cdata><!\[CDATA\[.*?(?:\]\]>|\Z))|<\?.*?(?:\?>|\Z)|<!DOCTYPE[^\[>]*(?:\[.*?(?:\]\s*>|\Z)|>|\Z)"
    r"|</(?P<close>[^\s<>/]+)\s*>|<(?P<open>[A-Za-z_:][^\s<>/=\"']*+)(?P<rest>(?:[^<>\"']++|" + _QUOTED + r")*+)>"
)
_XML = re.compile(_TAGS, re.DOTALL)
_HTML = re.compile(
    r"(?P<raw><(?P<rawname>script|style)\b[^>]*>)(?P<body>.*?)(?P<rawclose></(?P=rawname)\s*>|\Z)|" + _TAGS,
    re.DOTALL | re.IGNORECASE,
)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_ATTRIBUTE = re.compile(r"(?:^|\s)(name|id|key|title)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)


@dataclass(slots=True)
class MarkupElement:
    """An element.

    Attributes:
        start, open_end: Offsets of its opening tag.
        name: Its tag's name.
        close, close_end: Offsets of its closing tag; -1 for an empty-element tag and one that is never closed.
        text: Characters of text right inside it.
        children: How many elements are right inside it; a script or style has one.
        parent: Index of the element that it is in, or -1.
        has_controls: Whether conditions of a template stand right inside it.
    """

    start: int
    open_end: int
    name: str
    parent: int
    close: int = -1
    close_end: int = -1
    text: int = 0
    children: int = 0
    has_controls: bool = False


class Event(NamedTuple):
    """Something in a document, in order.

    Attributes:
        kind: An opening or closing tag, text, the content of a script or style, or anything else (a comment, a
            declaration, a closing tag that closes nothing).
        start, end: Offsets.
        element: Index of the element that it opens or closes or is in, or -1.
    """

    kind: Literal["open", "close", "text", "raw", "other"]
    start: int
    end: int
    element: int


@dataclass(slots=True)
class Scan:
    """The elements and events of a document."""

    elements: list[MarkupElement] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def scan(text: str, start: int, end: int, *, html: bool = False) -> Scan:
    """Scan ``text[start:end]`` in one pass; what is no markup is text.

    Args:
        text: The text.
        start, end: Offsets.
        html: Whether ``<script>`` and ``<style>`` hold no markup and ``<br>`` and its kin are never closed.
    """
    return _MarkupScanner(text, html).run(start, end)


def called(text: str, element: MarkupElement) -> str:
    """An element's title: its tag, with the attribute that names it (``service mailer``)."""
    attributes = {m[1].lower(): m[2] or m[3] or "" for m in _ATTRIBUTE.finditer(text, element.start, element.open_end)}
    name = next((attributes[key] for key in ("name", "id", "key", "title") if attributes.get(key)), "")
    return " ".join(f"{element.name} {name}".split())[:100]


class _MarkupScanner:
    def __init__(self, text: str, html: bool) -> None:
        self.text = text
        self.html = html
        self.controls = control_lines(text) if html else None
        self.scan = Scan()
        self.stack: list[int] = []
        self.open: dict[str, int] = {}

    def run(self, start: int, end: int) -> Scan:
        at = start
        for match in (_HTML if self.html else _XML).finditer(self.text, start, end):
            if self.html and match[0].startswith("<?="):
                continue  # a value in the sentence around it
            self._text(at, match.start())
            at = match.end()
            self._markup(match)
        self._text(at, end)
        return self.scan

    def _markup(self, match: re.Match[str]) -> None:
        groups = match.groupdict()
        if groups.get("raw"):
            self._open(match.start(), match.end("raw"), match["rawname"], False)
            self.scan.elements[-1].children = 1
            self.scan.events.append(Event("raw", *match.span("body"), self.stack[-1]))
            self._close(*match.span("rawclose"), match["rawname"])
        elif groups["cdata"]:
            self._text(*match.span())
        elif groups["open"]:
            is_empty = match["rest"].endswith("/") or (self.html and match["open"].lower() in _VOID)
            self._open(*match.span(), match["open"], is_empty)
        elif groups["close"]:
            self._close(*match.span(), match["close"])
        else:
            self._add("other", *match.span())

    def _add(self, kind: Literal["open", "close", "text", "raw", "other"], start: int, end: int) -> None:
        self.scan.events.append(Event(kind, start, end, self.stack[-1] if self.stack else -1))

    def _text(self, start: int, end: int) -> None:
        at = start
        for control in self.controls.finditer(self.text, start, end) if self.controls else ():
            self._words(at, control.start())
            self._add("other", *control.span())
            at = control.end()
            if self.stack:
                self.scan.elements[self.stack[-1]].has_controls = True
        self._words(at, end)

    def _words(self, start: int, end: int) -> None:
        length = len(self.text[start:end].strip())
        if length:
            self._add("text", start, end)
            if self.stack:
                self.scan.elements[self.stack[-1]].text += length

    def _open(self, start: int, end: int, name: str, is_empty: bool) -> None:
        parent = self.stack[-1] if self.stack else -1
        if parent >= 0:
            self.scan.elements[parent].children += 1
        index = len(self.scan.elements)
        self.scan.elements.append(MarkupElement(start, end, name, parent))
        self.scan.events.append(Event("open", start, end, index))
        if not is_empty:
            self.stack.append(index)
            self.open[name] = self.open.get(name, 0) + 1

    def _close(self, start: int, end: int, name: str) -> None:
        if not self.open.get(name):
            self._add("other", start, end)
            return
        while True:
            index = self.stack.pop()
            element = self.scan.elements[index]
            self.open[element.name] -= 1
            if element.name == name:
                element.close, element.close_end = start, end
                self.scan.events.append(Event("close", start, end, index))
                return
