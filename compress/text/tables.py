"""Tables: rows under their header rows, in text and in CSV files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.unit import Unit

PIPES = re.compile(r"(?:^[^\n|]*\|[^\n]*(?:\n|\Z)){2,}", re.MULTILINE)
_RULE = re.compile(r"[\s|:+=-]+")
_CSV_RECORD = re.compile(r'(?:[^"\r\n]++|"(?:[^"]++|"")*+(?:"|\Z))++')
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_NUMBER = re.compile(r"^[-+]?[\d.,:/ %€$£-]*\d[\d.,:/ %€$£-]*$")
_DELIMITERS = ",;\t|"
_PREAMBLE = 25
"""Most records before the header row of a CSV file."""


def table_units(text: str, start: int, end: int, parent: int = -1) -> list[Unit]:
    """Rows of a table drawn with pipes; the first row, or the rows above the rule, is what the others stand under."""
    lines = [trim(text, *m.span()) for m in _LINE.finditer(text, start, end)]
    head = 1
    if len(lines) > 1 and _RULE.fullmatch(text, *lines[1]):
        head = 2
    elif text[lines[-1][0]] != "|":
        # A first cell left empty above rows that have one: column titles over several lines.
        while head < min(3, len(lines)) and text[lines[head][0]] == "|":
            head += 1
    header = Unit(lines[0][0], lines[head - 1][1], "row", parent)
    return [header, *(Unit(a, b, "row", header.start) for a, b in lines[head:])]


def csv_units(text: str) -> list[Unit]:
    """Records of a CSV file under its header row, which may come after a title or some lines of another shape."""
    rows = [trim(text, *m.span()) for m in _CSV_RECORD.finditer(text)]
    rows = [(a, b) for a, b in rows if b > a]
    if not rows:
        return []
    header = _header(text, rows)
    above = [Unit(a, b, "record") for a, b in rows[:header]]
    head = Unit(*rows[header], "row")
    return [*above, head, *(Unit(a, b, "row", head.start) for a, b in rows[header + 1 :])]


def _header(text: str, rows: Sequence[tuple[int, int]]) -> int:
    """Index of the header row: the first with as many cells as most rows have, where those above have fewer."""
    cells = [_cells(text[a:b]) for a, b in rows[: _PREAMBLE + 50]]
    usual, _ = Counter(map(len, cells)).most_common(1)[0]
    for index, row in enumerate(cells[:_PREAMBLE]):
        if len(row) == usual and sum(map(bool, row)) >= 0.6 * len(row) and not any(map(_NUMBER.match, row)):
            return index
    return 0


def _cells(record: str) -> list[str]:
    bare = _QUOTED.sub('""', record)
    delimiter = max(_DELIMITERS, key=bare.count)
    return [cell.strip() for cell in _QUOTED.sub("q", record).split(delimiter)]
