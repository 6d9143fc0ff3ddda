"""Entries whose lines say themselves how deep they are: by indentation, by a number, or by the tag of a message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_NUMBERED = re.compile(r"(\d{1,2}) (?:@[^@\s]{1,30}@ )?_?[A-Z][A-Z0-9_]{2,14}(?: |\Z)")
"""A level and a tag, as genealogists' files (GEDCOM) have them."""
_TAG = re.compile(r":\d\d[A-Z]?:|[A-Z][A-Z0-9]{1,2}(?=[|+*])")
"""The tag of a line in messages of banks (``:61:``), hospitals (``PID|``) and traders (``LIN+``, ``N1*``)."""
_WORD = re.compile(r"\S+")
_FEWEST, _FEWEST_LINES = 2, 4
_SHARE = 0.6
"""Share of the indented lines that begin with the same word in several entries."""


def under(lines: Sequence[str], indents: Sequence[int]) -> list[int]:
    """What each line stands under, by index, -1 for none; empty for lines that are no such entries.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.
    """
    if len(lines) < _FEWEST_LINES:
        return []
    if _NUMBERED.match(lines[0]):
        levels = [int(match[1]) if (match := _NUMBERED.match(line)) else -1 for line in lines]
        return _nested(levels) if min(levels) == levels[0] else []
    if _TAG.match(lines[0]):
        return _below_tags(lines)
    return _nested(indents) if _are_detailed(lines, indents) else []


def are_messages(lines: Sequence[str]) -> bool:
    """Whether lines are messages whose lines begin with tags, of which the first begins each message."""
    return len(lines) >= _FEWEST_LINES and _TAG.match(lines[0]) is not None and bool(_below_tags(lines))


def _nested(depths: Sequence[int]) -> list[int]:
    """For each line the nearest one before it that is less deep."""
    above: list[int] = []
    open_lines: list[int] = []
    for index, depth in enumerate(depths):
        while open_lines and depths[open_lines[-1]] >= depth:
            open_lines.pop()
        above.append(open_lines[-1] if open_lines else -1)
        open_lines.append(index)
    return above


def _below_tags(lines: Sequence[str]) -> list[int]:
    """Under the line that begins a message; one without a tag goes on with the line above."""
    tags = [match[0] if (match := _TAG.match(line)) else "" for line in lines]
    if tags.count(tags[0]) < _FEWEST or tags[0] == tags[1] or tags.count("") > len(lines) // 2:
        return []
    above: list[int] = []
    head = 0
    for index, tag in enumerate(tags):
        head = index if tag == tags[0] else head
        above.append(-1 if index == head else head if tag else index - 1)
    return above


def _are_detailed(lines: Sequence[str], indents: Sequence[int]) -> bool:
    """Whether indented lines begin with the same words in several entries: wrapped lines do not."""
    base = indents[0]
    if min(indents) < base or max(indents) == base or indents.count(base) < _FEWEST or indents[1] == base:
        return False
    entry = 0
    seen: dict[str, set[int]] = {}
    words: list[str] = []
    for line, indent in zip(lines, indents, strict=True):
        entry += indent == base
        if indent > base:
            words.append(_WORD.match(line)[0])  # type: ignore[index]  # no line is empty
            seen.setdefault(words[-1], set()).add(entry)
    often = Counter({word: len(entries) for word, entries in seen.items()})
    return sum(2 * often[word] >= entry and often[word] >= _FEWEST for word in words) >= _SHARE * len(words)
