"""Heads of pages in text for printers that tell what their page is about."""

from __future__ import annotations

import re
from collections import Counter

_HEAD = re.compile(r"(?:\A|\f)\s*(?P<line>\S[^\n]{1,120}?)[ \t]*(?:\n|\Z)")
_CELLS = re.compile(r"\s{2,}")
_NUMBER = re.compile(r"\d+")
_SHARED = 0.8
"""Share of the pages whose head has the same words in one of its columns."""


def page_heads(text: str) -> list[tuple[int, int]]:
    """Offsets of the heads of all pages, where one column is the same on each and another names the page.

    A head that differs by the number of its page names nothing. Empty for heads that are all alike but for numbers, and
    for a text without form feeds.
    """
    if "\f" not in text:
        return []
    heads = [match.span("line") for match in _HEAD.finditer(text)]
    cells = [_CELLS.split(_NUMBER.sub("0", text[start:end])) for start, end in heads]
    held = Counter(cell for row in cells for cell in set(row))
    common = {cell for cell, count in held.items() if count >= max(2, _SHARED * len(heads))}
    if len(heads) < 2 or not common or any(len(row) < 2 or common.isdisjoint(row) for row in cells):
        return []
    names = {tuple(cell for cell in row if cell not in common) for row in cells}
    return heads if len(names) > 1 and all(any(map(str.isalpha, "".join(name))) for name in names) else []
