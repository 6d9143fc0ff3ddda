"""Prose in regions: headings, paragraphs, lists, tables, fences and records, each knowing what it stands under."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

from ctxpipe.compress.text.prose.blocks import Blocks
from ctxpipe.compress.text.prose.drawn import drawn_tables
from ctxpipe.compress.text.prose.headings import Heading, headings
from ctxpipe.compress.text.prose.indented import DIRECTIVE, Term, colon_terms, indent_of, terms
from ctxpipe.compress.text.prose.records import begins_record, record_runs
from ctxpipe.compress.text.prose.region import Region, content_for_empty, with_returns
from ctxpipe.compress.text.prose.spoken import Answers, quote_depth
from ctxpipe.compress.text.prose.units import announces, overlaps, prose_unit, running_spans
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.text.tables import PIPES
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

_FENCE = re.compile(
    r"^(?P<open>[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[\w+#.-]*)[^\n`]*)\n(?P<body>.*?)"
    r"^(?P<close>[ \t]*(?P=mark)[`~]*)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_BLOCK = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|\Z))+")
_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_ITEM = re.compile(r"([ \t]*)(?:[-*+•‣◦–]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)]|\(?[ivxIVX]{1,5}[.)]|#\.)[ \t]+(?=\S)")
_SPEAKER = re.compile(r"[^\n]{1,60}?[ \t(\[]+(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d+)?[)\]]?[ \t]*$")
_DEEPEST = 12
"""Definitions inside one another; what is deeper is running text."""


def prose_regions(document: Document) -> list[Region]:
    """The regions of a document of prose, in order; together they hold all its non-whitespace text."""
    if "\r\n" in document.text:
        return with_returns(document, prose_regions)
    return content_for_empty(_Walker(document).regions())


class _Walker(Blocks):
    """Walks over a document once, block by block."""

    def regions(self) -> list[Region]:
        special = self.special()
        hidden = [(start, end) for start, end, _ in special]
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
                while stack and stack[-1].level >= event.level:
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
        for match in _FENCE.finditer(text):
            if match["mark"][0] == "`" or self.document.kind in ("markdown", "html"):
                found.append((match.start(), match.end(), lambda m=match: self.fence(m)))  # type: ignore[misc]
        fenced = [(start, end) for start, end, _ in found]
        drawn = [t for t in drawn_tables(text, self.document.language) if not overlaps(t.start, t.end, fenced)]
        found += [(t.start, t.end, lambda t=t: self.add(t.start, t.end, t.units(self.parent))) for t in drawn]  # type: ignore[misc]
        hidden = sorted(fenced + [(t.start, t.end) for t in drawn])
        for match in PIPES.finditer(text):
            if not overlaps(*match.span(), hidden):
                found.append((*match.span(), lambda m=match: self.table(*m.span())))  # type: ignore[misc]
        return sorted(found, key=lambda event: event[:2])

    def blocks(self, start: int, end: int) -> None:
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

    def block(self, start: int, end: int) -> None:
        text = self.text
        indent = self.rebase(start)
        spans = [m.span() for m in _LINE.finditer(text, start, end)]
        ended = self.indents.ends_at()
        indents = [indent_of(text, a) for a, _ in spans] if ended >= 0 or len(spans) > 1 else [indent]
        after = next((a for (a, _), i in zip(spans[1:], indents[1:], strict=True) if i <= ended), -1)
        if after >= 0:  # the indented text ends without a blank line
            line = text.rfind("\n", 0, after) + 1
            self.block(start, line)
            self.block(line, end)
            return
        listed = self.listed if self.listed[0] <= indent else (-1, -1)
        self.listed = listed if listed[0] < indent else (-1, -1)
        if self.document.language == "rst" and DIRECTIVE.match(text, start, end):
            self.directive(spans[0][0], spans[-1][1], indent)
            return
        if any(text[a] == ">" for a, _ in spans):
            self.quoted(spans)
            return
        self.quotes.clear()
        if groups := colon_terms([text[a:b] for a, b in spans]):
            self.glossary(spans, groups)
            return
        items = [_ITEM.match(text, text.rfind("\n", 0, a) + 1, b) for a, b in spans]
        if any(items) and (items[0] or sum(map(bool, items)) > 1):
            if items[0] and listed[0] == indent and self.introduction < 0:
                self.base = listed[1]
            self.list(start, end, spans, items)
            return
        lines = [text[a:b] for a, b in spans]
        nested = self.depth < _DEEPEST and len(lines) > 1
        if nested and (defined := terms(lines, indents)):
            self.depth += 1
            self.definitions(spans, defined, indent)
            self.depth -= 1
            return
        if len(lines) > 1 and (lines[0] in self.cues or _SPEAKER.fullmatch(lines[0])):
            head = Unit(*spans[0], "speaker", self.parent, title=lines[0])
            turn = [
                prose_unit(self.document, a, b, "sentence", head.start) for a, b in sentences(text, spans[1][0], end)
            ]
            self.add(start, end, [head, *turn])
            return
        if (said := self.speakers.match(lines[0]) if self.speakers else None) and said["name"]:
            self.add(start, end, self.turn(spans[0][0], spans[-1][1], self.parent))
            return
        at = 0
        for run in record_runs(lines):
            first = run.start if run.header < 0 else run.header
            if first > at:
                self.running(spans[at][0], spans[first - 1][1], spans[at:first])
            self.records(spans[first : run.end], titles=run.start - first)
            at = run.end
        if at < len(spans):
            self.running(spans[at][0], end, spans[at:])

    def quoted(self, spans: Sequence[tuple[int, int]]) -> None:
        """Lines of a message that quote another one, under what says whose words they are."""
        text = self.text
        for depth, group in itertools.groupby(spans, key=lambda span: quote_depth(text, span[0])):
            lines = list(group)
            if not depth:
                self.block(text.rfind("\n", 0, lines[0][0]) + 1, lines[-1][1])
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
            if announces(text, lines[-1][1]):
                self.introduction = running_spans(self.text, region)[-1][0]

    def definitions(self, spans: Sequence[tuple[int, int]], found: Sequence[Term], indent: int) -> None:
        """Terms, each with what is indented below it."""
        above = self.parent
        for term in found:
            start, end = spans[term.line]
            words = self.text[start:end]
            is_record = begins_record(words)
            unit = prose_unit(self.document, start, end, "record" if is_record else "item", above)
            unit = unit._replace(title="" if is_record else " ".join(words.split()))
            self.found.append(Region(start, end, above, (unit,)))
            if term.end > term.line + 1:
                self.introduction = -1
                self.indents.open(indent, start)
                self.block(self.text.rfind("\n", 0, spans[term.line + 1][0]) + 1, spans[term.end - 1][1])
        self.introduction = -1
