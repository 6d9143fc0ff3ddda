"""Tables: rows under their header rows, in text and in CSV files."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.unit import Unit

PIPES = re.compile(
    r"^[^\n|]*\|[^\n]*\n(?:[ \t]*[-=]+(?:\+[-=]+)+[ \t]*\n)?(?:^[^\n|]*\|[^\n]*(?:\n|\Z))+", re.MULTILINE
)
"""Lines with bars, below whose first there may be a rule as ``psql`` draws it."""
_RULE = re.compile(r"[\s|:+=-]+")
_CSV_RECORD = re.compile(r'(?:[^"\r\n]++|"(?:[^"]++|"")*+(?:"|\Z))++')
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_NUMBER = re.compile(r"^[-+]?[\d.,:/ %€$£-]*\d[\d.,:/ %€$£-]*$")
_MEASURE = re.compile(
    r"[\[(]?(?:%|‰|[°º][CF]?|[€$£¥]|EUR|USD|GBP|CHF|SEK|NOK|DKK|JPY|[kMGTmµμnc]?(?:m|g|s|l|L|A|V|W|Wh|Hz|Pa|bar|B|J|N|K|t|mol)[²³23]?"
    r"|min|hrs?|h|d|days?|years?|yrs?|pcs\.?|in|ft|lbs?|mph|rpm|dB|ppm|[kK]n|mmHg|bpm)"
    r"(?:[ ]?[/·*][ ]?(?:[kMmµμnc]?(?:m|g|s|l|L|h|W|Wh)|min|day|year|100|1000|kg)[²³23]?){0,2}[\])]?"
)
"""What numbers are counted in."""
_TOTAL = re.compile(
    r"(?:grand |over-?all |sub-?)?totals?\b|(?:gesamt)?summe\b|(?:ins)?gesamt\b|totale\b|suma\b|итого\b|合计|总计|合計",
    re.IGNORECASE,
)
_MARKS = " :*_"
_FEWEST_GROUPS = 2
_DEEPEST_HEADER = 4
"""Most rows of column titles and measures."""
_BARS = re.compile(r"[|│┃║]")
_DELIMITERS = ",;\t|"
_SAYS = re.compile(r"[^\W_]")
_MOST_TITLES = 6
"""Most lines above the header row of a further table of a CSV file."""
_PREAMBLE = 25
"""Most records before the header row of a CSV file."""


def table_units(text: str, start: int, end: int, parent: int = -1) -> list[Unit]:
    """Rows of a table drawn with pipes, under the first, or under those up to the titles below the rule.

    A rule right below the titles is noise: it says nothing, and costs as much as a row.
    """
    lines = [trim(text, *m.span()) for m in _LINE.finditer(text, start, end)]
    cells = [piped(text[a:b]) for a, b in lines]
    head = 1
    if len(lines) > 1 and _RULE.fullmatch(text, *lines[1]):
        return ruled_units(lines[0], lines[1], lines[2:], [cells[0], *cells[2:]], parent)
    elif text[lines[-1][0]] != "|":
        # A first cell left empty above rows that have one: column titles over several lines.
        while head < min(3, len(lines)) and text[lines[head][0]] == "|":
            head += 1
    return row_units([(lines[0][0], lines[head - 1][1]), *lines[head:]], [cells[0], *cells[head:]], parent)


def csv_units(text: str) -> list[Unit]:
    """Records of a CSV file under their header rows, which may come after a title or some lines of another shape.

    A file may hold several tables: a header row begins a further one below a blank line or a record without values, and
    where it stands in the file again. Lines above it are its title.
    """
    rows = [_without_spaces(text, *m.span()) for m in _CSV_RECORD.finditer(text)]
    rows = [(a, b) for a, b in rows if text[a:b].strip()]
    if not rows:
        return []
    further = _further(text, rows)
    units = _first_table(text, rows[: further[0].start] if further else rows, titled=bool(further))
    stops = [*(table.start for table in further[1:]), len(rows)]
    for table, stop in zip(further, stops, strict=False):
        above = _titles(rows[table.start : table.header])
        cells = [_cells(text[a:b]) for a, b in rows[table.header : stop]]
        units += [*above, *row_units(rows[table.header : stop], cells, above[-1].start if above else -1)]
    return [unit._replace(noise=True) if _SAYS.search(text, unit.start, unit.end) is None else unit for unit in units]


def _titles(rows: Sequence[tuple[int, int]]) -> list[Unit]:
    """The lines above a table, each under the one before it."""
    return [Unit(a, b, "record", above) for (a, b), above in zip(rows, [-1, *(a for a, _ in rows)], strict=False)]


class _TableStart(NamedTuple):
    """Where a table begins, and its header row, by index of rows."""

    start: int
    header: int


def _first_table(text: str, rows: Sequence[tuple[int, int]], *, titled: bool) -> list[Unit]:
    """The rows of a table; where others follow, under the lines above it."""
    cells = [_cells(text[a:b]) for a, b in rows[: 2 * _PREAMBLE]]
    header = first = _header(cells)
    while first and not cells[first - 1][0] and len(cells[first - 1]) == len(cells[header]):
        first -= 1
    above = _titles(rows[:first]) if titled else [Unit(a, b, "record") for a, b in rows[:first]]
    spans = [(rows[first][0], rows[header][1]), *rows[header + 1 :]]
    # Most tables have every cell filled, and need no look at the cells of all their rows.
    has_gaps = any(text[a] in _DELIMITERS for a, _ in spans) or any(_is_alone(row) for row in cells[header + 1 :])
    below = [_cells(text[a:b]) if has_gaps or index < _DEEPEST_HEADER else [] for index, (a, b) in enumerate(spans[1:])]
    return [*above, *row_units(spans, [cells[header], *below], above[-1].start if above and titled else -1)]


def _further(text: str, rows: Sequence[tuple[int, int]]) -> list[_TableStart]:
    """The second and further tables of a CSV file, each with the title above its header row."""
    begins = _begins(text, rows)
    tables: list[_TableStart] = []
    seen = False
    for before, begin, stop in zip([-1, 0, *begins], [0, *begins], [*begins, len(rows)], strict=False):
        cells = [_cells(text[a:b]) for a, b in rows[begin : min(stop, begin + _MOST_TITLES + 3)]]
        titled = sum(1 for _ in itertools.takewhile(_is_above, cells[:_MOST_TITLES]))
        if not _is_headed(cells[titled:]):
            continue
        alone = begin - before == 1 and not any(_cells(text[slice(*rows[before])])[1:])
        if seen:
            tables.append(_TableStart(before if alone and not titled else begin, begin + titled))
        seen = True
    return tables


def _is_above(cells: Sequence[str]) -> bool:
    """Whether a record may be a title: it has one cell, or is a comment."""
    return not any(cells[1:]) or cells[0].startswith("#")


def _begins(text: str, rows: Sequence[tuple[int, int]]) -> list[int]:
    """Rows, by index, above which a table may end: below what is blank, and at the header row where it comes again."""
    blank = {i for i in range(1, len(rows)) if text.count("\n", rows[i - 1][1], rows[i][0]) > 1}
    blank |= {i for i in range(1, len(rows)) if _SAYS.search(text, *rows[i - 1]) is None}
    header = rows[_header([_cells(text[a:b]) for a, b in rows[: 2 * _PREAMBLE]])]
    words = text[slice(*header)]
    for index, (start, end) in enumerate(rows):
        if start > header[0] and end - start == len(words) and text.startswith(words, start):
            while text[rows[index - 1][0]] == "#":
                index -= 1
            blank.add(index)
    return sorted(blank)


def _is_headed(cells: Sequence[Sequence[str]]) -> bool:
    """Whether rows begin with column titles above a row that has a number, perhaps below one of units."""
    if len(cells) < 2 or len(cells[0]) < 2 or len(cells[0]) != len(cells[1]):
        return False
    is_header = _are_measures(cells[1]) or _has_titles(cells[1], len(cells[0]))
    below = cells[2] if len(cells) > 2 and is_header else cells[1]
    return all(cells[0]) and not any(map(_NUMBER.match, cells[0])) and any(map(_NUMBER.match, below))


def row_units(rows: Sequence[tuple[int, int]], cells: Sequence[Sequence[str]], parent: int = -1) -> list[Unit]:
    """The rows of a table as units under the first of them, its header.

    A row below the header without a first cell and without a number, such as one of units, belongs to the header. Where
    the next row has nothing but a first cell, such rows are titles of groups, under which the others stand; where it
    has more, a row without a first cell stands under the nearest one that has it.

    Where rows with nothing but a first cell stand above the same first cells each time, they are titles of groups too.

    Args:
        rows: Offsets of the header and of each row below it.
        cells: The cells of each, without surrounding whitespace; empty for one whose cells are not known.
        parent: ``start`` of what the table stands under.
    """
    forms = _are_forms(cells)
    if forms and _names_group(cells[0]):
        return _forms(rows, cells, parent)
    head = 1
    while head < min(_DEEPEST_HEADER, len(rows) - 1) and (
        _has_titles(cells[head], len(cells[0])) or _are_measures(cells[head])
    ):
        head += 1
    header = Unit(rows[0][0], rows[head - 1][1], "row", parent)
    units = [header]
    is_title = _names_group if forms else _is_alone
    alone = [len(cells[0]) > 1 and is_title(row) for row in cells[head:]]
    grouped = bool(alone) and (alone[0] or forms)
    above, group = header.start, ""
    of_all = _total_of_all(cells[head:], alone) if grouped else -1
    for index, ((start, end), row, title) in enumerate(zip(rows[head:], cells[head:], alone, strict=True)):
        leads = title if grouped else not row or bool(row[0])
        units.append(Unit(start, end, "row", header.start if leads or index == of_all else above))
        if leads:
            above, group = start, row[0] if row else ""
        elif grouped and _is_total_of(row, group):
            above = header.start
    return units


def is_total(words: str) -> bool:
    """Whether words begin as the name of a total does."""
    return _TOTAL.match(words.strip(_MARKS)) is not None


def _total_of_all(cells: Sequence[Sequence[str]], titles: Sequence[bool]) -> int:
    """The last row, by index, if it is the only total, without a name, below several groups; else -1."""
    totals = [index for index, row in enumerate(cells) if row and is_total(row[0])]
    is_only = totals == [len(cells) - 1] and _TOTAL.fullmatch(cells[-1][0].strip(_MARKS)) is not None
    return totals[0] if is_only and sum(titles) >= _FEWEST_GROUPS else -1


def _is_total_of(row: Sequence[str], group: str) -> bool:
    """Whether a row is the total of a group, and names it: nothing below stands in the group."""
    name = group.strip(_MARKS).casefold()
    return bool(row and name) and is_total(row[0]) and name in row[0].casefold()


def _forms(rows: Sequence[tuple[int, int]], cells: Sequence[Sequence[str]], parent: int) -> list[Unit]:
    """Rows below the title of their group, of a table without column titles."""
    units: list[Unit] = []
    above = parent
    for (start, end), row in zip(rows, cells, strict=True):
        title = _names_group(row)
        units.append(Unit(start, end, "row", parent if title else above))
        above = start if title else above
    return units


def _are_forms(cells: Sequence[Sequence[str]]) -> bool:
    """Whether titles of groups, two or more, stand above rows with the same first cells each time."""
    titles = [i for i, row in enumerate(cells) if len(row) > 1 and _names_group(row)]
    if len(titles) < _FEWEST_GROUPS or titles[-1] == len(cells) - 1:
        return False
    parts = itertools.pairwise([*titles, len(cells)])
    keys = [tuple(row[0] if row else "" for row in cells[a + 1 : b]) for a, b in parts]
    return keys[0] != () and keys.count(keys[0]) == len(keys) and len({cells[i][0] for i in titles}) == len(titles)


def ruled_units(
    header: tuple[int, int],
    rule: tuple[int, int],
    rows: Sequence[tuple[int, int]],
    cells: Sequence[Sequence[str]],
    parent: int = -1,
) -> list[Unit]:
    """The rows of a table with a rule below its titles, which is noise: it says nothing and costs as much as a row.

    Args:
        header, rule, rows: Offsets.
        cells: The cells of the header and of each row below the rule.
        parent: ``start`` of what the table stands under.
    """
    if len(rows) > 1 and (_has_titles(cells[1], len(cells[0])) or _are_measures(cells[1])):
        return row_units([(header[0], rule[1]), *rows], cells, parent)
    first, *others = row_units([header, *rows], cells, parent)
    return [first, Unit(*rule, "row", first.start, noise=True), *others]


def piped(row: str) -> list[str]:
    """The cells of a row that is drawn with bars."""
    cells = [cell.strip() for cell in _BARS.split(row)]
    bare = cells[1:] if cells and not cells[0] else cells
    return bare[:-1] if len(bare) > 1 and not bare[-1] and _BARS.match(row) else bare


def _has_titles(cells: Sequence[str], columns: int) -> bool:
    filled = any(cells) and not cells[0] and len(cells) <= columns
    return filled and not any(map(_NUMBER.match, cells))


def _are_measures(cells: Sequence[str]) -> bool:
    """Whether cells, apart from the first, say in what the numbers below them are counted."""
    filled = [cell for cell in cells[1:] if cell and cell != "-"]
    return bool(filled) and all(map(_MEASURE.fullmatch, filled)) and not _NUMBER.match(cells[0])


def _is_alone(cells: Sequence[str]) -> bool:
    return bool(cells) and bool(cells[0]) and not any(cells[1:])


def _names_group(cells: Sequence[str]) -> bool:
    """Whether a row has nothing but a first cell, or the same words in each, as where one cell was over all columns."""
    return _is_alone(cells) or (len(set(cells)) == 1 and bool(cells[0]) and not _NUMBER.match(cells[0]))


def _header(cells: Sequence[Sequence[str]]) -> int:
    """Index of the header row: the first with as many cells as most rows have, where those above have fewer."""
    usual, _ = Counter(map(len, cells)).most_common(1)[0]
    for index, row in enumerate(cells[:_PREAMBLE]):
        if len(row) == usual and sum(map(bool, row)) >= 0.6 * len(row) and not any(map(_NUMBER.match, row)):
            return index
    return 0


def _without_spaces(text: str, start: int, end: int) -> tuple[int, int]:
    """A range without surrounding whitespace, apart from tabs before it, which part empty cells."""
    left, right = trim(text, start, end)
    while left > start and text[left - 1] == "\t":
        left -= 1
    return (left, right) if text[start:left].strip(" ") == "" else trim(text, start, end)


def _cells(record: str) -> list[str]:
    """The cells of a record, without quotation marks and the delimiters and line breaks between them."""
    delimiter = max(_DELIMITERS, key=_QUOTED.sub("", record).count)
    bare = _QUOTED.sub(lambda match: _unquoted(match[0], delimiter), record) if '"' in record else record
    return [cell.strip() for cell in bare.split(delimiter)]


def _unquoted(cell: str, delimiter: str) -> str:
    return cell[1:-1].replace('""', '"').replace(delimiter, " ").replace("\n", " ")
