"""Prose in regions: headings, paragraphs, lists, tables, fences and records, each knowing what it stands under."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Callable, Sequence

import regex

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.drawn import drawn_tables
from ctxpipe.compress.text.headings import Heading, headings
from ctxpipe.compress.text.indented import CODE_DIRECTIVE, DIRECTIVE, Indents, Term, colon_terms, indent_of, terms
from ctxpipe.compress.text.noise import is_noise
from ctxpipe.compress.text.records import begins_record, hard_breaks, record_runs
from ctxpipe.compress.text.region import Region, content_for_empty, with_returns
from ctxpipe.compress.text.sentences import sentences, trim
from ctxpipe.compress.text.spoken import quote_depth, speakers
from ctxpipe.compress.text.tables import PIPES, table_units
from ctxpipe.compress.text.unit import Unit, UnitKind
from ctxpipe.compress.types import Document

_FENCE = re.compile(
    r"^(?P<open>[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[\w+#.-]*)[^\n`]*)\n(?P<body>.*?)"
    r"^(?P<close>[ \t]*(?P=mark)[`~]*)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_BLOCK = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|\Z))+")
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_ITEM = re.compile(r"([ \t]*)(?:[-*+•‣◦–]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)]|\(?[ivxIVX]{1,5}[.)]|#\.)[ \t]+(?=\S)")
_SPEAKER = re.compile(r"[^\n]{1,60}?[ \t(\[]+(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d+)?[)\]]?[ \t]*$")
_INTRODUCES = re.compile(
    r"(?:[:：]|::|\b(?:as follows|the following)\b[^.\n]{0,80}\.?"
    r"|[a-z],?\s+(?:to|as|by|use|using|with|like|say|is|are))[\"”*_)]{0,3}$"
)
"""A colon, words that announce, or a clause that breaks off before what it needs ("The default corresponds to")."""
_TITLE = re.compile(r"[^\W_](?:[^\n]{0,58}[^\s.!?,;…。！？，；|])?")
_OPEN_END = re.compile(r"[\w,;—–-]$")
_GOES_ON = regex.compile(r"[\p{Ll}(]|\p{N}[\p{N}.,:]*[ %]\s?\p{Ll}")
_DEEPEST = 12
"""Definitions inside one another; what is deeper is running text."""
LONGEST_TERM = 120
"""Characters up to which a line of HTML is taken for the term of what is indented below it."""
LONGEST_ITEM = 600
"""Characters from which on a list item, record or turn is kept by sentence, each under the first."""


def prose_regions(document: Document) -> list[Region]:
    """The regions of a document of prose, in order; together they hold all its non-whitespace text."""
    if "\r\n" in document.text:
        return with_returns(document, prose_regions)
    return content_for_empty(_Builder(document).regions())


def running_units(document: Document, region: Region) -> list[Unit]:
    """The sentences of a region of running text."""
    edges = [region.start, *region.breaks, region.end]
    spans = [
        span
        for left, right in itertools.pairwise(edges)
        for span in sentences(document.text, left, right, joins=region.joins)
    ]
    return [prose_unit(document, a, b, "sentence", region.parent) for a, b in spans]


def prose_unit(document: Document, start: int, end: int, kind: UnitKind, parent: int) -> Unit:
    """A unit of prose, marked when it is noise."""
    known = document.noise and _overlaps(start, end, document.noise)
    noise = bool(known) or is_noise(document.text, start, end, paged=bool(document.page_starts))
    return Unit(start, end, kind, parent, noise=noise)


def introduces(text: str, end: int) -> bool:
    """Whether what ends at ``end`` announces what follows it."""
    return _INTRODUCES.search(text, max(0, end - 120), end) is not None


class _Builder:
    """Walks over a document once, block by block."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.text
        self.found: list[Region] = []
        self.heading = self.base = -1
        """The nearest heading, and what blocks with the present indentation stand under."""
        self.introduction = -1
        """What announces the next block."""
        self.literal = -1
        """Indentation of what announces code below it."""
        self.indents = Indents()
        self.depth = 0
        """Definitions around a block."""
        self.quotes: dict[int, int] = {}
        """What introduces quoted lines, by their depth."""
        self.speakers = speakers(self.text)
        self.listed = (-1, -1)
        """Indentation of the list that the last block was, and what it stands under."""

    @property
    def parent(self) -> int:
        """What the next block stands under."""
        return self.base if self.introduction < 0 else self.introduction

    def regions(self) -> list[Region]:
        special = self._special()
        hidden = [(start, end) for start, end, _ in special]
        stack: list[Heading] = []
        events: list[tuple[int, int, Heading | Callable[[], None]]] = [*special]
        events += [(h.start, h.end, h) for h in headings(self.document, lambda a, b: _overlaps(a, b, hidden))]
        at = 0
        for start, end, event in sorted(events, key=lambda e: (e[0], e[1])):
            if start < at:
                continue
            self._blocks(at, start)
            at = end
            if isinstance(event, Heading):
                while stack and stack[-1].level >= event.level:
                    stack.pop()
                above = stack[-1].start if stack else -1
                stack.append(event)
                unit = Unit(event.start, event.end, "heading", above, title=event.title)
                self.found.append(Region(event.start, event.end, above, (unit,)))
                self.heading = self.base = event.start
                self.introduction = self.literal = -1
                self.listed = (-1, -1)
                self.indents.clear()
                self.quotes.clear()
            else:
                self._rebase(start)
                self._entitle(start)
                event()
        self._blocks(at, len(self.text))
        return self.found

    def _special(self) -> list[tuple[int, int, Callable[[], None]]]:
        """Fences and tables, which are found before anything else and hide what looks like a heading in them."""
        text = self.text
        found: list[tuple[int, int, Callable[[], None]]] = []
        for match in _FENCE.finditer(text):
            if match["mark"][0] == "`" or self.document.kind in ("markdown", "html"):
                found.append((match.start(), match.end(), lambda m=match: self._fence(m)))  # type: ignore[misc]
        fenced = [(start, end) for start, end, _ in found]
        drawn = [t for t in drawn_tables(text, self.document.language) if not _overlaps(t.start, t.end, fenced)]
        found += [(t.start, t.end, lambda t=t: self._add(t.start, t.end, t.units(self.parent))) for t in drawn]  # type: ignore[misc]
        hidden = sorted(fenced + [(t.start, t.end) for t in drawn])
        for match in PIPES.finditer(text):
            if not _overlaps(*match.span(), hidden):
                found.append((*match.span(), lambda m=match: self._table(*m.span())))  # type: ignore[misc]
        return sorted(found, key=lambda event: event[:2])

    def _fence(self, match: re.Match[str]) -> None:
        opening = Unit(
            match.start("open"), match.end("open"), "fence", self.parent, match.start("close"), match.end("close")
        )
        inside = code_units(match["body"], match["info"].lower())
        moved = [_moved(unit, match.start("body"), opening.start) for unit in inside]
        self._add(match.start(), match.end(), [opening, *moved])

    def _table(self, start: int, end: int) -> None:
        self._add(start, end, table_units(self.text, start, end, self.parent))

    def _add(self, start: int, end: int, units: Sequence[Unit]) -> None:
        """Take up a region that is not running text; what it was introduced by introduces nothing else."""
        self.found.append(Region(start, end, self.parent, tuple(units)))
        self.introduction = -1

    def _blocks(self, start: int, end: int) -> None:
        blocks = [match.span() for match in _BLOCK.finditer(self.text, start, end)]
        at = 0
        while at < len(blocks):
            stop = at
            while self.literal >= 0 and stop < len(blocks) and indent_of(self.text, blocks[stop][0]) > self.literal:
                stop += 1
            self.literal = -1
            if stop > at:
                self._code(blocks[at][0], blocks[stop - 1][1])
            else:
                self._block(*blocks[at])
            at = max(stop, at + 1)

    def _rebase(self, start: int) -> int:
        """The indentation of a block, which decides what it stands under."""
        indent = indent_of(self.text, start)
        above = self.indents.under(indent)
        self.base = self.heading if above < 0 else above
        return indent

    def _entitle(self, start: int) -> None:
        """Take a short line above a table or list, which is no sentence, for what introduces it."""
        last = self.found[-1] if self.found else None
        if self.introduction >= 0 or last is None or last.units is not None or last.breaks:
            return
        if self.document.page(last.start) != self.document.page(start):
            return
        begin, end = trim(self.text, last.start, last.end)
        words = self.text[begin:end]
        if "\n" not in words and _TITLE.fullmatch(words) and not self.text[end:start].strip():
            self.introduction = begin

    def _code(self, start: int, end: int) -> None:
        above = self.parent
        inside = code_units(self.text[start:end])
        self._add(start, end, [_moved(unit, start, above) for unit in inside])

    def _block(self, start: int, end: int) -> None:
        text = self.text
        indent = self._rebase(start)
        spans = [trim(text, *m.span()) for m in _LINE.finditer(text, start, end)]
        ended = self.indents.ends_at()
        after = next((a for a, _ in spans[1:] if indent_of(text, a) <= ended), -1) if ended >= 0 else -1
        if after >= 0:  # the indented text ends without a blank line
            line = text.rfind("\n", 0, after) + 1
            self._block(start, line)
            self._block(line, end)
            return
        listed = self.listed if self.listed[0] <= indent else (-1, -1)
        self.listed = listed if listed[0] < indent else (-1, -1)
        if self.document.language == "rst" and DIRECTIVE.match(text, start, end):
            self._directive(spans[0][0], spans[-1][1], indent)
            return
        if any(text[a] == ">" for a, _ in spans):
            self._quoted(spans)
            return
        self.quotes.clear()
        if groups := colon_terms([text[a:b] for a, b in spans]):
            self._glossary(spans, groups)
            return
        items = [_ITEM.match(text, text.rfind("\n", 0, a) + 1, b) for a, b in spans]
        if any(items) and (items[0] or sum(map(bool, items)) > 1):
            if items[0] and listed[0] == indent and self.introduction < 0:
                self.base = listed[1]
            self._list(start, end, spans, items)
            return
        lines = [text[a:b] for a, b in spans]
        nested = self.depth < _DEEPEST and len(lines) > 1
        if nested and (defined := terms(lines, [indent_of(text, a) for a, _ in spans])):
            self.depth += 1
            self._definitions(spans, defined, indent)
            self.depth -= 1
            return
        if len(lines) > 1 and _SPEAKER.fullmatch(lines[0]):
            head = Unit(*spans[0], "speaker", self.parent, title=lines[0])
            turn = [
                prose_unit(self.document, a, b, "sentence", head.start) for a, b in sentences(text, spans[1][0], end)
            ]
            self._add(start, end, [head, *turn])
            return
        if (said := self.speakers.match(lines[0]) if self.speakers else None) and said["name"]:
            self._add(start, end, self._whole_or_sentences(spans[0][0], spans[-1][1], "record", self.parent))
            return
        at = 0
        for run in record_runs(lines):
            first = run.start if run.header < 0 else run.header
            if first > at:
                self._running(spans[at][0], spans[first - 1][1], spans[at:first])
            self._records(spans[first : run.end], titles=run.start - first)
            at = run.end
        if at < len(spans):
            self._running(spans[at][0], end, spans[at:])

    def _quoted(self, spans: Sequence[tuple[int, int]]) -> None:
        """Lines of a message that quote another one, under what says whose words they are."""
        text = self.text
        for depth, group in itertools.groupby(spans, key=lambda span: quote_depth(text, span[0])):
            lines = list(group)
            if not depth:
                self._block(text.rfind("\n", 0, lines[0][0]) + 1, lines[-1][1])
                continue
            if self.introduction >= 0:
                self.quotes[depth] = self.introduction
            self.introduction = -1
            self.quotes = {inner: start for inner, start in self.quotes.items() if inner <= depth}
            parent = self.quotes[max(self.quotes)] if self.quotes else self.base
            # A line of nothing but marks begins the next paragraph.
            empty = [not text[a:b].strip("> \t") for a, b in lines]
            breaks = tuple(lines[i][0] for i in range(1, len(lines)) if empty[i] and not empty[i - 1])
            region = Region(lines[0][0], lines[-1][1], parent, None, breaks)
            self.found.append(region)
            if introduces(text, lines[-1][1]):
                self.introduction = running_units(self.document, region)[-1].start

    def _directive(self, start: int, end: int, indent: int) -> None:
        match = DIRECTIVE.match(self.text, start, end)
        argument = " ".join(match["argument"].split()) if match and match["argument"] else ""
        first, *rest = self._whole_or_sentences(start, end, "item", self.parent)
        self._add(start, end, [first._replace(title=argument), *rest])
        self.indents.open(indent, start)
        if CODE_DIRECTIVE.match(self.text, start, end):
            self.literal, self.introduction = indent, start

    def _definitions(self, spans: Sequence[tuple[int, int]], found: Sequence[Term], indent: int) -> None:
        """Terms, each with what is indented below it."""
        above = self.parent
        for term in found:
            start, end = spans[term.line]
            words = self.text[start:end]
            unit = prose_unit(self.document, start, end, "item", above)
            unit = unit._replace(title="" if begins_record(words) else " ".join(words.split()))
            self.found.append(Region(start, end, above, (unit,)))
            if term.end > term.line + 1:
                self.introduction = -1
                self.indents.open(indent, start)
                self._block(self.text.rfind("\n", 0, spans[term.line + 1][0]) + 1, spans[term.end - 1][1])
        self.introduction = -1

    def _glossary(self, spans: Sequence[tuple[int, int]], groups: Sequence[Sequence[int]]) -> None:
        """Terms of Markdown, each with the definitions below it that begin with a colon."""
        above = self.parent
        for term, *definitions, end in groups:
            head = prose_unit(self.document, *spans[term], "item", above)
            head = head._replace(title=" ".join(self.text[head.start : head.end].split()))
            bounds = itertools.pairwise([*definitions, end])
            below = [
                unit
                for first, last in bounds
                for unit in self._whole_or_sentences(spans[first][0], spans[last - 1][1], "item", head.start)
            ]
            self.found.append(Region(head.start, spans[end - 1][1], above, (head, *below)))
        self.introduction = -1

    def _records(self, spans: Sequence[tuple[int, int]], *, titles: int) -> None:
        """Lines that are records, under the lines of column titles that they begin with."""
        units: list[Unit] = []
        parent = self.parent
        if titles:
            units.append(Unit(spans[0][0], spans[titles - 1][1], "row", parent))
            parent = spans[0][0]
        for a, b in spans[titles:]:
            units.extend(self._whole_or_sentences(a, b, "row" if titles else "record", parent))
        self._add(spans[0][0], spans[-1][1], units)

    def _list(
        self, start: int, end: int, spans: Sequence[tuple[int, int]], items: Sequence[re.Match[str] | None]
    ) -> None:
        """Items with the lines that go on with them; an item that is indented further stands under the one above."""
        first = next(index for index, item in enumerate(items) if item)
        if first:
            self._running(start, spans[first - 1][1], spans[:first])
        self._entitle(spans[first][0])
        units: list[Unit] = []
        open_items: list[tuple[int, int]] = []
        bounds = [index for index, item in enumerate(items) if item]
        for index, following in zip(bounds, [*bounds[1:], len(spans)], strict=True):
            item = items[index]
            indent = len(item[1].expandtabs()) if item else 0
            while open_items and open_items[-1][0] >= indent:
                open_items.pop()
            parent = open_items[-1][1] if open_items else self.parent
            a, b = spans[index][0], spans[following - 1][1]
            made = self._whole_or_sentences(a, b, "item", parent)
            open_items.append((indent, made[0].start))
            units.extend(made)
        self.listed = (indent_of(self.text, spans[first][0]), self.parent)
        self._add(spans[first][0], end, units)
        for indent, begin in open_items:
            self.indents.open(indent, begin)

    def _whole_or_sentences(self, start: int, end: int, kind: UnitKind, parent: int) -> list[Unit]:
        text = self.text
        if end - start <= LONGEST_ITEM:
            return [prose_unit(self.document, start, end, kind, parent)]
        (a, b), *rest = sentences(text, start, end)
        first = prose_unit(self.document, a, b, kind, parent)
        return [first, *(prose_unit(self.document, c, d, "sentence", a) for c, d in rest)]

    def _running(self, start: int, end: int, spans: Sequence[tuple[int, int]]) -> None:
        """A paragraph; when it ends by announcing what follows, that stands under its last sentence."""
        text = self.text
        meant = hard_breaks([text[a:b] for a, b in spans]) if len(spans) > 1 else []
        breaks = tuple(after[0] for after, hard in zip(spans[1:], meant, strict=True) if hard)
        region = Region(start, end, self.parent, None, breaks)
        last = self.found[-1] if self.found else None
        if last is not None and last.units is None and self._goes_on(last, start):
            joins = (*last.joins, trim(text, last.start, last.end)[1])
            region = last._replace(end=end, joins=joins, breaks=(*last.breaks, *breaks))
            self.found.pop()
        self.found.append(region)
        stop = trim(text, start, end)[1]
        self.introduction = -1
        is_term = self.document.kind == "html" and stop - start < LONGEST_TERM and "\n" not in text[start:stop]
        if is_term:
            self.indents.open(indent_of(text, start), running_units(self.document, region)[-1].start)
        if introduces(text, stop):
            self.introduction = running_units(self.document, region)[-1].start
            self.indents.open(indent_of(text, start), self.introduction)
            if self.document.language == "rst" and text.endswith("::", start, stop):
                self.literal = indent_of(text, start)

    def _goes_on(self, last: Region, start: int) -> bool:
        """Whether a paragraph goes on with the last one of the page before."""
        page, pages = self.document.page(start), self.document.page(last.start)
        if page is None or page == self.document.page(max(0, last.end - 1)) or pages is None:
            return False
        stop = trim(self.text, last.start, last.end)[1]
        begin = trim(self.text, start, len(self.text))[0]
        return bool(_OPEN_END.search(self.text, stop - 1, stop) and _GOES_ON.match(self.text, begin))


def _moved(unit: Unit, by: int, top: int) -> Unit:
    return unit._replace(
        start=unit.start + by,
        end=unit.end + by,
        parent=unit.parent + by if unit.parent >= 0 else top,
        close=unit.close + by if unit.close >= 0 else -1,
        close_end=unit.close_end + by if unit.close >= 0 else -1,
    )


def _overlaps(start: int, end: int, ranges: Sequence[tuple[int, int]]) -> bool:
    index = bisect.bisect_right(ranges, (start, 1 << 62))
    return (index > 0 and ranges[index - 1][1] > start) or (index < len(ranges) and ranges[index][0] < end)
