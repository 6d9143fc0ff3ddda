"""What a walk over prose remembers: headings, indentation, introductions."""

from __future__ import annotations

import re
from collections.abc import Sequence

import regex

from ctxpipe.compress.text.answers import Answers
from ctxpipe.compress.text.prose.enumerated import Number
from ctxpipe.compress.text.prose.expanded import STATEMENT
from ctxpipe.compress.text.prose.facts import Facts
from ctxpipe.compress.text.prose.headed import after_label, after_question, after_term, is_title, is_titled
from ctxpipe.compress.text.prose.indented import Indents, indent_of
from ctxpipe.compress.text.prose.interrupted import (
    FURNITURE,
    REQUIRES,
    begun_above,
    breaks_off,
    is_over_page,
    joined_around,
    page_end,
)
from ctxpipe.compress.text.prose.noise import is_noise
from ctxpipe.compress.text.prose.records import hard_breaks
from ctxpipe.compress.text.prose.region import Region
from ctxpipe.compress.text.prose.units import asks, introduces, prose_unit, running_spans
from ctxpipe.compress.text.sentences import is_blank, sentences, trim
from ctxpipe.compress.text.unit import Unit, UnitKind
from ctxpipe.compress.types import Document

_TITLE = re.compile(
    r"(\*\*|`|)\.?[^\W_](?:[^\n]{0,58}[^\s.!?,;…。！？，；|])?\1"
    r"|[^\W_][^\n]{0,70} etc\."
    r"|\W{0,3}(?:Tab(?:le|elle|leau|la|ela|ella|ell)?\.?|Taulukko|Таблица|表)\s?\d[^\n]{0,200}"
)
"""A short line that is no sentence, or the number of a table and what it holds."""
_OF_WHAT = re.compile(r"[(\[][^\n]{1,80}[)\]]|in [^\n.]{1,60}", re.IGNORECASE)
"""The line below a title that says in what the numbers are."""
_IN_WHAT = re.compile(
    r"(?:all |the |these )?"
    r"(?:amounts|figures|values|prices|numbers|sums|rates|weights|sizes|lengths|dimensions|times|costs)"
    r"\b[^.\n]{0,60}\b(?:in|per|without|with|including|excluding|exclude|include)\b[^.\n]{1,80}\.?",
    re.IGNORECASE,
)
"""A sentence above a table that says in what its numbers are."""
_OPEN_END = re.compile(r"[\w,;—–-]$")
_GOES_ON = regex.compile(rf"[\p{{Ll}}(]|\p{{N}}[\p{{N}}.,:]*[ %]\s?\p{{Ll}}|{REQUIRES}")
_DECIMAL = re.compile(r"(?P<above>\d{1,3}(?:\.\d{1,3})*)(?P<last>\.\d{1,3})\.?[ \t]+(?=\S)")
_FOOT = re.compile(r"\[Page [\divxlc]{1,5}\]\s*$")
_FILLED = re.compile(r"\S")
LONGEST_TERM = 120
"""Characters up to which a line of HTML is taken for the term of what is indented below it."""
LONGEST_ITEM = 600
"""Characters from which on a list item, record or turn is kept by sentence, each under the first."""


