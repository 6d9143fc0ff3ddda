"""The content of an OpenDocument file as blocks of Markdown, in one pass without recursion."""

from __future__ import annotations

import re
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesNSImpl

from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.odf.numbering import ListNumbering
from ctxpipe.pipeline.readers.odf.styles import OdfStyles, whole
from ctxpipe.pipeline.readers.odf.table import Table

_SKIPPED = frozenset(
    "tracked-changes table-of-content forms ruby-text date creator-initials title desc event-listeners scripts "
    "sender-initials named-expressions database-ranges".split()
)
_MOST_SPACES = 100
# No XML holds these characters; they stand for a space and a line break that are meant.
_SPACE, _BREAK, _STRUCK = "\x01", "\x02", "\x03"
_STRUCK_WORDS = re.compile(rf"{_STRUCK}(\s*)([^{_STRUCK}]*?)(\s*){_STRUCK}")


class _Aside:
    """A comment or note: what its line begins with, and its words."""

    def __init__(self) -> None:
        self.author = ""
        self.label = ""
        self.words: list[str] = []


class OdfContent(ContentHandler):
    """Writes paragraphs, headings, lists, tables and slides.

    Args:
        builder: Where to write.
        sheets: Whether top tables are sheets.
    """

    def __init__(self, builder: DocumentBuilder, *, sheets: bool = False) -> None:
        super().__init__()
        self.styles = OdfStyles()
        self._builder = builder
        self._sheets = sheets
        self._skip = 0
        self._paragraphs: list[list[str]] = []
        self._below: list[str] = []
        self._level = 0
        self._tables: list[Table] = []
        self._lists = ListNumbering(self.styles)
        self._items: list[str] = []
        self._asides: list[_Aside] = []
        self._field = ""
        self._notes = 0
        self._spans: list[bool] = []
        self._title = False

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl) -> None:  # noqa: N802 - a name of the standard library
        """Take up the start of an element."""
        tag = name[1]
        if self._skip or tag in _SKIPPED:
            self._skip += 1
            return
        self.styles.startElementNS(name, qname, attrs)
        given = {key[1]: value for key, value in attrs.items()}
        match tag:
            case "p" | "h":
                self._paragraphs.append([])
                self._level = min(whole(given.get("outline-level")) or 1, 6) if tag == "h" else 0
            case "s" if self._paragraphs:
                count = whole(given.get("c"))
                self._paragraphs[-1].append(_SPACE * min(1 if count is None else count, _MOST_SPACES))
            case "span" if self._paragraphs:
                self._spans.append(self.styles.is_struck(given.get("style-name", "")))
                self._strike()
            case "tab" | "line-break" if self._paragraphs:
                self._paragraphs[-1].append(" " if tag == "tab" else _BREAK)
            case "list":
                self._lists.begin_list(given)
            case "list-item" | "list-header" if self._lists.depth:
                self._lists.begin_item(given, numbered=tag == "list-item")
            case "table":
                hidden = self.styles.is_hidden(given.get("style-name", ""))
                self._tables.append(Table(given.get("name", ""), hidden=hidden))
            case "table-row" if self._tables:
                self._tables[-1].begin_row(given)
            case "table-cell" | "covered-table-cell" if self._tables:
                self._tables[-1].begin_cell(given)
            case "annotation" | "note":
                self._asides.append(_Aside())
            case "creator" | "note-citation" if self._asides:
                self._field = tag
            case "page":
                self._builder.page()
            case "frame":
                self._title = given.get("class") == "title"
            case "notes":
                self._notes = self._notes or 1
            case _:
                pass

    def characters(self, content: str) -> None:
        """Take up text."""
        if self._skip:
            return
        if self._field == "creator":
            self._asides[-1].author += content
        elif self._field:
            self._asides[-1].label += content
        elif self._paragraphs:
            self._paragraphs[-1].append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802 - as above
        """Take up the end of an element."""
        tag = name[1]
        if self._skip:
            self._skip -= 1
            return
        match tag:
            case "p" | "h" if self._paragraphs:
                self._end_paragraph(_laid_out("".join(self._paragraphs.pop())), heading=tag == "h")
            case "span" if self._spans and self._paragraphs:
                self._strike()
                self._spans.pop()
            case "list" if self._lists.depth:
                self._lists.end_list()
                if not self._lists.depth:
                    # The items of a list and of the lists in it are one block.
                    self._builder.add("\n".join(self._items))
                    self._items = []
            case "table-cell" | "covered-table-cell" if self._tables:
                self._tables[-1].end_cell()
            case "table-row" if self._tables:
                self._tables[-1].end_row()
            case "table-header-rows" if self._tables:
                self._tables[-1].end_head()
            case "table" if self._tables:
                self._end_table(self._tables.pop())
            case "annotation" | "note" if self._asides:
                self._end_aside(self._asides.pop(), note=tag == "note")
            case "creator" | "note-citation":
                self._field = ""
            case "frame":
                self._title = False
            case "notes":
                self._notes = 0
            case _:
                pass

    def _strike(self) -> None:
        """Mark where a span begins or ends whose words no longer hold."""
        if self._spans[-1]:
            self._paragraphs[-1].append(_STRUCK)

    def _end_paragraph(self, text: str, *, heading: bool) -> None:
        if self._asides:
            self._asides[-1].words.append(text)
            return
        below, self._below = ([], self._below) if self._paragraphs else (self._below, [])
        if not text and not below:
            return
        if self._tables:
            self._tables[-1].add(" ".join([text, *(f"[{line}]" for line in below)]))
        elif self._lists.depth:
            self._items.append(self._item(" ".join([text, *(f"[{line}]" for line in below)])))
        else:
            self._block(text, heading=heading)
            for line in below:
                self._builder.add(f"- {line}")

    def _block(self, text: str, *, heading: bool) -> None:
        if self._notes == 1 and text:
            self._builder.heading("### Notes:", 3)
            self._notes = 2
        one = " ".join(text.split())
        if one and (heading or self._title) and not self._notes:
            # A paragraph may begin with the mark of a heading too, so headings are named.
            level = max(1, self._level)
            self._builder.heading(f"{'#' * level} {one}", level)
        else:
            self._builder.add(text)

    def _item(self, text: str) -> str:
        return f"{'  ' * (self._lists.depth - 1)}{self._lists.mark()} {' '.join(text.split())}"

    def _end_table(self, table: Table) -> None:
        if self._tables:
            self._tables[-1].add(" ".join(table.markdown().split()))
        else:
            self._builder.add(table.sheet() if self._sheets else table.markdown())

    def _end_aside(self, aside: _Aside, *, note: bool) -> None:
        text = " ".join(" ".join(aside.words).split())
        label, author = " ".join(aside.label.split()), " ".join(aside.author.split())
        if note and self._paragraphs:
            self._paragraphs[-1].append(f"[{label}]")
        if text:
            said = f"Footnote {label}".strip() if note else f"Comment{f' by {author}' if author else ''}"
            self._below.append(f"{said}: {text}")


def _laid_out(text: str) -> str:
    """The text of a paragraph, in which whitespace means nothing but what has a tag of its own."""
    text = re.sub(r"[ \t\r\n]+", " ", text)
    if _STRUCK in text:
        text = text.replace(f" {_STRUCK} ", f" {_STRUCK}")
        text = _STRUCK_WORDS.sub(lambda match: f"{match[1]}~~{match[2]}~~{match[3]}" if match[2] else match[1], text)
        text = text.replace(_STRUCK, "")
    return text.replace(_SPACE, " ").replace(_BREAK, "\n").strip()
