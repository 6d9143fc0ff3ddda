"""Templates of MediaWiki over several lines, such as the box of facts at the head of an article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxpipe.compress.text.prose.lines import LinePattern
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.unit import Unit

_OPENS = LinePattern(re.compile(r"^\{\{[^\n{}|]{1,80}(?=\n\s{0,20}\|)", re.MULTILINE), r"\{\{")
_BRACES = re.compile(r"\{\{|\}\}|\n[ \t]*\|")
_NAMES = re.compile(
    r"\|\s*(?:name|title|nom|titre|titel|nombre|título|nome|название|имя)\s*=\s*(?P<title>[^\s|}][^\n|]*)", re.I
)
_LONGEST = 20_000


class Infobox(NamedTuple):
    """A template.

    Attributes:
        start, end: Offsets, the braces included.
        rows: Offsets of its parameters.
        close: Where the closing braces begin.
    """

    start: int
    end: int
    rows: tuple[tuple[int, int], ...]
    close: int

    def units(self, text: str, parent: int) -> list[Unit]:
        """Its parameters as units, under its first line, and those below the name under that."""
        start, end = trim(text, self.start, self.rows[0][0])
        named = next((match for row in self.rows if (match := _NAMES.match(text, *row))), None)
        title = named["title"].strip() if named else " ".join(text[start + 2 : end].split())
        units = [Unit(start, end, "row", parent, self.close, self.end, title=title)]
        above = start
        for row in self.rows:
            units.append(Unit(*row, "row", above))
            if named and row[0] == named.start():
                above = row[0]
        return units


def infoboxes(text: str) -> Iterator[Infobox]:
    """The templates of a text whose parameters stand on lines of their own, in order and disjoint."""
    done = 0
    for match in _OPENS.finditer(text) if "{{" in text else ():
        if match.start() < done:
            continue
        depth, cuts, close = 1, [], -1
        for sign in _BRACES.finditer(text, match.end(), match.start() + _LONGEST):
            if sign[0] == "{{":
                depth += 1
            elif sign[0] != "}}":
                cuts += [sign.end() - 1] if depth == 1 else []
            elif (depth := depth - 1) == 0:
                close = sign.start()
                break
        if close > 0 and cuts and "=" in text[cuts[0] : close]:
            rows = (trim(text, start, end) for start, end in zip(cuts, [*cuts[1:], close], strict=True))
            done = close + 2
            yield Infobox(match.start(), done, tuple(rows), close)
