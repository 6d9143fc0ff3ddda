"""Settings that are read as text: lines below comments that say what they do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_COMMENT = re.compile(r"(?:#|//|;)[ \t]+\S")


class Commented(NamedTuple):
    """Lines by index: a comment begins at ``start``, what it is about at ``below``, and ends at ``end``, exclusive."""

    start: int
    below: int
    end: int


def commented(lines: Sequence[str]) -> list[Commented]:
    """The comments of a block with the lines below each; a comment at the end has none.

    Args:
        lines: Lines of a block without blank lines, stripped.

    Returns:
        Empty for a block that does not begin with a comment, or is nothing but one.
    """
    if not _COMMENT.match(lines[0]):
        return []
    is_comment = [_COMMENT.match(line) is not None for line in lines]
    edges = [0, *(i for i in range(1, len(lines)) if is_comment[i] != is_comment[i - 1]), len(lines)]
    if len(edges) == 2:
        return []
    begins, ends = edges[:-1:2], [*edges[2::2], len(lines)]
    return [Commented(start, edges[2 * i + 1], end) for i, (start, end) in enumerate(zip(begins, ends, strict=False))]
