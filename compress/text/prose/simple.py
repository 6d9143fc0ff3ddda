"""Simple tables of reStructuredText, whose columns stand between rules of equals signs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxpipe.compress.text.prose.lines import LinePattern
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.tables import row_units
from ctxpipe.compress.text.unit import Unit

_RULE = LinePattern(re.compile(r"^[ \t]*(?P<rule>=+(?:[ ]+=+)+)[ \t]*$", re.MULTILINE), r"[ \t]*+=")
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_COLUMN = re.compile(r"=+")
_SPAN = re.compile(r"[- ]*--[- ]*")
_BLANK_BELOW = re.compile(r"[ \t]*\n[ \t]*(?:\n|\Z)")
_FURTHEST = 20_000
"""Characters between two rules of a table, at most."""


class SimpleTable(NamedTuple):
    """A table.

    Attributes:
        start, end: Offsets, the rules included.
        rules: Offsets of its rules.
        rows: Offsets of its rows, each with the lines that go on with it.
        titled: Whether the first row holds the titles of the columns.
        columns: Where the columns begin in a line, in characters.
    """

    start: int
    end: int
    rules: tuple[tuple[int, int], ...]
    rows: tuple[tuple[int, int], ...]
    titled: bool
    columns: tuple[int, ...]

    def units(self, text: str, parent: int) -> list[Unit]:
        """Its rows as units, under the titles if it has any; its rules are noise."""
        if self.titled:
            units = row_units(self.rows, [self._cells(text, row) for row in self.rows], parent)
        else:
            units = [Unit(*row, "row", parent) for row in self.rows]
        units += [Unit(*rule, "row", parent, noise=True) for rule in self.rules]
        return sorted(units)

    def _cells(self, text: str, row: tuple[int, int]) -> list[str]:
        line = text[text.rfind("\n", 0, row[0]) + 1 : row[1]].partition("\n")[0]
        return [line[a:b].strip() for a, b in itertools.pairwise([*self.columns, None])]


def simple_tables(text: str) -> Iterator[SimpleTable]:
    """The simple tables of a text, in order."""
    rules = list(_RULE.finditer(text))
    at = 0
    while at + 1 < len(rules):
        alike = [rules[at]]
        for rule in rules[at + 1 : at + 3]:
            if rule["rule"] != alike[0]["rule"] or rule.start() - alike[-1].end() > _FURTHEST:
                break
            alike.append(rule)
            if _BLANK_BELOW.match(text, rule.end()):
                break
        table = _table(text, [rule.span() for rule in alike]) if len(alike) > 1 else None
        if table is not None:
            yield table
        at += len(alike) if table is not None else 1


def _table(text: str, rules: Sequence[tuple[int, int]]) -> SimpleTable | None:
    line = text[slice(*rules[0])]
    columns = tuple(match.start() for match in _COLUMN.finditer(line))
    parts = [[m.span() for m in _LINE.finditer(text, a, b)] for (_, a), (b, _) in itertools.pairwise(rules)]
    titled = len(parts) == 2 and bool(parts[0])
    rows: list[list[int]] = [[parts[0][0][0], parts[0][-1][1]]] if titled else []
    for start, end in parts[-1] if titled else itertools.chain(*parts):
        goes_on = not text[start : start + columns[1]].strip() and len(rows) > titled
        if goes_on or (rows and _SPAN.fullmatch(text, start, end)):
            rows[-1][1] = end
        else:
            rows.append([start, end])
    if len(rows) <= titled:
        return None
    trimmed = tuple(trim(text, *row) for row in rows)
    return SimpleTable(
        trim(text, *rules[0])[0], rules[-1][1], tuple(trim(text, *rule) for rule in rules), trimmed, titled, columns
    )
