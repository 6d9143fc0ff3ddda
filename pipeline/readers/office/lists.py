"""Headings and lists of a Word file, with the numbers that Word shows before them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.office.numbering import Numbering
from ctxpipe.pipeline.readers.office.styles import Listed, WordStyles
from ctxpipe.pipeline.readers.office.word import W, make_run, words_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LISTED = "listed"
"""Attribute of a paragraph that is an item of a list."""
MARK = "\ufdd0"
"""Stands around the depth and the number of an item; no text has it, because it is no character."""
_ITEM = re.compile(rf"{MARK}(\d+){MARK}([^{MARK}]*){MARK}")
_ENUMERATED = re.compile(r"-|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]")
_CHOICE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
_LONGEST_HEADING = 250
"""Characters above which a paragraph in the style of a heading is a clause of its own."""
_DEEPEST = 6


class _OpenItem(NamedTuple):
    """An item that further indented ones stand under."""

    list: str
    level: int
    left: int


def write_lists(root: Element, archive: Archive) -> None:
    """Write the number of each paragraph into it, and give each heading the style of its level.

    A paragraph is a heading by the name of its style in any language of Word, by a style that its own is based on, or
    by its level in the outline. If there is one title, it stands above all headings.

    Args:
        root: The main part, which is changed; :func:`read_lists` lays out what it writes.
        archive: The Word file.
    """
    _ListWriter(root, archive).write()


class _ListWriter:
    def __init__(self, root: Element, archive: Archive) -> None:
        self._root = root
        self._styles = WordStyles(archive)
        self._numbering = Numbering(archive)
        self._open: list[_OpenItem] = []
        self._around: Element | None = None

    def write(self) -> None:
        paragraphs = list(self._root.iter(f"{W}p"))
        drawn = self._root.find(f".//{_CHOICE}") is not None
        titles = [one for one in paragraphs if self._styles.is_title(one.find(f"{W}pPr")) and words_of(one).strip()]
        title = titles[0] if len(titles) == 1 else None
        for paragraph in paragraphs:
            # What is drawn is in the file twice.
            if drawn and next(paragraph.iterancestors(_CHOICE), None) is not None:
                continue
            self._paragraph(paragraph, is_title=paragraph is title, below=int(title is not None))

    def _paragraph(self, paragraph: Element, *, is_title: bool, below: int) -> None:
        properties = paragraph.find(f"{W}pPr")
        if paragraph.getparent() is not self._around:
            self._around = paragraph.getparent()
            self._open = []
        words = words_of(paragraph).strip()
        listed = self._styles.listed(properties)
        if listed is not None and not self._numbering.knows(listed):
            listed = None
        if properties is not None and properties.find(f"{W}rPr/{W}del") is not None:
            return
        label = self._numbering.next(listed) if listed else ""
        if not words:
            return
        level = 1 if is_title else self._styles.heading(properties)
        if level and len(words) <= _LONGEST_HEADING and self._is_in_text(paragraph):
            self._open = []
            _restyle(paragraph, f"Heading{level if is_title else min(level + below, _DEEPEST)}")
            if label and label != "-":
                _put_first(paragraph, f"{label} ")
        elif listed:
            self._item(paragraph, listed, label)
        else:
            self._plain(paragraph)
            if level:
                _restyle(paragraph, None)

    def _item(self, paragraph: Element, listed: Listed, label: str) -> None:
        left = self._styles.indent(paragraph.find(f"{W}pPr"), self._numbering.indent(listed))
        while self._open and _stands_beside(self._open[-1], listed, left):
            self._open.pop()
        depth = len(self._open)
        self._open.append(_OpenItem(listed.list, listed.level, left))
        _restyle(paragraph, None)
        paragraph.set(LISTED, "1")
        _put_first(paragraph, f"{MARK}{depth}{MARK}{label}{MARK}")

    def _plain(self, paragraph: Element) -> None:
        """A paragraph without a number goes on with the item above if it is indented as far."""
        left = self._styles.indent(paragraph.find(f"{W}pPr"), None) if self._open else 0
        while self._open and (not left or left < self._open[-1].left):
            self._open.pop()
        if self._open:
            paragraph.set(LISTED, "1")
            _put_first(paragraph, f"{MARK}{len(self._open)}{MARK}{MARK}")

    def _is_in_text(self, paragraph: Element) -> bool:
        return next(paragraph.iterancestors(f"{W}tc"), None) is None


def _stands_beside(above: _OpenItem, listed: Listed, left: int) -> bool:
    """Whether an item stands beside or outside of one above, and not in it."""
    return above.level >= listed.level if above.list == listed.list else above.left >= left


def _restyle(paragraph: Element, style: str | None) -> None:
    """Give a paragraph the style of a heading, or none; its number is written into it."""
    from lxml import etree

    properties = paragraph.find(f"{W}pPr")
    if properties is None:
        properties = etree.Element(f"{W}pPr")
        paragraph.insert(0, properties)
    for name in ("numPr", "pStyle"):
        element = properties.find(f"{W}{name}")
        if element is not None:
            properties.remove(element)
    if style is not None:
        etree.SubElement(properties, f"{W}pStyle").set(f"{W}val", style)


def _put_first(paragraph: Element, text: str) -> None:
    properties = paragraph.find(f"{W}pPr")
    paragraph.insert(0 if properties is None else 1, make_run(text))


def read_lists(markdown: str) -> str:
    """Markdown with the items that :func:`write_lists` marked as lines of lists, indented by their depth."""
    if MARK not in markdown:
        return markdown
    lines: list[str] = []
    indent = None
    for line in markdown.split("\n"):
        item = _ITEM.match(line)
        if item:
            while indent is not None and lines and not lines[-1].strip():
                lines.pop()
            depth, label = "  " * int(item[1]), item[2]
            mark = "" if not label else f"{label} " if _ENUMERATED.fullmatch(label) else _spelled(label)
            lines.append(f"{depth}{mark}{_ITEM.sub('', line, count=1).strip()}")
            indent = f"{depth}{' ' * len(mark)}"
        elif line.strip() and indent is not None and lines[-1].strip():
            lines.append(f"{indent}{line.strip()}")
        else:
            indent = indent if not line.strip() else None
            lines.append(_ITEM.sub(lambda found: f"{found[2]} " if found[2] else "", line))
    return "\n".join(lines)


def _spelled(label: str) -> str:
    """A number that is no mark of a list: ``1.2`` in an item, ``Article 3`` as it is."""
    return f"- {label} " if label[:1].isdecimal() else f"{label} "
