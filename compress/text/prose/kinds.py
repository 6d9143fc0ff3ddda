"""Which kind of block some lines are: a directive, a quotation, a list, definitions, a turn, records or a paragraph."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ctxpipe.compress.text.prose.commented import commented
from ctxpipe.compress.text.prose.detailed import GOES_ON, under
from ctxpipe.compress.text.prose.diagnosed import diagnosed
from ctxpipe.compress.text.prose.facts import Facts
from ctxpipe.compress.text.prose.goroutines import goroutines
from ctxpipe.compress.text.prose.headed import is_report_head, is_title, questions
from ctxpipe.compress.text.prose.indented import DIRECTIVE, colon_terms, dated, wiki_terms
from ctxpipe.compress.text.prose.interrupted import breaks_off
from ctxpipe.compress.text.prose.itemised import itemised
from ctxpipe.compress.text.prose.listed import after_items
from ctxpipe.compress.text.prose.logged import CHAINED, is_logged, traced
from ctxpipe.compress.text.prose.manuals import ManualPages
from ctxpipe.compress.text.prose.notes import is_footnote
from ctxpipe.compress.text.prose.records import record_runs
from ctxpipe.compress.text.prose.region import Lines, Region
from ctxpipe.compress.text.prose.units import running_spans
from ctxpipe.compress.text.sentences import is_wrapped_number
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

_LINE = re.compile(r"(?:(?<=\n)(?P<indent>[ \t]*+)[^\S\n]*+)?(?P<words>\S(?:[^\n]*\S)?)")
_ITEM = re.compile(
    r"([ \t]*(?:(?!\*\*\d)\*{1,4})?)"
    r"(?:[-*+•‣◦–✓✔✕✗○●]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)]|\(?[ivxIVX]{1,5}[.)]|#\.|\*\*\d{1,3}[.)]\*\*)[ \t]+(?=\S)"
)
"""The first of several stars say how deep an item is."""
_ASCIIDOC_ITEM = re.compile(
    r"([ \t]*(?:\.{0,4}|\*{0,4}))(?:(?:\.|\*|-|<\d+>)[ \t]+(?=\S)|[^\s:|=\[.+][^\n:]{0,80}?:{2,4}(?=[ \t]+\S))"
)
"""An item, or a term and its definition."""
_HEADER_ROWS = re.compile(r":header-rows:[ \t]*(\d{1,2})")
_BRACKETED = re.compile(r"\[[^\]\n]{2,60}\]")
_LONGEST_ADDRESS = 5
_PARTED = re.compile(r"[;:|\t]|  ")
_LABEL = re.compile(r"[^\s:][^\n:]{0,60}:")
"""A first line that says of what the lines below it are."""


def _is_one_item(words: Sequence[str]) -> bool:
    """Whether a line that announces something stands above an item, and nothing else."""
    return len(words) == 2 and words[1][0] in "-*•" and is_title(words[0])


def _names_records(words: Sequence[str]) -> bool:
    """Whether lines right above records are what these are of: a title, or a name with an address below it."""
    if len(words) == 1:
        return is_title(words[0]) or _BRACKETED.fullmatch(words[0]) is not None
    return len(words) <= _LONGEST_ADDRESS and all(is_title(line) and not _PARTED.search(line) for line in words)


def _may_be_item(words: str) -> bool:
    """Whether a line may begin an item of a list; quicker than the pattern."""
    return words[0] in "-*+•‣◦–✓✔✕✗○●(#0123456789" or "." in words[1:6] or ")" in words[1:6]


class Kinds(ManualPages):
    """Sets down blocks by their kind. Each method that takes lines returns whether they were of its kind."""

    def __init__(self, document: Document, facts: Facts) -> None:
        super().__init__(document, facts)
        kinds = (
            self.typed,
            self.parted,
            self.caption,
            self._notes,
            self.sheet,
            self.stanza,
            self.statement,
            self._directive,
            self._list_table,
            self.quoting,
            self.quotation,
            self._glossary,
            self.roff,
            self.boxed,
            self.continued,
            self.indented_turns,
            self._list,
            self._itemised,
            self._detailed,
            self.below_bold,
            self._log,
            self.stamped,
            self.tagged,
            self.definitions,
            self.cue,
            self.printed,
            self.speech,
            self.entry,
            self._paragraphs,
        )
        # A long text has a million blocks, each of which is asked for every kind.
        cannot_be = {
            self.parted: document.language != "tex",
            self.caption: not facts.captions_below,
            self._directive: document.language != "rst",
            self._list_table: document.language != "rst",
            self.printed: not facts.called,
            self.speech: facts.speakers is None,
            self.typed: document.kind != "text" or bool(document.language),
            self.statement: document.kind != "text" or bool(document.language),
            self.entry: document.kind != "html",
        }
        self._kinds = [take for take in kinds if not cannot_be.get(take)]

    def block(self, start: int, end: int) -> None:
        """Set down lines without a blank line between them, as the first kind that they are of."""
        lines = self._lines(start, end)
        if self._two_blocks(lines) or self.ruled(lines):
            return
        list_above = self._list_above(lines.indents[0])
        if list_above is not None:
            lines = lines._replace(list_above=list_above)
        for take in self._kinds:
            if take(lines):
                return

    def _lines(self, start: int, end: int) -> Lines:
        indent = self.rebase(start)
        found = list(_LINE.finditer(self.text, start, end))
        indents = [indent, *(len(line["indent"].expandtabs()) for line in found[1:])]
        return Lines(start, end, [line.span("words") for line in found], [line["words"] for line in found], indents)

    def _two_blocks(self, lines: Lines) -> bool:
        """Indented text that ends without a blank line, and what follows it."""
        level = self.indents.ends_at()
        if level < 0:
            return False
        after = next((a for (a, _), i in zip(lines.spans[1:], lines.indents[1:], strict=True) if i <= level), -1)
        if after < 0:
            return False
        line = self.text.rfind("\n", 0, after) + 1
        self.block(lines.start, line)
        self.block(line, lines.end)
        return True

    def _list_above(self, indent: int) -> int | None:
        level, parent = self.listed
        if indent <= level:
            self.listed = (-1, -1)
        return parent if indent == level else None

    def _notes(self, lines: Lines) -> bool:
        """Footnotes, each under the sentence that calls it, or notes below a table, under its header row."""
        words = lines.words
        at = [index for index, line in enumerate(words) if line[0] in "[." and is_footnote(line)]
        called = {lines.spans[index][0]: self.facts.calls.before(words[index], lines.spans[index][0]) for index in at}
        parent = self.parent
        if not at and (below := self.table_above(lines.start)):
            at = [index for index, line in enumerate(words) if self.notes_on(below, line)]
            parent = below.units[0].start if below.units else parent
        if not at or at[0] or min(called.values(), default=0) < 0:
            return False
        units: list[Unit] = []
        for first, stop in itertools.pairwise([*at, len(words)]):
            units += self.whole_or_sentences(lines.spans[first][0], lines.spans[stop - 1][1], "item", parent)
        self.called |= called
        introduction, self.introduction = self.introduction, -1
        self.add(lines.spans[0][0], lines.spans[-1][1], units)
        self.introduction = introduction if is_footnote(words[0]) else -1
        return True

    def _directive(self, lines: Lines) -> bool:
        """A directive of reStructuredText."""
        if self.document.language != "rst" or not DIRECTIVE.match(self.text, lines.start, lines.end):
            return False
        self.directive(lines.spans[0][0], lines.spans[-1][1], lines.indents[0])
        return True

    def _list_table(self, lines: Lines) -> bool:
        """The rows of a table of reStructuredText that is written as a list, each with all its cells."""
        rows = [index for index, words in enumerate(lines.words) if words.startswith("* -")]
        last = self.regions[-1] if self.regions else None
        if not rows or rows[0] or last is None or not self.text.startswith(".. list-table::", last.start):
            return False
        spans = [(lines.spans[a][0], lines.spans[b - 1][1]) for a, b in itertools.pairwise([*rows, len(lines.spans)])]
        titles = _HEADER_ROWS.search(self.text, last.start, last.end)
        self.records(spans, titles=min(int(titles[1]) if titles else 0, len(spans)))
        return True

    def _glossary(self, lines: Lines) -> bool:
        """Terms of Markdown or of a wiki with definitions that begin with a colon."""
        groups = colon_terms(lines.words) or wiki_terms(lines.words)
        if groups:
            self.glossary(lines.spans, groups)
        return bool(groups)

    def _list(self, lines: Lines) -> bool:
        """A list that begins with an item, or has several."""
        text = self.text
        item = _ASCIIDOC_ITEM if self.document.language == "asciidoc" else _ITEM
        may_be = _may_be_item if item is _ITEM else bool
        items = [
            item.match(text, text.rfind("\n", 0, a) + 1, b) if may_be(words) else None
            for (a, b), words in zip(lines.spans, lines.words, strict=True)
        ]
        items[1:] = [
            None if item and is_wrapped_number(text, lines.start, above[1], below[0]) else item
            for item, (above, below) in zip(items[1:], itertools.pairwise(lines.spans), strict=True)
        ]
        if not items[0] and sum(map(bool, items)) < 2 and not (items[-1] and _is_one_item(lines.words)):
            return False
        begun = list(map(bool, items))
        if after := after_items(lines.words, lines.indents, begun, interrupts=self._interrupts(lines, begun)):
            for first, stop in itertools.pairwise([0, *after, len(items)]):
                self.block(self.line_of(lines.spans[first][0]), lines.spans[stop - 1][1])
            return True
        if self._examined(lines, items):
            return True
        if items[0] and lines.list_above is not None and self.introduction < 0:
            self.base = lines.list_above
        else:
            self.open_items = []
        self.list(lines.start, lines.end, lines.spans, items)
        return True

    def _interrupts(self, lines: Lines, items: Sequence[bool]) -> bool:
        """Whether a list stands inside a sentence: what stands above it, or its first item, has no end."""
        below = next((index for index, item in enumerate(items) if index and item), len(items))
        if breaks_off(self.text, lines.spans[0][0], lines.spans[below - 1][1]):
            return True
        last = self.regions[-1] if self.regions and items[0] else None
        if last is None or last.units is not None:
            return False
        return breaks_off(self.text, *running_spans(self.text, last)[-1])

    def _examined(self, lines: Lines, items: Sequence[re.Match[str] | None]) -> bool:
        """Questions and answers of a witness, which look like items with the letters Q and A."""
        at = [index for index, item in enumerate(items) if item]
        letters = [lines.words[index][0] for index in at]
        if not {"Q", "A"}.issuperset(letters) or not (
            letters[0] == "Q" or (not at[0] and self.answers.asked_by == "Q")
        ):
            return False
        if at[0]:
            self._lead(lines.spans[: at[0]])
        spans = [(lines.spans[a][0], lines.spans[b - 1][1]) for a, b in itertools.pairwise([*at, len(items)])]
        self.records(spans, titles=0)
        return True

    def _itemised(self, lines: Lines) -> bool:
        """Entries with their years, or rows under their column titles, that go on in lines below them."""
        if entries := dated(lines.words, lines.indents):
            spans = [(lines.spans[a][0], lines.spans[b - 1][1]) for a, b in itertools.pairwise(entries)]
            units = [unit for span in spans for unit in self.whole_or_sentences(*span, "item", self.parent)]
            self.add(lines.spans[0][0], lines.spans[-1][1], units)
            return True
        rows = itemised(lines.words, lines.indents)
        if rows:
            self.entitle(lines.spans[0][0])
            spans = [(lines.spans[a][0], lines.spans[b - 1][1]) for a, b in itertools.pairwise(rows)]
            self.records([lines.spans[0], *spans], titles=1)
        return bool(rows)

    def _detailed(self, lines: Lines) -> bool:
        """Entries with details in lines that say how deep they are."""
        above = under(lines.words, lines.indents)
        if not above:
            return False
        units: list[Unit] = []
        begins = [index for index, head in enumerate(above) if head != GOES_ON]
        for first, stop in itertools.pairwise([*begins, len(above)]):
            head = above[first]
            parent = lines.spans[head][0] if head >= 0 else self.parent
            units += self.whole_or_sentences(lines.spans[first][0], lines.spans[stop - 1][1], "record", parent)
        self.add(lines.spans[0][0], lines.spans[len(above) - 1][1], units)
        if len(above) < len(lines.spans):
            self.introduction = lines.spans[begins[-1]][0]
            self.block(self.line_of(lines.spans[len(above)][0]), lines.end)
        return True

    def _log(self, lines: Lines) -> bool:
        """Lines of a log with traces of errors in it, or what a compiler says."""
        chained = CHAINED.match(lines.words[0]) is not None
        follows = chained and self._follows_log()
        stop = next((i for i, line in enumerate(lines.words) if is_logged(line)), len(lines.words)) if chained else 0
        calls = goroutines(lines.words[:stop])
        if follows or calls:
            if calls:
                self.diagnosis(lines.spans[:stop], calls, self.traced if follows else self.parent)
                self.logged = lines.spans[stop - 1][1]
            else:
                self.log(lines.spans[:stop], [-1] * stop)
            if stop < len(lines.words):
                self.block(self.line_of(lines.spans[stop][0]), lines.end)
            return True
        if heads := traced(lines.words, lines.indents):
            self.log(lines.spans, heads)
            return True
        messages = diagnosed(lines.words)
        if messages:
            self.diagnosis(lines.spans, messages)
        return bool(messages)

    def _follows_log(self) -> bool:
        """Whether the last block ends in a line of a log, which a trace below it then stands under."""
        last = self.regions[-1] if self.regions else None
        if last is None or (self.traced >= 0 and last.end == self.logged):
            return last is not None
        start, end = last.units[-1][:2] if last.units else running_spans(self.text, last)[-1]
        if not is_logged(self.text[start:end]):
            return False
        self.traced = start
        return True

    def _paragraphs(self, lines: Lines) -> bool:
        """Records, and paragraphs between them: what lines are that are nothing else."""
        spans, words = lines.spans, lines.words
        if self._commented(lines) or self._asked_and_answered(lines):
            return True
        if len(words) < 2 or not _LABEL.fullmatch(words[0]) or 2 * len(words[0]) > max(map(len, words)):
            self._parts(lines, -1)
            return True
        self.running(spans[0][0], spans[0][1], spans[:1])
        self._parts(lines._replace(start=spans[1][0], spans=spans[1:], words=words[1:]), self.introduction)
        return True

    def _asked_and_answered(self, lines: Lines) -> bool:
        """Several questions, each on a line of its own above its answer."""
        asked = questions(lines.words)
        if not asked:
            return False
        above = self.parent
        for first, stop in itertools.pairwise([*asked, len(lines.words)]):
            self.introduction, self.base = -1, above
            for a, b in ((first, first + 1), (first + 1, stop)):
                self.running(lines.spans[a][0], lines.spans[b - 1][1], lines.spans[a:b])
        self.introduction, self.base = -1, above
        return True

    def _commented(self, lines: Lines) -> bool:
        """Lines below comments that say what they do, and say nothing without them."""
        is_plain = self.document.kind == "text" and not self.document.language
        groups = commented(lines.words) if is_plain and len(lines.words) > 1 else []
        above = self.parent
        for group in groups:
            start, end = lines.spans[group.start][0], lines.spans[group.below - 1][1]
            first, *rest = self.whole_or_sentences(start, end, "item", above)
            first = first._replace(title=" ".join(self.text[start : first.end].split()))
            self.regions.append(Region(start, end, above, (first, *rest)))
            self.introduction = -1
            if group.end > group.below:
                spans, words = lines.spans[group.below : group.end], lines.words[group.below : group.end]
                self._parts(lines._replace(end=spans[-1][1], spans=spans, words=words), start)
            self.introduction = -1
        return bool(groups)

    def _table_title(self, lines: Lines, at: int, first: int) -> bool:
        """The title of a table with a line or two below it, as a report has them above each of its tables."""
        spans = lines.spans
        if self.introduction >= 0 or self.document.kind == "pdf" or not is_report_head(lines.words[at:first]):
            return False
        self.running(spans[at][0], spans[at][1], spans[at : at + 1])
        title = self.titled(self.regions[-1])
        self.introduction = title
        self.running(spans[at + 1][0], spans[first - 1][1], spans[at + 1 : first])
        self.introduction = title
        return True

    def _parts(self, lines: Lines, label: int) -> None:
        """Records, and paragraphs between them, all under a label, if there is one."""
        at, spans = 0, lines.spans

        def under() -> None:
            if label >= 0:
                self.introduction = label

        for run in record_runs(lines.words, celled=self.document.kind == "pdf"):
            first = run.start if run.header < 0 else run.header
            under()
            is_titled = run.header >= 0 and self._table_title(lines, at, first)
            if first > at and not is_titled:
                self.running(spans[at][0], spans[first - 1][1], spans[at:first])
                under()
                if self.introduction < 0 and run.header < 0 and _names_records(lines.words[at:first]):
                    self.introduction = self.titled(self.regions[-1])
            if run.header >= 0:
                self.entitle(spans[first][0])
            else:
                self.announced(spans[first][0])
            self.records(spans[first : run.end], titles=run.start - first)
            at = run.end
        if at < len(spans):
            under()
            self.running(spans[at][0], lines.end, spans[at:])
