"""Tables that JSON holds by column: arrays of equal length, whose elements of one place are a row."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ctxpipe.compress.text.data.json_tree import Node

_FEWEST = 3
"""Elements from which on arrays of equal length are columns of a table."""
_LONGEST = 2_000
"""Characters of an element, all of which is kept with its row."""
_MOST_BESIDE = 64
"""Members of an object among which rows are looked for."""
_FARTHEST = 3
"""Levels of objects and arrays between a column and the object in which another one is."""


class JsonColumns(NamedTuple):
    """What elements and arrays stand under because they are nothing without it; nodes by index.

    Attributes:
        above: For an element of a column, the element of the same place in the column before it, so that a row is kept
            whole or not at all; for a column that is kept whole, that column; for rows, the array that names their
            columns.
        cut: Columns whose elements are units of their own.
    """

    above: Mapping[int, int]
    cut: frozenset[int]


def columns(text: str, nodes: Sequence[Node], children: Sequence[Sequence[int]], most: int) -> JsonColumns:
    """Find tables that are held by column.

    Args:
        text: The JSON.
        nodes: Its nodes.
        children: For each node the nodes in it, by index.
        most: Characters up to which an array is kept whole.
    """
    above: dict[int, int] = {}
    cut: set[int] = set()
    for table in _tables(text, nodes, children):
        is_cut = any(nodes[column].end - nodes[column].start > most for column in table)
        for before, after in itertools.pairwise(table):
            if is_cut:
                above.update(zip(children[after], children[before], strict=True))
            else:
                above[after] = before
        cut.update(table if is_cut else ())
    for names, rows in _named_rows(text, nodes, children, most):
        above.setdefault(rows, names)
    return JsonColumns(above, frozenset(cut))


def _tables(text: str, nodes: Sequence[Node], children: Sequence[Sequence[int]]) -> list[list[int]]:
    """The columns of each table: in one object, or further ones in objects below it."""
    known: dict[tuple[int, int], list[int]] = {}
    for index, node in enumerate(nodes):
        length = len(children[index])
        if node.parent < 0 or length < _FEWEST or text[node.value] != "[" or not _is_flat(text, nodes, children[index]):
            continue
        if text[nodes[node.parent].value] != "{":
            continue
        holders = list(_objects_above(text, nodes, index))
        table = next((known[holder, length] for holder in holders if (holder, length) in known), [])
        table.append(index)
        known.setdefault((holders[0], length), table)
    tables = {id(table): table for table in known.values()}
    return [table for table in tables.values() if len(table) > 1]


def _is_flat(text: str, nodes: Sequence[Node], elements: Sequence[int]) -> bool:
    return all(
        text[nodes[element].value] not in "{[" and nodes[element].end - nodes[element].value <= _LONGEST
        for element in elements
    )


def _objects_above(text: str, nodes: Sequence[Node], index: int) -> Iterator[int]:
    """The objects around an array, from the nearest on."""
    at = nodes[index].parent
    for _ in range(_FARTHEST):
        if at < 0:
            return
        if text[nodes[at].value] == "{":
            yield at
        at = nodes[at].parent


def _named_rows(
    text: str, nodes: Sequence[Node], children: Sequence[Sequence[int]], most: int
) -> Iterator[tuple[int, int]]:
    """Arrays of strings with the array of rows beside each, whose columns the strings name."""
    for index, node in enumerate(nodes):
        if node.parent < 0 or text[node.value] != "[" or node.end - node.start > most:
            continue
        beside = children[node.parent]
        if text[nodes[node.parent].value] != "{" or len(beside) > _MOST_BESIDE:
            continue
        if not children[index] or any(text[nodes[name].value] != '"' for name in children[index]):
            continue
        width = len(children[index])
        for rows in beside:
            if rows > index and text[nodes[rows].value] == "[" and _are_rows(text, nodes, children, rows, width):
                yield index, rows


def _are_rows(text: str, nodes: Sequence[Node], children: Sequence[Sequence[int]], rows: int, width: int) -> bool:
    found = children[rows]
    return len(found) > 1 and all(text[nodes[row].value] == "[" and len(children[row]) == width for row in found)
