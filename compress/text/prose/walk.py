"""Prose in regions: headings, paragraphs, lists, tables, fences and records, each knowing what it stands under."""

from __future__ import annotations

import re
from collections.abc import Callable

from ctxpipe.compress.text.answers import Answers
from ctxpipe.compress.text.prose.diagnosed import is_excerpt
from ctxpipe.compress.text.prose.drawn import Drawn, drawn_tables
from ctxpipe.compress.text.prose.fences import fences, front_matter
from ctxpipe.compress.text.prose.heading import Heading
from ctxpipe.compress.text.prose.headings import headings
from ctxpipe.compress.text.prose.indented import indent_of
from ctxpipe.compress.text.prose.kinds import Kinds
from ctxpipe.compress.text.prose.region import Region, content_for_empty, with_returns
from ctxpipe.compress.text.prose.simple import SimpleTable, simple_tables
from ctxpipe.compress.text.prose.units import overlaps
from ctxpipe.compress.text.tables import PIPES
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

_NUMBER = re.compile(r"(?:\d{1,3}\.){2,6}|\d{1,3}(?:\.\d{1,3})+(?= )")
_BLOCK = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|\Z))+")


def prose_regions(document: Document) -> list[Region]:
    """The regions of a document of prose, in order; together they hold all its non-whitespace text."""
    if "\r\n" in document.text:
        return with_returns(document, prose_regions)
    return content_for_empty(_Walker(document).regions())


def _is_beside(title: str, other: str) -> bool:
    """Whether a heading with the number 3.3 stands before one with 3.7.2, whose own was not found."""
    number, below = _NUMBER.match(title), _NUMBER.match(other)
    return number is not None and below is not None and not below[0].startswith(number[0])


class _Walker(Kinds):
    """Walks over a document once, block by block."""

    def regions(self) -> list[Region]:
        special = self.special()
        hidden = [(start, end) for start, end, _ in special]
        if not self.document.headings:
            hidden = sorted((*hidden, *(span for span in self.document.noise if not overlaps(*span, hidden))))
        stack: list[Heading] = []
        events: list[tuple[int, int, Heading | Callable[[], None]]] = [*special]
        events += [(h.start, h.end, h) for h in headings(self.document, lambda a, b: overlaps(a, b, hidden))]
        at = 0
        for start, end, event in sorted(events, key=lambda e: (e[0], e[1])):
            if start < at:
                continue
            self.blocks(at, start)
            at = end
            if isinstance(event, Heading):
                while stack and (stack[-1].level >= event.level or _is_beside(stack[-1].title, event.title)):
                    stack.pop()
                above = stack[-1].start if stack else -1
                stack.append(event)
                unit = Unit(event.start, event.end, "heading", above, title=event.title)
                self.found.append(Region(event.start, event.end, above, (unit,)))
                self.heading = self.base = event.start
                self.introduction = self.literal = -1
                self.answers = Answers()
                self.listed = (-1, -1)
                self.indents.clear()
                self.quotes.clear()
                self.environments.clear()
            else:
                self.rebase(start)
                self.entitle(start)
                event()
        self.blocks(at, len(self.text))
        return self.found

    def special(self) -> list[tuple[int, int, Callable[[], None]]]:
        """Fences and tables, which are found before anything else and hide what looks like a heading in them."""
        text = self.text
        found: list[tuple[int, int, Callable[[], None]]] = []
        head = front_matter(text)
        if head is not None:
            found.append((head.start, head.end, lambda: self.fence(head)))
        for fence in fences(text, "`~" if self.document.kind in ("markdown", "html") else "`"):
            found.append((fence.start, fence.end, lambda f=fence: self.fence(f)))  # type: ignore[misc]
        fenced = [(start, end) for start, end, _ in found]
        tables: list[Drawn | SimpleTable] = [*drawn_tables(text, self.document.language), *simple_tables(text)]
        drawn = [t for t in tables if not overlaps(t.start, t.end, fenced)]
        found += [(t.start, t.end, lambda t=t: self.add(t.start, t.end, t.units(text, self.parent))) for t in drawn]  # type: ignore[misc]
        hidden = sorted(fenced + [(t.start, t.end) for t in drawn])
        for match in PIPES.finditer(text):
            if not overlaps(*match.span(), hidden) and not is_excerpt(match[0].rstrip().split("\n")):
                found.append((*match.span(), lambda m=match: self.table(*m.span())))  # type: ignore[misc]
        return sorted(found, key=lambda event: event[:2])

    def blocks(self, start: int, end: int) -> None:
        """Set down what stands between two headings, fences or tables."""
        blocks = [match.span() for match in _BLOCK.finditer(self.text, start, end)]
        at = 0
        while at < len(blocks):
            stop = at
            while self.literal >= 0 and stop < len(blocks) and indent_of(self.text, blocks[stop][0]) > self.literal:
                stop += 1
            self.literal = -1
            if stop > at:
                self.code(blocks[at][0], blocks[stop - 1][1])
            else:
                self.block(*blocks[at])
            at = max(stop, at + 1)
