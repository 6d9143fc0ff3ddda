"""Units of XML: elements under elements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ctxpipe.compress.text.code.marks import Marks
from ctxpipe.compress.text.code.markup_tables import whole_part
from ctxpipe.compress.text.code.markup_tokens import Event, MarkupElement, Scan, called, scan
from ctxpipe.compress.text.code.paragraphs import LONG, mark_paragraphs
from ctxpipe.compress.text.sentences import sentences

_TAG = re.compile(r"<[^<>]*>")
_NAMES = frozenset(("name", "id", "key", "title"))
_MOST_HEADS = 4
_PROSE = 0.2
"""Share of text right inside a long element from which the elements within it are parts of its sentences."""


@dataclass(slots=True)
class _OpenElement:
    """An element that others stand under.

    Attributes:
        unit: Its opening tag.
        below: The unit that its next child stands under: the tag, or the child that names it.
        naming: The tag of that child.
        children: How many children it has had so far.
        may_head: How many more of them may be captions or heads of a table that the rest stands under.
    """

    unit: int
    below: int
    naming: str = ""
    children: int = 0
    may_head: int = _MOST_HEADS


@dataclass(slots=True)
class _Markup:
    marks: Marks
    scan: Scan
    raw: Callable[[int, int, int, str], None]
    open: dict[int, _OpenElement] = field(default_factory=dict)
    until: int = -1

    def run(self) -> None:
        for event in self.scan.events:
            if event.start < self.until:
                continue
            if event.kind == "open":
                self._element(event.element)
            elif event.kind == "close":
                self._close(event)
            elif event.kind == "text":
                self._text(event.start, event.end, self._above(event.element))
            elif event.kind == "raw":
                name = self.scan.elements[event.element].name.lower()
                self.raw(event.start, event.end, self._above(event.element), name)
            elif (
                self.marks.text.startswith("<?php", event.start)
                and self.marks.text.find("\n", event.start, event.end) >= 0
            ):
                self.raw(event.start, event.end, self._above(event.element), "php")
            else:
                mark_paragraphs(self.marks, event.start, event.end, self._above(event.element), exact=True)

    def _above(self, element: int) -> int:
        # An element that is never closed may be passed over with one around it.
        while element >= 0 and element not in self.open:
            element = self.scan.elements[element].parent
        return self.open[element].below if element >= 0 else -1

    def _element(self, index: int) -> None:
        element = self.scan.elements[index]
        holder = self.open.get(element.parent)
        if self._of_table(index, element, holder):
            return
        above = self._above(element.parent)
        is_whole, has_text = _shape(element)
        is_naming = holder is not None and is_whole and not element.children and self._names(element, holder)
        if is_naming and holder is not None:
            above = holder.unit
        unit = self.marks.unit(element.start, above, kind="tag", exact=True)
        if holder is not None:
            holder.children += 1
            if is_naming:
                holder.below, holder.naming = unit, element.name
                self.marks.head(unit, self._named(element))
        if is_whole:
            self.until = max(element.open_end, element.close_end)
            return
        self.marks.head(unit, called(self.marks.text, element))
        self.open[index] = _OpenElement(unit, unit)
        if has_text:
            self._text(element.open_end, element.close, unit)
            self.until = element.close

    def _of_table(self, index: int, element: MarkupElement, holder: _OpenElement | None) -> bool:
        """Take up a part of a table or a picture that is whole; returns whether it was one."""
        part = whole_part(self.scan, index)
        if not part or (part == "caption" and (holder is None or not holder.may_head)):
            return False
        unit = self.marks.unit(element.start, self._above(element.parent), kind="tag", exact=True)
        self.until = element.close_end
        if holder is None:
            return True
        holder.children += 1
        if part in ("caption", "head") and holder.may_head:
            holder.below = unit
            holder.may_head -= 1
            self.marks.head(unit, self._named(element))
        elif part in ("head", "row"):
            holder.may_head = 0
        return True

    def _names(self, element: MarkupElement, holder: _OpenElement) -> bool:
        return element.name == holder.naming or (not holder.children and element.name.lower() in _NAMES)

    def _named(self, element: MarkupElement) -> str:
        content = self.marks.text[element.open_end : max(element.close, element.open_end)]
        content = _TAG.sub(" ", content) if "<" in content else content
        return " ".join(f"{element.name} {content}".split())[:100]

    def _close(self, event: Event) -> None:
        opened = self.open.pop(event.element, None)
        if opened is not None:
            self.marks.close(event.start, opened.unit)

    def _text(self, start: int, end: int, above: int) -> None:
        for begin, _ in sentences(self.marks.text, start, end):
            self.marks.unit(begin, above, kind="sentence", exact=True)


def _shape(element: MarkupElement) -> tuple[bool, bool]:
    """Whether an element is one unit, and else whether it is text, with or without elements in it."""
    if element.close < 0:
        return not element.children and not element.text, False
    length = element.close_end - element.start
    if element.has_controls and (element.children or length > LONG):
        return False, False
    if not element.children:
        return length <= LONG, length > LONG
    is_text = element.text > 0 and (length <= LONG or element.text >= _PROSE * length)
    return is_text and length <= LONG, is_text and length > LONG


def mark_markup(marks: Marks, start: int, end: int, *, html: bool, raw: Callable[[int, int, int, str], None]) -> None:
    """Mark ``text[start:end]`` of XML or a page template.

    An element without elements in it is a unit; one with elements in it is a unit of its opening tag, which its closing
    tag closes and its content stands under. Long text is cut by sentence. Where a first child names its element
    (``<name>``, ``<id>``, ``<key>``, ``<title>``), what follows in the element stands under it. A row of a table is a
    unit under the caption and the rows with the titles of its columns; so is a group of words in a drawing.

    Args:
        marks: Where to.
        start, end: Offsets.
        html: Whether it is a page template.
        raw: Marks the content of a script or style, or PHP over several lines, given its offsets, what it stands under,
            and its tag.
    """
    _Markup(marks, scan(marks.text, start, end, html=html), raw).run()
