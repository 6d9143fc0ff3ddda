"""Entries whose lines say how deep they are: by indentation, a drawn branch, a number, or the tag of a message."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

import regex

from ctxpipe.compress.text.prose.records import GAP, is_led

_NUMBERED = re.compile(r"(\d{1,2}) (?:@[^@\s]{1,30}@ )?_?[A-Z][A-Z0-9_]{2,14}(?: |\Z)")
"""A level and a tag, as genealogists' files (GEDCOM) have them."""
_TAG = re.compile(r":\d\d[A-Z]?:|[A-Z][A-Z0-9]{1,2}(?=[|+*])")
"""The tag of a line in messages of banks (``:61:``), hospitals (``PID|``) and traders (``LIN+``, ``N1*``)."""
_KEYED = regex.compile(
    r"(?!(?:if|else|elif|for|while|with|try|except|finally|def|class|case|do)\b)[\p{L}\p{N}][\p{L}\p{N}_./'’-]*"
    r"(?: [\p{L}\p{N}_./'’-]+| \([^()\n]{1,20}\)){0,4}[ ]*:(?: .*)?"
)
"""A key with its value, or one that stands above others; no line of Python."""
_CELLS = re.compile(r"\S+(?: \S+)*(?<![.!?])  +\S.*")
"""A detail whose parts stand apart; two spaces behind a stop are those between sentences."""
_BRANCH = re.compile(r"(?:[│|][ \u00a0]{1,4}|[ \u00a0]{2,5})*(?:[├└|`+\\][─-]{1,3}[ \u00a0]?)")
"""What a tree of files draws before a name."""
_DRAWN = "├└│|`+\\"
_WORD = re.compile(r"\S+")
_FEWEST, _FEWEST_LINES, _FEWEST_KEYS = 2, 4, 3
_SHARE = 0.6
"""Share of the indented lines that begin with the same word in several entries."""
_KEYS, _FEWER_KEYS, _DEEP = 0.75, 0.5, 2
"""Share of the lines of a list of keys that are keys, also of one with more than two depths; the first is that of the
branches of a tree, too."""

GOES_ON = -2
"""In place of what a line stands under: it goes on with the line above."""


def under(lines: Sequence[str], indents: Sequence[int]) -> list[int]:
    """What each line stands under, by index, -1 for none or ``GOES_ON``; empty for lines that are no such entries.

    What stands below the last of some keys is left out, which may be anything.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.
    """
    if is_led(lines[0]) and max(indents) > indents[0] and _are_led(lines, indents):
        return _nested(indents)
    if len(lines) < _FEWEST_KEYS:
        return []
    if lines[-1][0] in _DRAWN and (branches := _branches(lines, indents)):
        return _nested(branches)
    if len(lines) < _FEWEST_LINES:
        return _below_keys(lines, indents)
    if _NUMBERED.match(lines[0]):
        levels = [int(match[1]) if (match := _NUMBERED.match(line)) else -1 for line in lines]
        return _nested(levels) if min(levels) == levels[0] else []
    if _TAG.match(lines[0]):
        return _below_tags(lines)
    return _nested(indents) if _are_detailed(lines, indents) else _below_keys(lines, indents)


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


def _are_led(lines: Sequence[str], indents: Sequence[int]) -> bool:
    """Whether all lines that are indented least have dots that lead to a value, as the dishes of a menu have."""
    least = [line for line, indent in zip(lines, indents, strict=True) if indent <= indents[0]]
    return min(indents) == indents[0] and all(map(is_led, least))


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


def _branches(lines: Sequence[str], indents: Sequence[int]) -> list[int]:
    """How deep the lines of a drawn tree are; empty for lines that are none."""
    found = [_BRANCH.match(line) for line in lines]
    if sum(map(bool, found)) < _KEYS * len(lines):
        return []
    return [indent + match.end() if match else indent for indent, match in zip(indents, found, strict=True)]


def _below_keys(lines: Sequence[str], indents: Sequence[int]) -> list[int]:
    """Under the nearest key that is less deep, where keys stand above others; values may go on in further lines."""
    if min(indents) < indents[0] or max(indents) == indents[0]:
        return []
    keyed = [":" in line and _KEYED.fullmatch(line) is not None for line in lines]
    stop = max((index + 1 for index, is_key in enumerate(keyed) if is_key), default=0)
    heads = sum(deeper > indent for indent, deeper in itertools.pairwise(indents[:stop]))
    share = _KEYS if len(set(indents)) <= _DEEP else _FEWER_KEYS
    listed = heads >= _FEWEST and sum(keyed) >= max(_FEWEST_KEYS, share * stop)
    if not listed:
        return _below_head(lines, indents, keyed)
    above = _nested(indents[:stop])
    for index in range(1, stop):
        last = above[index]
        has_value = last >= 0 and keyed[last] and not lines[last].endswith(":")
        if has_value and not keyed[index] and last in (index - 1, above[index - 1]):
            above[index] = GOES_ON
        while above[index] >= 0 and above[above[index]] == GOES_ON:
            above[index] -= 1  # a line that goes on is no unit
    return above


def _below_head(lines: Sequence[str], indents: Sequence[int], keyed: Sequence[bool]) -> list[int]:
    """Under the first line, where all others are details of it: keys with values, or parts that stand apart."""
    below = range(1, len(lines))
    if len(lines) < _FEWEST_KEYS or len({indents[index] for index in below}) > 1 or indents[1] <= indents[0]:
        return []
    if len(GAP.findall(lines[0])) > 1:
        return []  # titles of columns
    return [-1, *(0 for _ in below)] if all(keyed[i] or _stands_apart(lines[i]) for i in below) else []


def _stands_apart(line: str) -> bool:
    return "  " in line and _CELLS.fullmatch(line) is not None


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
