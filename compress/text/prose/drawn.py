"""Tables that are drawn: grids of ``+---+`` and box characters, tables of MediaWiki, DokuWiki, AsciiDoc and TeX."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxpipe.compress.text.prose.lines import LinePattern
from ctxpipe.compress.text.prose.spanned import under_groups, under_spans
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.tables import piped, row_units, ruled_units
from ctxpipe.compress.text.unit import Unit

_GRID = LinePattern(
    re.compile(r"(?:^[ \t]*[+|┌├└╭╰╞┏┡┗╔╠╟╚│┃║┠][^\n]*[+|┐┤┘╮╯╡┓┩┛╗╣╢╝│┃║┨][ \t]*(?:\n|\Z)){3,}", re.MULTILINE),
    r"[ \t]*+[+|┌├└╭╰╞┏┡┗╔╠╟╚│┃║┠]",
)
_RULE = re.compile(r"[ \t]*[+┌├└╭╰╞┏┡┗╔╠╟╚┠|][-=+:─━═┬┼┴┯┿┷╤╪╧╦╬╩┳╋┻╇╂┰╁╀┭┮╼╾ |]*[+┐┤┘╮╯╡┓┩┛╗╣╢╝┨|][ \t]*")
_STRONG = re.compile(r"[=═━]")
_WIKI = re.compile(r"^\{\|[^\n]*\n.*?(?:^\|\}[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_WIKI_ROW = re.compile(r"^\|-", re.MULTILINE)
_WIKI_CELL = re.compile(r"^\|(?![-+}])", re.MULTILINE)
_DOKUWIKI = LinePattern(
    re.compile(
        r"(?P<titles>(?:^[ \t]*\^(?=[^\n|\w]*\w)[^\n|]*\^[ \t]*\n){1,3})(?:^[ \t]*[|^][^\n]*[|^][ \t]*(?:\n|\Z))+",
        re.MULTILINE,
    ),
    r"[ \t]*+\^",
)
_CARET_OR_BAR = re.compile(r"[|^]")
_ASCIIDOC = re.compile(r"^\|={3,}[ \t]*\n.*?(?:^\|={3,}[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_ASCIIDOC_BLOCK = re.compile(r"(?:^[^\n]*\S[^\n]*(?:\n|\Z))+", re.MULTILINE)
_TABULAR = re.compile(r"\\begin\{(tabular[*xy]?|longtable|array)\}[^\n]*\n.*?(?:\\end\{\1\}|\Z)", re.DOTALL)
_TABULAR_ROW = re.compile(
    r"(?:[^\\]|\\(?!\\))*+\\\\(?:\[[^\]\n]*\])?(?P<rules>(?:\s*\\(?:hline|[a-z]*rule|cline)\b(?:[({][^)}\n]*[)}])*)*)"
)
_MOST_TITLES = 6
"""Rows up to which those above ``\\midrule`` are titles."""
_OVER_ALL = re.compile(r"\\(?:hline|(?!cmid)[a-z]*rule)\b")
"""A rule over all columns."""
_BAR = re.compile(r"[ \t]*[|│┃║](?![-+}=])")
_LINE = re.compile(r"[^\n]*\S[^\n]*")


class Drawn(NamedTuple):
    """A table: its offsets, and the rows in it, the first of which is what the others stand under."""

    start: int
    end: int
    rows: tuple[tuple[int, int], ...]

    def units(self, text: str, parent: int) -> list[Unit]:
        """Its rows as units."""
        cells = [_cells(text[a:b]) for a, b in self.rows]
        head, *rows = self.rows
        lines = [match.span() for match in _LINE.finditer(text, *head)]
        if len(lines) == 2 and _RULE.fullmatch(text, *lines[1]):
            return ruled_units(head[:1] + lines[0][1:], trim(text, *lines[1]), rows, cells, parent)
        units = row_units(self.rows, cells, parent)
        if text.startswith("{|", self.start):
            return under_spans(text, units)
        return under_groups(text, units) if text.startswith("\\begin{", self.start) else units


def drawn_tables(text: str, language: str) -> Iterator[Drawn]:
    """The drawn tables of a text of prose, in order of their kind.

    Args:
        text: The text.
        language: Its markup language.
    """
    for match in _GRID.finditer(text):
        if any(_RULE.fullmatch(line) for line in match.group().splitlines()):
            yield from _drawn(text, _grid(text, *match.span()))
    if "{|" in text:
        for match in _WIKI.finditer(text):
            yield from _drawn(text, _wiki(text, *match.span()))
    for match in _DOKUWIKI.finditer(text):
        lines = [line.span() for line in _LINE.finditer(text, match.end("titles"), match.end())]
        yield from _drawn(text, [match.span("titles"), *lines])
    if language == "tex":
        for match in _TABULAR.finditer(text):
            yield from _drawn(text, _tabular(text, *match.span()))
    if language == "asciidoc":
        for match in _ASCIIDOC.finditer(text):
            yield from _drawn(text, _asciidoc(text, *match.span()))


def _cells(row: str) -> list[str]:
    """The cells of a row of a grid, by its first line that is no rule, or of DokuWiki; none for any other row."""
    if row.startswith("^") or row.endswith("^"):
        return [cell.strip() for cell in _CARET_OR_BAR.split(row.splitlines()[-1].strip())[1:-1]]
    lines = [line for line in row.splitlines() if not _RULE.fullmatch(line)]
    return piped(lines[0].strip()) if lines and _BAR.match(lines[0]) else []


def _drawn(text: str, rows: Sequence[tuple[int, int]]) -> Iterator[Drawn]:
    trimmed = [trim(text, *row) for row in rows]
    held = tuple((a, b) for a, b in trimmed if b > a)
    if held:
        yield Drawn(held[0][0], held[-1][1], held)


def _grid(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Rows of a grid: what is between two rules; lines, where rules stand around the whole body only."""
    lines = [match.span() for match in _LINE.finditer(text, start, end)]
    rules = [index for index, line in enumerate(lines) if _RULE.fullmatch(text, *line)]
    ruled = frozenset(rules)
    groups: list[list[int]] = []
    for index in range(len(lines)):
        if index not in ruled:
            if groups and groups[-1][-1] == index - 1:
                groups[-1].append(index)
            else:
                groups.append([index])
    if not groups:
        return [(start, end)]
    strong = next((r for r in rules if r > groups[0][-1] and _STRONG.search(text, *lines[r])), -1)
    below = strong if 0 < strong < len(lines) - 1 else next((r for r in rules if r > groups[0][-1]), -1)
    if below < 0 or below >= groups[-1][-1]:
        return [lines[index] for index in range(len(lines))]
    body = [group for group in groups if group[0] > below]
    rows = [(lines[0][0], lines[below][1])]
    by_line = len(body) == 1
    for group in body:
        parts = [[index] for index in group] if by_line else [group]
        rows += [(lines[part[0]][0], lines[part[-1]][1]) for part in parts]
        last = group[-1] + 1
        if last < len(lines):
            rows[-1] = (rows[-1][0], lines[last][1])
    return rows


