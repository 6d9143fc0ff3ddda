"""Comments, footnotes, endnotes, headers and footers of a Word file, written into its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.office.changes import settle_moves
from ctxpipe.pipeline.readers.office.hidden import HiddenText
from ctxpipe.pipeline.readers.office.lists import LISTED, MARK, write_lists
from ctxpipe.pipeline.readers.office.tables import open_layout_tables, repeat_merged_cells
from ctxpipe.pipeline.readers.office.word import W as _W
from ctxpipe.pipeline.readers.office.word import make_paragraph, make_run, parsed

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_MARGIN = re.compile(r"word/(header|footer)\d*\.xml")
_COUNTED_FIELD = re.compile(r"\s*(PAGE|NUMPAGES|SECTIONPAGES)\b")
_LONGEST_QUOTE = 80
_MOST_ELEMENTS = 1_500_000
"""Elements of the text; a tenth of a millisecond and a kilobyte each."""


def annotated(archive: Archive, main: str) -> bytes:
    """The main part of a Word file with everything that is written beside or below its text.

    A comment follows the paragraph that it is about, as a list item with its author and the words that it is about; so
    does a note, whose number stands where it is referred to. Inside a list or a table they follow in the same
    paragraph, so that they do not tear it apart. Headers and footers are named once, at the start.

    Raises:
        ReadError: if the part has too many elements; a thousand pages have half a million.
    """
    root = parsed(archive.read(main))
    count = sum(1 for _ in root.iter())
    if count > _MOST_ELEMENTS:
        raise archive.refused(f"has {count:,} elements, more than the {_MOST_ELEMENTS:,} allowed")
    hidden = HiddenText(archive)
    hidden.remove_from(root)
    settle_moves(root)
    open_layout_tables(root)
    repeat_merged_cells(root)
    write_lists(root, archive)
    _add_notes(root, archive, hidden)
    _Comments(archive).add_to(root)
    body = root.find(f"{_W}body")
    if body is not None:
        for index, line in enumerate(_margins(archive, hidden)):
            body.insert(index, make_paragraph(line))
    return _written(root)


def _written(root: Element) -> bytes:
    from lxml import etree

    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


class _Comments:
    """The comments of a file, by their number."""

    def __init__(self, archive: Archive) -> None:
        self._comments: dict[str, tuple[str, str]] = {}
        if "word/comments.xml" in archive:
            for comment in parsed(archive.read("word/comments.xml")).iter(f"{_W}comment"):
                author = comment.get(f"{_W}author") or ""
                self._comments[comment.get(f"{_W}id") or ""] = (" ".join(author.split()), _text(comment))

    def add_to(self, root: Element) -> None:
        """Write each comment behind the paragraph in which its reference stands."""
        if not self._comments:
            return
        quoted: dict[str, list[str]] = {}
        opened: set[str] = set()
        references: list[tuple[Element, str]] = []
        for element in root.iter(f"{_W}commentRangeStart", f"{_W}commentRangeEnd", f"{_W}commentReference", f"{_W}t"):
            number = element.get(f"{_W}id") or ""
            if element.tag == f"{_W}commentRangeStart":
                opened.add(number)
            elif element.tag == f"{_W}commentRangeEnd":
                opened.discard(number)
            elif element.tag == f"{_W}commentReference":
                references.append((element, number))
            elif not (element.text or "").startswith(MARK):
                for key in opened:
                    quoted.setdefault(key, []).append(element.text or "")
        for element, number in reversed(references):
            author, text = self._comments.get(number, ("", ""))
            if text:
                _write_below(element, _comment(author, "".join(quoted.get(number, ())), text))


def _comment(author: str, quoted: str, text: str) -> str:
    words = " ".join(quoted.split())
    if len(words) > _LONGEST_QUOTE:
        words = f"{words[:_LONGEST_QUOTE].rsplit(' ', 1)[0]} …"
    about = f" on “{words}”" if words else ""
    return f"Comment{f' by {author}' if author else ''}{about}: {text}"


def _add_notes(root: Element, archive: Archive, hidden: HiddenText) -> None:
    for kind, name in (("footnote", "Footnote"), ("endnote", "Endnote")):
        part = f"word/{kind}s.xml"
        if part not in archive:
            continue
        notes = parsed(archive.read(part))
        hidden.remove_from(notes)
        texts = {
            note.get(f"{_W}id"): _text(note)
            for note in notes.iter(f"{_W}{kind}")
            if note.get(f"{_W}type") in (None, "normal")
        }
        references = [(element, texts.get(element.get(f"{_W}id"), "")) for element in root.iter(f"{_W}{kind}Reference")]
        numbered = [(element, text, number) for number, (element, text) in enumerate(references, start=1)]
        for element, text, number in reversed(numbered):
            if text:
                _write_below(element, f"{name} {number}: {text}")
            element.tag = f"{_W}t"
            element.text = f"[{number}]" if kind == "footnote" else f"[endnote {number}]"


def _write_below(element: Element, line: str) -> None:
    """Write a line behind the paragraph of an element, or at its end where a paragraph more would tear something."""
    paragraph = next(element.iterancestors(f"{_W}p"), None)
    if paragraph is None or paragraph.getparent() is None:
        return
    in_list = paragraph.get(LISTED) is not None
    if in_list or next(paragraph.iterancestors(f"{_W}tc"), None) is not None:
        paragraph.append(make_run(f" [{line}]"))
    else:
        paragraph.addnext(make_paragraph(f"- {line}"))


def _margins(archive: Archive, hidden: HiddenText) -> list[str]:
    """Headers and footers, each text once."""
    lines: dict[str, None] = {}
    for name in sorted(archive.names()):
        if match := _MARGIN.fullmatch(name):
            margin = parsed(archive.read(name))
            hidden.remove_from(margin)
            text = _text(margin)
            if any(char.isalpha() for char in text):
                lines[f"Page {match[1]}: {text}"] = None
    return sorted(lines, reverse=True)


def _text(element: Element) -> str:
    """The words of a part as one line, without page numbers."""
    return " ".join(
        " ".join(_words(paragraph)) for paragraph in element.iter(f"{_W}p") if _own(paragraph, element)
    ).strip()


def _own(paragraph: Element, element: Element) -> bool:
    """Whether a paragraph is in no other one, whose words hold its own."""
    return next(paragraph.iterancestors(f"{_W}p"), element) is element


def _words(paragraph: Element) -> Iterator[str]:
    words: list[str] = []
    counted = False
    for child in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}instrText", f"{_W}fldChar", f"{_W}fldSimple"):
        if child.tag == f"{_W}instrText":
            counted = counted or _COUNTED_FIELD.match(child.text or "") is not None
        elif child.tag == f"{_W}fldChar":
            counted = counted and child.get(f"{_W}fldCharType") != "end"
        elif child.tag == f"{_W}t":
            field = next(child.iterancestors(f"{_W}fldSimple"), None)
            number = field is not None and _COUNTED_FIELD.match(field.get(f"{_W}instr") or "") is not None
            words.append("" if counted or number else child.text or "")
        else:
            words.append(" " if child.tag in (f"{_W}tab", f"{_W}br") else "")
    yield from "".join(words).split()
