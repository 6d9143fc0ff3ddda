"""Prose in regions: headings, paragraphs, lists, tables, fences and records, each knowing what it stands under."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.compress.text.answers import Answers
from ctxpipe.compress.text.prose.detailed import are_messages
from ctxpipe.compress.text.prose.diagnosed import is_excerpt
from ctxpipe.compress.text.prose.drawn import Drawn, drawn_tables
from ctxpipe.compress.text.prose.embedded import EmbeddedJson, embedded_json
from ctxpipe.compress.text.prose.enclosed import Enclosed, enclosures
from ctxpipe.compress.text.prose.expanded import ExpandedRecords, expanded_records
from ctxpipe.compress.text.prose.facts import Facts
from ctxpipe.compress.text.prose.fences import Fence, fences, front_matter, listings
from ctxpipe.compress.text.prose.heading import Heading
from ctxpipe.compress.text.prose.headings import headings
from ctxpipe.compress.text.prose.indented import indent_of
from ctxpipe.compress.text.prose.infobox import Infobox, infoboxes
from ctxpipe.compress.text.prose.kinds import Kinds
from ctxpipe.compress.text.prose.levels import POST_LEVEL
from ctxpipe.compress.text.prose.lines import lines_with, matching
from ctxpipe.compress.text.prose.parts import Helpers, cuts
from ctxpipe.compress.text.prose.planned import Planned, planned
from ctxpipe.compress.text.prose.region import Region, content_for_empty, with_returns
from ctxpipe.compress.text.prose.repeated import nested
from ctxpipe.compress.text.prose.simple import SimpleTable, simple_tables
from ctxpipe.compress.text.prose.steps import Steps, algorithms
from ctxpipe.compress.text.prose.units import asks, overlaps, running_spans
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.tables import PIPES
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

_NUMBER = re.compile(r"(?:\d{1,3}\.){2,6}|\d{1,3}(?:\.\d{1,3})+(?= )")
_BLOCK = re.compile(r"(?:(?:(?<![^\S\n])[^\S\n]*+)?\S[^\n]*+(?:\n|\Z))+")


_ASKING = frozenset("user human you me prompt question frage pregunta pergunta domanda вопрос".split())
_ANSWERING = frozenset(
    "assistant chatgpt claude gemini copilot ai bot model response answer antwort réponse respuesta resposta risposta "
    "ответ".split()
)
"""Titles of what is asked and answered, as chats with models are written down in Markdown."""
_ROLE_SIGNS = " :*_#🧑👤🤖💬"


class _Placed(NamedTuple):
    """A heading with what it stands under, and whether it is the head of a reply to a comment."""

    start: int
    end: int
    title: str
    above: int
    replies: bool = False


class _Closed(NamedTuple):
    """The last mark of a block, and the heading around the block, which what follows stands under."""

    start: int
    end: int
    above: int


class _Pipes(NamedTuple):
    """A table of pipes."""

    start: int
    end: int


_Special = _Pipes | Fence | Drawn | SimpleTable | ExpandedRecords | Infobox | Steps | Planned | EmbeddedJson
_Event = _Placed | _Closed | _Special


def prose_regions(document: Document, helpers: Helpers | None = None) -> list[Region]:
    """The regions of a document of prose, in order; together they hold all its non-whitespace text.

    Args:
        document: The document.
        helpers: Walk over parts of it at the same time; None walks over all of it here.
    """
    if "\r\n" in document.text:
        return with_returns(document, lambda bare: prose_regions(bare, helpers))
    facts = Facts.of(document.text)
    events = _events(document)
    # What answers stands under what is asked, in the part before.
    placed = [e for e in events if isinstance(e, _Placed)]
    titles = [e.start for e in placed if not e.replies and _role(e.title) not in _ANSWERING]
    edges = [0, *(cuts(document.text, titles, helpers.size) if helpers else ()), len(document.text)]
    parts = [
        _TextPart([event for event in events if start <= event.start < end], start, end)
        for start, end in itertools.pairwise(edges)
    ]
    whole = _WholeText(document, facts)
    walked = helpers.map(_walked, whole, parts) if helpers and len(parts) > 1 else [_walked(whole, *parts)]
    regions: list[Region] = []
    called: dict[int, int] = {}
    for part in walked:
        regions += part.regions
        called |= part.called
    return content_for_empty(facts.calls.placed(regions, called) if called else regions)


class _WholeText(NamedTuple):
    """What each part of a text is walked over with."""

    document: Document
    facts: Facts


class _TextPart(NamedTuple):
    """A part of a text that begins with a heading, or with the text, and the events in it."""

    events: list[_Event]
    start: int
    end: int


class _Walked(NamedTuple):
    """The regions of a part, and where the footnotes in it, by where they begin, are called."""

    regions: list[Region]
    called: dict[int, int]


def _walked(whole: _WholeText, part: _TextPart) -> _Walked:
    walker = _Walker(*whole)
    walker.walk(part.events, part.start, part.end)
    return _Walked(walker.regions, walker.called)


def _role(title: str) -> str:
    return title.strip(_ROLE_SIGNS).casefold()


def _is_beside(title: str, other: str) -> bool:
    """Whether a heading with the number 3.3 stands before one with 3.7.2, whose own was not found."""
    number, below = _NUMBER.match(title), _NUMBER.match(other)
    return number is not None and below is not None and not below[0].startswith(number[0])


def _events(document: Document) -> list[_Event]:
    """What is found before any block, in order, none in another."""
    special = sorted(_special(document), key=lambda event: (event.start, event.end))
    hidden = [(event.start, event.end) for event in special]
    if not document.headings:
        hidden = sorted((*hidden, *(span for span in document.noise if not overlaps(*span, hidden))))
    stack: list[Heading] = []
    events: list[_Event] = []
    at = 0
    found = headings(document, lambda a, b: overlaps(a, b, hidden))
    depths = {heading.start: heading.level - POST_LEVEL for heading in found if heading.level >= POST_LEVEL}
    titles = nested(found, depths)
    blocks = [block for block in enclosures(document) if not overlaps(block.close, block.end, hidden)]
    marks = [_Closed(block.close, block.end, block.start) for block in blocks]
    nearest = _Innermost(blocks)
    for event in sorted((*special, *titles, *marks), key=lambda event: (event.start, event.end)):
        if event.start < at:
            continue
        at = event.end
        if isinstance(event, _Closed):
            while stack and stack[-1].start >= event.above:
                stack.pop()
            events.append(event._replace(above=stack[-1].start if stack else -1))
            continue
        if not isinstance(event, Heading):
            events.append(event)
            continue
        low = nearest.inner(event.start)
        while (
            stack
            and stack[-1].start >= low
            and (stack[-1].level >= event.level or _is_beside(stack[-1].title, event.title))
        ):
            stack.pop()
        replies = depths.get(event.start, 0) > 0
        events.append(_Placed(event.start, event.end, event.title, stack[-1].start if stack else -1, replies))
        stack.append(event)
    return events


class _Innermost:
    """Finds the block that a place is in, for places in order."""

    def __init__(self, blocks: Sequence[Enclosed]) -> None:
        self._coming = list(reversed(blocks))
        self._open: list[Enclosed] = []

    def inner(self, at: int) -> int:
        """Where the headings of the innermost block begin; -1 outside of all."""
        while self._coming and self._coming[-1].inner <= at:
            self._open.append(self._coming.pop())
        while self._open and self._open[-1].close <= at:
            self._open.pop()
        return self._open[-1].inner if self._open else -1


def _special(document: Document) -> list[_Special]:
    """Fences, tables and JSON, which are found before anything else and hide what looks like a heading in them."""
    text = document.text
    head = front_matter(text)
    marks = "`~" if document.kind in ("markdown", "html") else "`"
    special: list[_Special] = [*([head] if head else []), *fences(text, marks)]
    if document.language == "asciidoc":
        special += listings(text)
    if document.language == "tex":
        special += algorithms(text)
    if document.kind == "text" and not document.language:
        special += planned(text)
    fenced = sorted((fence.start, fence.end) for fence in special)
    tables: list[Drawn | SimpleTable | ExpandedRecords | Infobox] = [
        *drawn_tables(text, document.language),
        *simple_tables(text),
        *expanded_records(text),
        *infoboxes(text),
    ]
    drawn = [table for table in tables if not overlaps(table.start, table.end, fenced)]
    special += drawn
    hidden = sorted(fenced + [(table.start, table.end) for table in drawn])
    for match in matching(PIPES, text, lines_with(text, "|")):
        lines = match[0].rstrip().split("\n")
        if not overlaps(*match.span(), hidden) and not is_excerpt(lines) and not are_messages(lines):
            special.append(_Pipes(*match.span()))
    if document.kind in ("text", "markdown"):
        special += embedded_json(text, sorted((event.start, event.end) for event in special))
    return special


class _Walker(Kinds):
    """Walks over a document once, block by block."""

    def walk(self, events: Sequence[_Event], at: int, end: int) -> None:
        """Set down what stands in ``text[at:end]``, which begins with a heading unless it begins the text."""
        for event in events:
            self.blocks(at, event.start)
            at = event.end
            if isinstance(event, _Placed):
                self._open(event)
                continue
            if isinstance(event, _Closed):
                self._close(event)
                continue
            self.rebase(event.start)
            self.entitle(event.start)
            if isinstance(event, Fence):
                self.fence(event)
            elif isinstance(event, _Pipes):
                self.table(*event)
            else:
                self.add(event.start, event.end, event.units(self.text, self.parent))
        self.blocks(at, end)

    def _open(self, heading: _Placed) -> None:
        """Set down a heading, after which nothing before it counts."""
        start, end, title, above, replies = heading
        role = _role(title)
        if replies:
            above = self._asked_in(above)
        if role in _ANSWERING and self.role in _ASKING and (asked := self._asked()) >= 0:
            above = asked
        self.role = role
        self.regions.append(Region(start, end, above, (Unit(start, end, "heading", above, title=title),)))
        self._begin_under(start)

    def _close(self, mark: _Closed) -> None:
        """Set down the last mark of a block, after which what stands around the block counts again."""
        start, end = trim(self.text, mark.start, mark.end)
        unit = Unit(start, end, "sentence", mark.above, noise=True)
        self.regions.append(Region(start, end, mark.above, (unit,)))
        self.said = -1
        self._begin_under(mark.above)

    def _begin_under(self, heading: int) -> None:
        self.heading = self.base = heading
        self.introduction = self.literal = -1
        self.answers = Answers()
        self.listed = (-1, -1)
        self.indents.clear()
        self.quotes.clear()
        self.environments.clear()

    def _asked_in(self, comment: int) -> int:
        """The question that a comment ends with, which its replies answer; the comment itself where it does not."""
        if self.heading == comment and asks(self.text, trim(self.text, comment, self.regions[-1].end)[1]):
            self.asking[comment] = max(comment, self._asked())
        return self.asking.get(comment, comment)

    def _asked(self) -> int:
        """The last sentence of the paragraph or list that was set down last, below a heading; -1 for anything else."""
        last = self.regions[-1]
        if last.start <= self.heading:
            return -1
        return running_spans(self.text, last)[-1][0] if last.units is None else last.units[-1].start

    def blocks(self, start: int, end: int) -> None:
        """Set down what stands between two headings, fences or tables."""
        self.section_end = end
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