def _wiki(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Rows of a table of MediaWiki; its opening line and the row of titles are the first."""
    cell = _WIKI_CELL.search(text, start, end)
    cuts = [match.start() for match in _WIKI_ROW.finditer(text, start, end)]
    first = max((cut for cut in cuts if cell and cut < cell.start()), default=cell.start() if cell else end)
    edges = [start, *(cut for cut in cuts if cut >= first)]
    if cell and first == cell.start():
        edges.insert(1, first)
    return list(zip(edges, [*edges[1:], end], strict=True))


def _tabular(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Rows of a table of TeX; its opening line and the rows above the first rule, or one row, are the first."""
    rows = list(_TABULAR_ROW.finditer(text, start, end))
    if not rows:
        return [(start, end)]
    titles = (index for index, row in enumerate(rows[:_MOST_TITLES]) if "\\midrule" in row["rules"])
    head = next(titles, next((index for index, row in enumerate(rows[:3]) if _OVER_ALL.search(row["rules"])), 0))
    edges = [start, *(row.end() for row in rows[head:]), end]
    return list(itertools.pairwise(edges))


def _asciidoc(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Rows of a table of AsciiDoc: paragraphs, where each of their lines is a cell, else lines."""
    blocks = [match.span() for match in _ASCIIDOC_BLOCK.finditer(text, start, end)]
    lines = [[m.span() for m in _LINE.finditer(text, *block)] for block in blocks]
    inner = [line for block in lines[1:] for line in block if not text.startswith("|==", line[0])]
    by_cell = len(inner) > len(lines) - 1 and all(text.count("|", *line) <= 1 for line in inner)
    if by_cell:
        rows = list(blocks)
        if len(lines[-1]) == 1 and text.startswith("|==", blocks[-1][0]) and len(rows) > 1:
            rows[-2:] = [(rows[-2][0], rows[-1][1])]
        return rows
    flat = [line for block in lines for line in block]
    return [(flat[0][0], flat[min(1, len(flat) - 1)][1]), *flat[2:]]
