"""Blocks of prose that are no running text."""

from __future__ import annotations

import builtins
import itertools
import re
from collections.abc import Sequence

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.prose.anaphora import begins_leaning
from ctxpipe.compress.text.prose.diagnosed import Said
from ctxpipe.compress.text.prose.enumerated import Number, begins, number_of
from ctxpipe.compress.text.prose.fences import Fence
from ctxpipe.compress.text.prose.headed import is_title, lead
from ctxpipe.compress.text.prose.indented import CODE_DIRECTIVE, DIRECTIVE, indent_of, tagged
from ctxpipe.compress.text.prose.notes import caller
from ctxpipe.compress.text.prose.region import Lines, Region
from ctxpipe.compress.text.prose.spoken import after_cue, asks_in, goes_on, is_card, is_talk, speaker
from ctxpipe.compress.text.prose.units import asks, moved, prose_unit
from ctxpipe.compress.text.prose.writer import LONGEST_ITEM, ProseWriter
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.tables import table_units
from ctxpipe.compress.text.unit import Unit

_LONGEST_NUMBER = 20
_SMALLEST_BOX = 3
_HEADLINE = re.compile(
    r"[A-Z][a-z]+(?:[ ]+(?:[A-Z][\w-]*|a|an|and|as|at|by|for|from|in|is|of|on|or|per|the|to|with)){2,11}"
)
"""Three words or more that begin with capitals."""
_FILLED = re.compile(r"\S")


