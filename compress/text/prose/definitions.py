"""Terms and keys with what is indented below them."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Sequence

from ctxpipe.compress.text.prose.environments import Environments
from ctxpipe.compress.text.prose.indented import Term, terms
from ctxpipe.compress.text.prose.records import begins_record
from ctxpipe.compress.text.prose.region import Lines, Region
from ctxpipe.compress.text.prose.spoken import has_key, is_card
from ctxpipe.compress.text.prose.units import prose_unit
from ctxpipe.compress.text.unit import Unit

_DEEPEST = 12
"""Definitions inside one another; what is deeper is running text."""


class Definitions(Environments, abc.ABC):
    """Writes definitions. Each method that takes lines returns whether they were of its kind."""

    def sheet(self, lines: Lines) -> bool:
        """Keys of one thing with other keys indented below them, under the first, which names it."""
        least = min(lines.indents)
        if lines.indents[:2] != [least, least]:
            return False
        top = [words for words, indent in zip(lines.words, lines.indents, strict=True) if indent == least]
        if (
            max(lines.indents) == least
            or self.depth >= _DEEPEST
            or self.facts.speakers
            or not is_card(top, self.facts.card_keys)
            or self.introduction >= 0
        ):
            return False
        start, end = lines.spans[0]
        self.regions.append(
            Region(start, end, self.base, (prose_unit(self.document, start, end, "record", self.base),))
        )
        self.base = start
        keys = [index for index, indent in enumerate(lines.indents) if indent == least]
        self.depth += 1
        self._defined(lines, [Term(a, b) for a, b in itertools.pairwise([*keys[1:], len(lines.words)])])
        self.depth -= 1
        return True

    def stanza(self, lines: Lines) -> bool:
        """Keys of one thing, some of whose values go on in indented lines, under the first, which names it."""
        least = min(lines.indents)
        keys = [index for index, indent in enumerate(lines.indents) if indent == least]
        if keys[0] or len(keys) == len(lines.words) or lines.words[0].endswith(":") or self.introduction >= 0:
            return False
        if not is_card([lines.words[index] for index in keys], self.facts.card_keys):
            return False
        bounds = list(itertools.pairwise([*keys, len(lines.words)]))
        if any(all(map(has_key, lines.words[first + 1 : stop])) for first, stop in bounds if stop > first + 1):
            return False
        above = self.parent
        units: list[Unit] = []
        for first, stop in bounds:
            start, end = lines.spans[first][0], lines.spans[stop - 1][1]
            units += self.whole_or_sentences(start, end, "record", units[0].start if units else above)
        self.add(lines.spans[0][0], lines.spans[-1][1], units)
        return True

    def definitions(self, lines: Lines) -> bool:
        """Terms, each with what is indented below it."""
        nested = self.depth < _DEEPEST and len(lines.words) > 1
        listed = terms(lines.words, lines.indents) if nested else []
        if listed:
            self.depth += 1
            self._defined(lines, listed)
            self.depth -= 1
        return bool(listed)

    def _defined(self, lines: Lines, listed: Sequence[Term]) -> None:
        above = self.parent
        for term in listed:
            start, end = lines.spans[term.line]
            words = lines.words[term.line]
            is_record = begins_record(words)
            unit = prose_unit(self.document, start, end, "record" if is_record else "item", above)
            unit = unit._replace(title="" if is_record else " ".join(words.split()))
            self.regions.append(Region(start, end, above, (unit,)))
            if term.end > term.line + 1:
                self.introduction = -1
                self.indents.open(lines.indents[0], start)
                below = lines.spans[term.line + 1][0]
                self.block(self.line_of(below), lines.spans[term.end - 1][1])
        self.introduction = -1
