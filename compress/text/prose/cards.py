"""Entries of lists and tables: what names them stands above what they say, or in a table's case below it."""

from __future__ import annotations

import abc
import itertools
import re

from ctxpipe.compress.text.prose.definitions import Definitions
from ctxpipe.compress.text.prose.headed import is_title
from ctxpipe.compress.text.prose.notes import is_caption
from ctxpipe.compress.text.prose.region import Lines
from ctxpipe.compress.text.prose.units import prose_unit
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.text.unit import Unit

_SIGNS = "-*_=~#"
_RULE = re.compile(rf"([{_SIGNS}])(?: ?\1){{2,}}")
_FEWEST_RULES = 2
_SHORTEST = 2
"""Lines of a card."""
_BOLD_LINE = re.compile(r"\*\*(?P<title>[^*]{2,160})\*\*:?\\?")


class Cards(Definitions, abc.ABC):
    """Writes entries. Each method that takes lines returns whether they were of its form."""

    def ruled(self, lines: Lines) -> bool:
        """Cards, or the like, with rules and no blank lines between them."""
        rules = [index for index, words in enumerate(lines.words) if words[0] in _SIGNS and _RULE.fullmatch(words)]
        if len(rules) < _FEWEST_RULES or len({lines.words[index] for index in rules}) > 1:
            return False
        parts = list(itertools.pairwise([-1, *rules, len(lines.words)]))
        if any(after - before <= _SHORTEST for before, after in parts):
            return False
        for before, after in parts:
            if before >= 0:
                start, end = lines.spans[before]
                self.add(start, end, [Unit(start, end, "row", self.parent, noise=True)])
            first = lines.spans[before + 1][0]
            self.block(self.line_of(first), lines.spans[after - 1][1])
        return True

    def below_bold(self, lines: Lines) -> bool:
        """Lines of Markdown below one in bold, which says what they are of."""
        title = _BOLD_LINE.fullmatch(lines.words[0])
        if not title or len(lines.words) < 2:
            return False
        (start, end), *rest = lines.spans
        head = Unit(start, end, "item", self.parent, title=title["title"])
        broken = all(self.text[b - 1] == "\\" or self.text.startswith("  ", b) for _, b in lines.spans[:-1])
        said = rest if broken else sentences(self.text, rest[0][0], rest[-1][1])
        below = [prose_unit(self.document, a, b, "record" if broken else "sentence", start) for a, b in said]
        self.add(lines.start, lines.end, [head, *below])
        return True

    def entry(self, lines: Lines) -> bool:
        """Lines of a page below a short one, each of which was a box of its own there."""
        start, end = lines.spans[0][0], lines.spans[-1][1]
        if self.document.kind != "html" or len(lines.words) < 2 or not is_title(lines.words[0]):
            return False
        if len(sentences(self.text, *lines.spans[0])) > 1 or len(sentences(self.text, start, end)) < 2:
            return False
        head = prose_unit(self.document, *lines.spans[0], "item", self.parent)
        said = [span for a, b in lines.spans[1:] for span in sentences(self.text, a, b)]
        below = [prose_unit(self.document, a, b, "sentence", start) for a, b in said]
        self.add(lines.start, lines.end, [head._replace(title=lines.words[0]), *below])
        return True

    def caption(self, lines: Lines) -> bool:
        """The caption below a table, which says nothing alone; the table's first row brings it along."""
        if not (self.facts.captions_below and is_caption(lines.words[0]) and self.table_above(lines.start)):
            return False
        start, end = lines.spans[0][0], lines.spans[-1][1]
        self.add(start, end, [Unit(start, end, "item", self.parent, title=" ".join(lines.words), noise=True)])
        return True