class Blocks(ProseWriter):
    """Writes the blocks that are no running text: fences, tables, lists, records, directives and glossaries."""

    def fence(self, fence: Fence) -> None:
        """Lines between fences, as units of their language under the opening one."""
        opened, closed = (trim(self.text, *line)[1] for line in (fence[:2], fence[2:4]))
        opening = Unit(fence.start, opened, "fence", self.parent, fence.closing, closed)
        body = fence.opened + 1
        inside = code_units(self.text[body : fence.closing], fence.info.lower())
        self.add(fence.start, fence.end, [opening, *(moved(unit, body, opening.start) for unit in inside)])

    def table(self, start: int, end: int) -> None:
        """A table of pipes."""
        self.add(start, end, table_units(self.text, start, end, self.parent))

    def code(self, start: int, end: int) -> None:
        """Indented text below what announces code."""
        above = self.parent
        inside = code_units(self.text[start:end])
        self.add(start, end, [moved(unit, start, above) for unit in inside])

    def directive(self, start: int, end: int, indent: int) -> None:
        """A directive of reStructuredText, under which its indented text stands."""
        match = DIRECTIVE.match(self.text, start, end)
        argument = " ".join(match["argument"].split()) if match and match["argument"] else ""
        first, *rest = self.whole_or_sentences(start, end, "item", self.parent)
        self.add(start, end, [first._replace(title=argument), *rest])
        self.indents.open(indent, start)
        if CODE_DIRECTIVE.match(self.text, start, end):
            self.literal, self.introduction = indent, start

    def boxed(self, lines: Lines) -> bool:
        """Paragraphs between the sides of a box of asterisks or number signs."""
        side = lines.words[0][0]
        if (
            side not in "*#"
            or len(lines.words) < _SMALLEST_BOX
            or any(words[0] != side or words[-1] != side or len(words) != len(lines.words[0]) for words in lines.words)
        ):
            return False
        says = [any(map(str.isalnum, words)) for words in lines.words]
        for said, group in itertools.groupby(range(len(says)), key=says.__getitem__):
            spans = [lines.spans[index] for index in group]
            joins = tuple(end for _, end in spans[:-1]) if said else ()
            self.regions.append(Region(spans[0][0], spans[-1][1], self.parent, None, (), joins))
        self.introduction = -1
        return True

    def tagged(self, lines: Lines) -> bool:
        """Terms whose definitions begin on the same line; what is indented below also stands under them."""
        if "  " not in lines.words[0] and (self.facts.speakers or ": " not in lines.words[0]):
            return False
        below = _FILLED.search(self.text, lines.end)
        terms = tagged(lines.words, lines.indents, indent_of(self.text, below.start()) if below else -1)
        above = self.parent
        for term in terms:
            start, end = lines.spans[term.line]
            tag = prose_unit(self.document, start, start + term.tag, "item", above)
            tag = tag._replace(title=" ".join(self.text[start : tag.end].split()))
            self.regions.append(Region(start, tag.end, above, (tag,)))
            self.introduction, self.base = -1, start
            self.indents.open(lines.indents[0], start)
            spans = [(start + term.text, end), *lines.spans[term.line + 1 : term.end]]
            self.running(spans[0][0], spans[-1][1], spans)
            if term is not terms[-1]:
                self.introduction = -1
        return bool(terms)

    def glossary(self, spans: Sequence[tuple[int, int]], groups: Sequence[Sequence[int]]) -> None:
        """Terms of Markdown, each with the definitions below it that begin with a colon."""
        above = self.parent
        for term, *definitions, end in groups:
            head = prose_unit(self.document, *spans[term], "item", above)
            head = head._replace(title=" ".join(self.text[head.start : head.end].split()))
            bounds = itertools.pairwise([*definitions, end])
            below = [
                unit
                for first, last in bounds
                for unit in self.whole_or_sentences(spans[first][0], spans[last - 1][1], "item", head.start)
            ]
            self.regions.append(Region(head.start, spans[end - 1][1], above, (head, *below)))
        self.introduction = -1

    def records(self, spans: Sequence[tuple[int, int]], *, titles: int) -> None:
        """Lines that are records, under the lines of column titles that they begin with."""
        units: list[Unit] = []
        parent = self.parent
        above = -1 if titles else self._titles_before(*spans[0])
        if titles:
            units.append(Unit(spans[0][0], spans[titles - 1][1], "row", parent))
            parent = spans[0][0]
        elif above >= 0:
            parent = above
        words = [self.text[a:b] for a, b in spans]
        rows = titles or above >= 0
        card = not rows and (is_card(words, self.facts.card_keys) or is_talk(words, self.facts.card_keys))
        for a, b in spans[titles:]:
            if rows:
                units.extend(self.whole_or_sentences(a, b, "row", parent))
            else:
                units.extend(self.turn(a, b, units[0].start if card and units else parent))
        self.add(spans[0][0], spans[-1][1], units)

    def _titles_before(self, start: int, end: int) -> int:
        """The column titles of a table that goes on with a line from the page before; -1 for none."""
        last = self.regions[-1] if self.regions else None
        if not last or not last.units or last.units[-1].kind != "row" or self.text[last.end : start].strip():
            return -1
        row = last.units[-1]
        page = self.document.page(start)
        if page is None or page == self.document.page(row.start):
            return -1
        same = self.text.count("  ", start, end) == self.text.count("  ", row.start, row.end) > 0
        return row.parent if same else -1

    def table_above(self, start: int) -> Region | None:
        """The table right above a block; None where something else is."""
        last = self.regions[-1] if self.regions else None
        is_table = last is not None and last.units is not None and all(unit.kind == "row" for unit in last.units)
        return last if last and is_table and not self.text[last.end : start].strip() else None

    def notes_on(self, table: Region, words: str) -> bool:
        """Whether a line is a note that a cell of a table calls, or its caption."""
        called = caller(words)
        return called is not None and called.search(self.text, table.start, table.end) is not None

    def log(self, spans: Sequence[tuple[int, int]], heads: Sequence[int]) -> None:
        """Lines of a log, of which the lines of a trace stand under what was logged before.

        Args:
            spans: Offsets of the lines.
            heads: What each is or stands under, by index; -1 for the last line of the log before.
        """
        units = [
            unit
            for index, (a, b) in enumerate(spans)
            for unit in self.whole_or_sentences(a, b, "record", self._logged_under(spans, heads[index], index))
        ]
        self.add(spans[0][0], spans[-1][1], units)
        self.logged = spans[-1][1]
        last = heads[heads[-1]] if heads[-1] >= 0 else -1
        self.traced = spans[last][0] if last >= 0 else self.traced

    def _logged_under(self, spans: Sequence[tuple[int, int]], head: int, index: int) -> int:
        if head < 0:
            return self.traced
        return self.parent if head == index else spans[head][0]

    def diagnosis(self, spans: Sequence[tuple[int, int]], messages: Sequence[Said], top: int | None = None) -> None:
        """Errors and warnings, each whole with its source lines and notes unless that is long.

        Args:
            spans: Offsets of the lines.
            messages: The messages, by index of their lines.
            top: What those stand under that stand under no other; None for what the block does.
        """
        above = self.parent if top is None else top
        units: list[Unit] = []
        begins: list[int] = []
        for first, stop, under in messages:
            start, end = spans[first][0], spans[stop - 1][1]
            parent = begins[under] if under >= 0 else above
            begins.append(start)
            if end - start <= LONGEST_ITEM:
                units.append(prose_unit(self.document, start, end, "record", parent))
                continue
            for a, b in spans[first:stop]:
                units.extend(self.whole_or_sentences(a, b, "record", parent if a == start else start))
        self.add(spans[0][0], spans[-1][1], units)

    def turn(self, start: int, end: int, parent: int) -> list[Unit]:
        """A record; what somebody answers stands under the question."""
        units = self.whole_or_sentences(start, end, "record", parent)
        asked = self._answering(start, end, units[-1].start)
        return units if asked < 0 else [units[0]._replace(parent=asked), *units[1:]]

    def _answering(self, start: int, end: int, place: int) -> int:
        """What a turn answers, or what it speaks of with a pronoun; -1 for nothing."""
        text, answers = self.text, self.answers
        who = speaker(text, start, end)
        cued = -1 if who.name else after_cue(text, start, end)
        if cued >= 0:
            asked = answers.follow(start, asks=asks(text, end))
        elif who.whom:
            asked = answers.quoting(place, who.name, who.whom, who.quoted, asks=asks(text, end))
        else:
            further = goes_on(text, who.said, end)
            asked = answers.take(place, who.name, asks=asks(text, end), goes_on=further)
        if who.name and asks_in(text, who.said, end):
            answers.quotable(place, who.name, text[who.said : end])
        if who.name or cued >= 0:
            leans = not who.whom and begins_leaning(text, max(who.said, cued), end)
            about = answers.about(start, leans=leans)
            asked = about if asked < 0 else asked
        return asked

    def list(
        self, start: int, end: int, spans: Sequence[tuple[int, int]], items: Sequence[re.Match[str] | None]
    ) -> None:
        """Items with the lines that go on with them; an item that is indented further stands under the one above."""
        first = next(index for index, item in enumerate(items) if item)
        if first:
            self._lead(spans[:first])
        # What is indented further than a list belongs to what is above it.
        if not self.regions or indent_of(self.text, self.regions[-1].start) <= indent_of(self.text, spans[first][0]):
            self.entitle(spans[first][0])
        units: list[Unit] = []
        open_items = self.open_items
        bounds = [index for index, item in enumerate(items) if item]
        for index, following in zip(bounds, [*bounds[1:], len(spans)], strict=True):
            item = items[index]
            indent = len(item[1].expandtabs()) if item else 0
            a, b = spans[index][0], spans[following - 1][1]
            number = self._close_items(open_items, indent, self.text[a : a + _LONGEST_NUMBER], apart=not units)
            parent = open_items[-1][1] if open_items else self.parent
            made = self.whole_or_sentences(a, b, "item", parent)
            if _HEADLINE.fullmatch(self.text, item.end() if item else a, b):
                # With paragraphs below it is their title, and says nothing without them.
                made[0] = made[0]._replace(title=" ".join(self.text[a:b].split()))
            open_items.append((indent, made[0].start, number))
            units.extend(made)
        self.listed = (indent_of(self.text, spans[first][0]), self.parent)
        self.add(spans[first][0], end, units)
        for indent, begin, _ in open_items:
            self.indents.open(indent, begin)

    def _lead(self, spans: Sequence[tuple[int, int]]) -> None:
        """A paragraph right above a list; what it ends with announces the items, under a title if it has one."""
        at = lead([self.text[a:b] for a, b in spans])
        if at > 0:
            self.running(spans[0][0], spans[at - 1][1], spans[:at])
            if is_title(self.text[slice(*spans[at - 1])]):
                self.introduction = self.titled(self.regions[-1])
        rest = spans[max(at, 0) :]
        self.running(rest[0][0], rest[-1][1], rest)
        if at >= 0 and self.introduction < 0:
            self.introduction = self.titled(self.regions[-1])

    def _close_items(
        self, items: builtins.list[tuple[int, int, Number | None]], indent: int, words: str, *, apart: bool
    ) -> Number | None:
        """Close the items that the next does not stand in: those indented as far, unless it begins other numbers.

        Below a blank line (``apart``) these are of another kind: ``(1)`` does not stand in ``16.``, ``(a)`` does.
        """
        while items and items[-1][0] > indent:
            items.pop()
        beside = [item for item in items if item[0] == indent]
        number = number_of(words, beside[-1][2] if beside else None)
        same = next((item for item in beside if number and item[2] and item[2][:2] == number[:2]), None)
        above = beside[-1][2] if beside and same is None else None
        if number and above and begins(number) and not (apart and above.kind == number.kind):
            return number
        while items and items[-1][0] >= indent:
            if items.pop() is same:
                break
        return number