class ProseWriter:
    """What a walk over a document remembers, and how it sets down paragraphs and other blocks."""

    def __init__(self, document: Document, facts: Facts) -> None:
        self.document = document
        self.facts = facts
        self.text = document.text
        self.regions: list[Region] = []
        self.heading = self.base = -1
        """The nearest heading, and what blocks with the present indentation stand under."""
        self.section_end = len(document.text)
        """Where the next heading, fence or table begins."""
        self.role = ""
        """The title of the nearest heading, without signs and capitals."""
        self.introduction = -1
        """What announces the next block."""
        self.question = -1
        """The last question of a paragraph, when it announces the next block."""
        self.logged = self.traced = -1
        """Where the last log ended, and its last line that began with a time."""
        self.asking: dict[int, int] = {}
        """The question that a comment of a thread ends with, by where the comment begins."""
        self.literal = -1
        """Indentation of what announces code below it."""
        self.indents = Indents()
        self.depth = 0
        """Definitions around a block."""
        self.quotes: dict[int, int] = {}
        """What introduces quoted lines, by their depth."""
        self.said = -1
        """The turn of a conversation that further paragraphs go on with."""
        self.answers = Answers()
        self.clauses: dict[str, int] = {}
        """Where sentences without end of clauses begin, by decimal number: 5.1.2 may go on with that of 5.1."""
        self.called: dict[int, int] = {}
        """Where footnotes are called, by where they begin; the sentences that call them may be in another part."""
        self.listed = (-1, -1)
        """Indentation of the list that the last block was, and what it stands under."""
        self.open_items: list[tuple[int, int, Number | None]] = []
        """Items of that list which the next may stand in: their indentation, where they begin, and their number."""

    @property
    def parent(self) -> int:
        """What the next block stands under."""
        return self.base if self.introduction < 0 else self.introduction

    def line_of(self, at: int) -> int:
        """Where the line begins that a place is in, without a title in it that is set down already."""
        done = self.regions[-1].end if self.regions else 0
        return max(self.text.rfind("\n", 0, at) + 1, done)

    def add(self, start: int, end: int, units: Sequence[Unit]) -> None:
        """Take up a region that is not running text; what it was introduced by introduces nothing else."""
        self.regions.append(Region(start, end, self.parent, tuple(units)))
        self.introduction = -1

    def rebase(self, start: int) -> int:
        """The indentation of a block, which decides what it stands under."""
        indent = indent_of(self.text, start)
        above = self.indents.under(indent)
        self.base = max(self.heading, self.said) if above < 0 else above
        return indent

    def entitle(self, start: int) -> None:
        """Take what is right above a table or list for its introduction: a short line, or a sentence without end."""
        last = self.regions[-1] if self.regions else None
        if self.introduction >= 0 or last is None or last.units is not None:
            return
        if self.document.page(last.start) != self.document.page(start):
            return
        if self._typed(last, start) or last.breaks:
            return
        begin, end = trim(self.text, last.start, last.end)
        words = self.text[begin:end]
        title, _, unit = words.partition("\n")
        if _IN_WHAT.fullmatch(words) and is_blank(self.text, end, start):
            self.introduction = begin
            return
        named = _TITLE.fullmatch(title) and (
            not unit or _OF_WHAT.fullmatch(unit) or (is_title(title) and is_title(unit))
        )
        if named and not self.text[end:start].strip():
            self.introduction = self.titled(last)
        else:
            self.announced(start)

    def _typed(self, region: Region, start: int) -> bool:
        """Take what was typed at the prompt of a database for the introduction of the result right below it."""
        begin, end = trim(self.text, region.start, region.end)
        if not STATEMENT.fullmatch(self.text, begin, end) or not is_blank(self.text, end, start):
            return False
        unit = prose_unit(self.document, begin, end, "item", region.parent)
        title = " ".join(self.text[begin:end].split())
        self.regions[-1] = Region(region.start, region.end, region.parent, (unit._replace(title=title),))
        self.introduction = begin
        return True

    def announced(self, start: int) -> None:
        """Take a sentence right above a list, records or code that has no end for what introduces them."""
        last = self.regions[-1] if self.regions else None
        if self.introduction >= 0 or last is None or last.units is not None or not is_blank(self.text, last.end, start):
            return
        begin, end = running_spans(self.text, last)[-1]
        if self.text[begin].isalpha() and breaks_off(self.text, begin, end):
            self.introduction = begin

    def titled(self, region: Region) -> int:
        """Take the last paragraph for a title, which says nothing alone, if it is one sentence; gives its start."""
        *before, (start, end) = running_spans(self.text, region)
        if not before:
            title = prose_unit(self.document, start, end, "item", region.parent)
            title = title._replace(title=" ".join(self.text[start:end].split()))
            self.regions[-1] = Region(region.start, region.end, region.parent, (title,))
        return start

    def whole_or_sentences(self, start: int, end: int, kind: UnitKind, parent: int) -> list[Unit]:
        """One unit, or the sentences of a long one, of which the others stand under the first."""
        text = self.text
        if end - start <= LONGEST_ITEM:
            return [prose_unit(self.document, start, end, kind, parent)]
        (a, b), *rest = sentences(text, start, end)
        first = prose_unit(self.document, a, b, kind, parent)
        return [first, *(prose_unit(self.document, c, d, "sentence", a) for c, d in rest)]

    def running(self, start: int, end: int, spans: Sequence[tuple[int, int]]) -> None:
        """A paragraph; when it ends by announcing what follows, that stands under its last sentence."""
        text = self.text
        lines = [text[a:b] for a, b in spans]
        meant = hard_breaks(lines, joined=self.document.kind == "pdf") if len(spans) > 1 else []
        breaks = tuple(after[0] for after, hard in zip(spans[1:], meant, strict=True) if hard)
        stop = trim(text, start, end)[1]
        # Of several questions in a row none is about the one before it.
        between = self.introduction >= 0 and self.introduction == self.question and asks(text, stop)
        region = Region(start, end, self.base if between else self.parent, None, breaks)
        last = self.regions[-1] if self.regions else None
        if last is not None and last.units is None and self._goes_on(last, start):
            joins = (*last.joins, trim(text, last.start, last.end)[1])
            region = last._replace(end=end, joins=joins, breaks=(*last.breaks, *breaks))
            self.regions[-1] = region
        elif (open_sentence := self._before_page(start)) >= 0:
            self.regions.append(region := self._rest(region, open_sentence))
        elif self.introduction < 0 and (lead := begun_above(text, self.regions, self.heading, start)) > region.parent:
            joined = joined_around(text, self.regions, lead, region)
            self.regions.append(region := joined or self._rest(region, lead))
        else:
            number = _DECIMAL.match(text, start, end)
            if number and self.introduction < 0 and (stem := self.clauses.get(number["above"], -1)) > self.heading:
                region = region._replace(parent=stem)
            self.regions.append(region := self._headed(region, spans, lines))
            if number and (introduces(text, stop) or breaks_off(text, *running_spans(text, region)[-1])):
                self.clauses[number["above"] + number["last"]] = running_spans(text, region)[-1][0]
        self.introduction = -1
        if stop - start < LONGEST_TERM and "\n" not in text[start:stop]:
            self._open_term(region, start, stop)
        if introduces(text, stop):
            self.introduction = running_spans(self.text, region)[-1][0]
            if asks(text, stop):
                self.question = self.introduction
            self.indents.open(indent_of(text, start), self.introduction)
            if self.document.language == "rst" and text.endswith("::", start, stop):
                self.literal = indent_of(text, start)

    def _open_term(self, region: Region, start: int, stop: int) -> None:
        """Let what is indented further below a line stand under it: in text if it is a title, in a page always."""
        text = self.text
        always = self.document.kind in ("html", "markdown")
        below = _FILLED.search(text, stop)
        indent = indent_of(text, start)
        further = below is not None and indent_of(text, below.start()) > indent
        if not (further or always) or is_noise(text, start, stop, paged=False):
            return
        begin = running_spans(text, region)[-1][0]
        named = further and region is self.regions[-1] and is_title(text[begin:stop])
        if named:
            begin = self.titled(region)
        if named or always:
            self.indents.open(indent, begin)

    def _headed(self, region: Region, spans: Sequence[tuple[int, int]], lines: list[str]) -> Region:
        """Set down the title or question that a paragraph begins with, and give the rest, which stands under it."""
        start, end = spans[0][0], spans[-1][1]
        title = spans[1][0] if is_titled(lines) else after_label(self.text, start, end)
        if title < 0 and self.facts.is_glossary:
            title = after_term(self.text, start, end)
        after = title if title >= 0 else after_question(self.text, start, end)
        if after < 0:
            return region
        head = region._replace(end=after, breaks=())
        self.regions.append(head)
        above = self.titled(head) if title >= 0 else running_spans(self.text, head)[-1][0]
        return Region(after, region.end, above, None, tuple(at for at in region.breaks if at > after))

    def _before_page(self, start: int) -> int:
        """The sentence that goes on at ``start`` after the foot and the head of pages; -1 for none."""
        low = max(0, start - FURNITURE)
        feed = page_end(self.text, low, start)
        if feed < 0:
            return -1
        body = (r for r in self.regions[-4:][::-1] if r.end < feed and not _FOOT.search(self.text, r.start, r.end))
        last = next(body, None)
        if last is None or last.units is not None or feed - last.end > FURNITURE:
            return -1
        begin, stop = running_spans(self.text, last)[-1]
        if _GOES_ON.match(self.text, start):
            return begin if _OPEN_END.search(self.text, stop - 1, stop) else -1
        return begin if is_over_page(self.text, stop, start) else -1

    def _rest(self, region: Region, open_sentence: int) -> Region:
        """Set down the rest of a sentence under its beginning, and give what follows it in the paragraph."""
        spans = running_spans(self.text, region)
        stop, after = spans[0][1], spans[1][0] if len(spans) > 1 else -1
        rest = region._replace(end=stop, parent=open_sentence, breaks=())
        if after < 0:
            return rest
        self.regions.append(rest)
        return region._replace(start=after, breaks=tuple(at for at in region.breaks if at > after))

    def _goes_on(self, last: Region, start: int) -> bool:
        """Whether a paragraph goes on with the last one of the page before."""
        page, pages = self.document.page(start), self.document.page(last.start)
        if page is None or page == self.document.page(max(0, last.end - 1)) or pages is None:
            return False
        stop = trim(self.text, last.start, last.end)[1]
        begin = trim(self.text, start, len(self.text))[0]
        return bool(_OPEN_END.search(self.text, stop - 1, stop) and _GOES_ON.match(self.text, begin))
