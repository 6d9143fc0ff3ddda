"""Quoted lines of messages, under what says whose words they are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ctxpipe.compress.text.prose.facts import Facts
from ctxpipe.compress.text.prose.region import Lines, Region
from ctxpipe.compress.text.prose.spoken import quote_depth
from ctxpipe.compress.text.prose.turns import Turns
from ctxpipe.compress.text.prose.units import announces, asks, running_spans
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

_FIELD = re.compile(
    r"[> \t]*\*?(?P<key>From|Date|Sent|Subject|To|Cc|Von|Gesendet|Datum|Betreff|An|De|Envoyé|Objet|À):\*?[ \t]+\S"
)
_WROTE = re.compile(r"\b(?:wrote|writes|schrieb\b.{0,80}|écrit|escribió|escreveu|scritto|schreef|skrev)[ ]?:\s*\Z")
_CLOSING = ("--", "__", "—")
"""What a signature or the foot of a mailing list begins with."""
_LONGEST_LINE = 200
"""Characters of a line that says who wrote something."""
_FEWEST = 2
"""Fields with which the head of a message begins."""


class Quoted(Turns):
    """Writes quoted lines."""

    def __init__(self, document: Document, facts: Facts) -> None:
        super().__init__(document, facts)
        self._quoted_heads: dict[int, int] = {}
        """What the heads of quoted messages stand under."""
        self._quoting = -2
        """What says who wrote the message that is quoted."""
        self._answerable = -1
        """The quoted sentence that what stands right below the quotation answers."""
        self._is_asked = False
        self._next_quotation = -1
        """Where the next quoted line is that goes on with the same message; behind the text for none."""

    def quotation(self, lines: Lines) -> bool:
        """Lines of a message that quote another one, under what says whose words they are."""
        text = self.text
        if text.find(">", lines.start, lines.end) < 0 or not any(text[a] == ">" for a, _ in lines.spans):
            self._answer(lines)
            # What is quoted between the paragraphs of an answer is all of the same message.
            self.quotes = {1: self._quoting} if self.quotes.get(1, -1) == self._quoting else {}
            return False
        for depth, group in itertools.groupby(lines.spans, key=lambda span: quote_depth(text, span[0])):
            spans = list(group)
            if depth:
                self._quoted(spans, depth)
            else:
                self.block(self.line_of(spans[0][0]), spans[-1][1])
        return True

    def _answer(self, lines: Lines) -> None:
        """Let a paragraph below a quotation stand under it: the first below a question, all that are between two."""
        if self._answerable <= self.heading:
            return
        between = self._is_quoted_below(lines.end)
        closes = lines.words[0].startswith(_CLOSING) or _WROTE.search(lines.words[-1])
        if (between or self._is_asked) and self.introduction < 0 and not closes:
            self.introduction = self._answerable
        if not between:
            self._answerable = -1

    def _is_quoted_below(self, at: int) -> bool:
        """Whether the message quotes more of the same message below a place, without saying anew whose words follow."""
        if self._next_quotation < at:
            found = self.text.find("\n>", at)
            self._next_quotation = found if found >= 0 else len(self.text)
        before = self.text[max(at, self._next_quotation - _LONGEST_LINE) : self._next_quotation]
        return self._next_quotation < self.section_end and not _WROTE.search(before)

    def _take_answerable(self, region: Region) -> None:
        """Take the last paragraph of a quotation for what is answered below it: its last question, if it has one."""
        last = region._replace(start=region.breaks[-1], breaks=()) if region.breaks else region
        spans = running_spans(self.text, last)
        asked = [start for start, end in spans if asks(self.text, end)]
        self._answerable, self._is_asked = asked[-1] if asked else spans[0][0], bool(asked)

    def _quoted(self, spans: Sequence[tuple[int, int]], depth: int) -> None:
        self._answerable = -1
        if self.introduction >= 0:
            self.quotes[depth] = self.introduction
            if depth == 1 and self.regions and _WROTE.search(self.text, self.introduction, self.regions[-1].end):
                self._quoting = self.introduction
        elif not self.quotes and (item := self._item_above()) >= 0:
            self.quotes[depth] = item
        self.introduction = -1
        self.quotes = {inner: start for inner, start in self.quotes.items() if inner <= depth}
        at = 0
        for first, stop in self._message_heads(spans):
            if first > at:
                self._said(spans[at:first])
            above = self.quotes[max(self.quotes)] if self.quotes else self._beside()
            above = self._quoted_heads.get(above, above) if depth in self.quotes else above
            start, end = spans[first][0], spans[stop - 1][1]
            self.regions.append(Region(start, end, above, (Unit(start, end, "speaker", above),)))
            self._quoted_heads[start] = above
            self.quotes[depth] = start
            self.introduction = -1
            at = stop
        if at < len(spans):
            region = self._said(spans[at:])
            if depth == 1 and (self.document.kind == "text" or self._quoting >= 0) and self.introduction < 0:
                self._take_answerable(region)

    def _item_above(self) -> int:
        """The item right above that says in a colon whose words are quoted; -1 for none."""
        units = self.regions[-1].units if self.regions else None
        last = units[-1] if units else None
        return last.start if last and last.kind == "item" and self.text[last.end - 1] == ":" else -1

    def _beside(self) -> int:
        """What the message that a message is quoted in stands under: who wrote the one says nothing of the other."""
        if self.base != self.heading or not _FIELD.match(self.text, max(0, self.heading)):
            return self.base
        return next(region.parent for region in reversed(self.regions) if region.start == self.heading)

    def _said(self, spans: Sequence[tuple[int, int]]) -> Region:
        """Set down what is quoted, and give it."""
        text = self.text
        parent = self.quotes[max(self.quotes)] if self.quotes else self.base
        # A line of nothing but marks begins the next paragraph.
        empty = [not text[a:b].strip("> \t") for a, b in spans]
        filled = next((i for i in range(len(spans), 0, -1) if not empty[i - 1]), len(spans))
        spans, marks = spans[:filled], spans[filled:]
        breaks = tuple(spans[i][0] for i in range(1, len(spans)) if empty[i] and not empty[i - 1])
        region = Region(spans[0][0], spans[-1][1], parent, None, breaks)
        self.regions.append(region)
        if announces(text, spans[-1][1]):
            *before, (start, end) = running_spans(text, region)
            if before and _WROTE.search(text, start, end):
                # Whose words follow says this line alone, whoever quotes them.
                breaks = tuple(at for at in breaks if at < start)
                self.regions[-1:] = [region._replace(end=start, breaks=breaks), Region(start, end, self.base)]
            self.introduction = start
        if marks:
            self.regions.append(Region(marks[0][0], marks[-1][1], parent))
        return region

    def _message_heads(self, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The lines by index, the end exclusive, that are heads of messages: fields below one another."""
        keys = [match["key"] if (match := _FIELD.match(self.text, a, b)) else "" for a, b in spans]
        runs = [list(run) for known, run in itertools.groupby(range(len(keys)), key=lambda i: bool(keys[i])) if known]
        return [(run[0], run[-1] + 1) for run in runs if len({keys[index] for index in run}) >= _FEWEST]
