"""Rows with columns that go on in lines below them, as the positions of an invoice do."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

_GAP = re.compile(r"\S[ ]{2,}(?=\S)")
_DIGIT = re.compile(r"\d")
_FEWEST = 2
"""Gaps between columns, and rows, from which on lines are such a table."""


def itemised(lines: Sequence[str], indents: Sequence[int]) -> list[int]:
    """The lines at which the rows of a table begin, and the end; empty for lines that are none.

    The first line holds the column titles. What goes on with a row has no columns, and is indented further than the
    rows are.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.
    """
    if len(lines) <= _FEWEST + 1 or "  " not in lines[0] or "  " not in lines[1] or _DIGIT.search(lines[0]):
        return []
    gaps = [len(_GAP.findall(line)) for line in lines]
    at = [index for index, count in enumerate(gaps) if count >= _FEWEST]
    if len(at) <= _FEWEST or at[:2] != [0, 1] or len(at) == len(lines):
        return []
    rows = at[1:]
    usual = max({gaps[index] for index in rows}, key=[gaps[index] for index in rows].count)
    if not all(_DIGIT.search(lines[i]) and abs(gaps[i] - usual) <= 1 for i in rows) or abs(gaps[0] - usual) > 1:
        return []
    first = max(indents[index] for index in rows)
    further = (indents[i] > first for a, b in itertools.pairwise([*rows, len(lines)]) for i in range(a + 1, b))
    return [*rows, len(lines)] if all(further) else []
