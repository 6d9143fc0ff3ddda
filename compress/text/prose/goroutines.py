"""Traces of Go: each call with its file below the goroutine that it is in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxpipe.compress.text.prose.diagnosed import Said

_GOROUTINE = re.compile(r"goroutine \d+ (?:[\w=.]+ )*\[[^\]\n]{1,80}\]:")
_PLACE = re.compile(r"\S+:\d+(?: \+0x[0-9a-f]+)?")
_EXIT = re.compile(r"exit status \d+")


def goroutines(lines: Sequence[str]) -> list[Said]:
    """The head of each goroutine and the calls in it, each with the line of its file; empty for other lines.

    Args:
        lines: Lines of a block without blank lines, stripped, of which the first may be such a head.
    """
    if not lines or _GOROUTINE.fullmatch(lines[0]) is None:
        return []
    said: list[Said] = []
    head = -1
    for index, line in enumerate(lines):
        if _GOROUTINE.fullmatch(line):
            head = len(said)
            said.append(Said(index, index + 1))
        elif _EXIT.fullmatch(line):
            said.append(Said(index, index + 1))
        elif _PLACE.fullmatch(line) and len(said) - 1 != head:
            said[-1] = said[-1]._replace(stop=index + 1)
        else:
            said.append(Said(index, index + 1, head))
    return said
