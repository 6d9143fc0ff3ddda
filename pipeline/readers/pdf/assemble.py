"""One text of all pages, with the offsets of pages and headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ctxpipe.pipeline.readers.pdf.continued import goes_on
from ctxpipe.pipeline.readers.pdf.flow import LINE, PARAGRAPH, Measure, separator
from ctxpipe.pipeline.readers.pdf.hyphens import Hyphens
from ctxpipe.pipeline.readers.pdf.rows import HYPHEN, Row


@dataclass(slots=True)
class Assembled:
    """A text in the making.

    Attributes:
        parts: Its pieces.
        length: Their characters.
        page_starts: Offset at which each page begins.
        headings: Start, end and level of each heading.
        noise: Start and end of contents and index rows.
    """

    parts: list[str] = field(default_factory=list)
    length: int = 0
    page_starts: list[int] = field(default_factory=list)
    headings: list[tuple[int, int, int]] = field(default_factory=list)
    noise: list[tuple[int, int]] = field(default_factory=list)

    def add(self, part: str) -> None:
        """Append a piece."""
        if part:
            self.parts.append(part)
            self.length += len(part)


def assemble(pages: Sequence[Sequence[Sequence[Row]]], measure: Measure, hyphens: Hyphens) -> Assembled:
    """Join rows to paragraphs and pages to one text.

    Args:
        pages: For each page its columns in reading order.
        measure: What is usual in the document.
        hyphens: Decides about words broken at the end of a line.
    """
    out = Assembled()
    before: Sequence[Row] = ()
    for columns in pages:
        out.page_starts.append(-1)
        for rows in filter(None, columns):
            for index, below in enumerate(rows):
                if index:
                    _between(out, rows[index - 1], below, separator(rows[index - 1], below, measure), hyphens)
                elif before:
                    _between(out, before[-1], below, LINE if goes_on(before, below) else PARAGRAPH, hyphens)
                if out.page_starts[-1] < 0:
                    out.page_starts[-1] = out.length
                _append(out, below)
            before = rows
    if before and before[-1].text.endswith(HYPHEN):
        out.add("-")
    _fill(out)
    return out


def _between(out: Assembled, above: Row, below: Row, separator: str, hyphens: Hyphens) -> None:
    hyphen = hyphens.join(above.text, below.text) if separator != PARAGRAPH else None
    if hyphen is None:
        out.add(("-" if above.text.endswith(HYPHEN) else "") + separator)
    elif above.text.endswith(HYPHEN):
        out.add(hyphen)
    elif not hyphen:
        out.parts[-1] = out.parts[-1][:-1]
        out.length -= 1


def _append(out: Assembled, row: Row) -> None:
    start, between = out.length, out.parts[-1] if out.parts else ""
    out.add(row.text.removesuffix(HYPHEN))
    if row.listed:
        if out.noise and start - out.noise[-1][1] <= len(PARAGRAPH):
            out.noise[-1] = (out.noise[-1][0], out.length)
        else:
            out.noise.append((start, out.length))
    elif row.level:
        before = out.headings[-1] if out.headings else (0, -9, 0)
        if before[2] == row.level and start - before[1] <= 1 and between != PARAGRAPH:
            out.headings[-1] = (before[0], out.length, row.level)
        else:
            out.headings.append((start, out.length, row.level))


def _fill(out: Assembled) -> None:
    """Pages without text begin where the next page with text does."""
    start = out.length
    for index in range(len(out.page_starts) - 1, -1, -1):
        if out.page_starts[index] < 0:
            out.page_starts[index] = start
        start = out.page_starts[index]
