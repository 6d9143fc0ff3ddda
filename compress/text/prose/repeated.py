"""Parts with the same titles again and again: what each time stands before the first of them stands above them."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Container, Sequence
from typing import NamedTuple

from ctxpipe.compress.text.prose.headed import is_title
from ctxpipe.compress.text.prose.heading import Heading

_FEWEST_OWNERS = 2
_FEWEST_TIMES = 3
"""How often what has no markup must be there to be taken for a part."""
_MOST_TRIED = 6
_MOST_BLOCKS = 3
"""Blocks that name a thing, above the first of its parts."""
_LONGEST_FIRST_LINE = 120
_MOST_LINES, _LONGEST_NAME = 4, 240
"""Lines and characters of what names a thing by its keys."""
_KEY = re.compile(r"([^\W\d][\w .'’()/-]{0,40}?)[ \t]*[:：](?=\s)")
_BLANK = re.compile(r"\n[ \t]*\n[ \t\n]*")
_SPACES = re.compile(r"\s*")


def nested(headings: Sequence[Heading], comments: Container[int] = ()) -> list[Heading]:
    """Headings of which those with the same titles again and again stand under the others of their level.

    ``Rent`` and ``Deposit`` below each of several houses are parts of it, also where all are marked alike.

    Args:
        headings: Headings in order.
        comments: Where those begin that are heads of comments, of which none is a part of another.

    Returns:
        The same, with other levels where some are parts.
    """
    by_level: dict[int, list[int]] = {}
    for index, heading in enumerate(headings):
        if heading.start not in comments:
            by_level.setdefault(heading.level, []).append(index)
    deeper = {i for level, places in by_level.items() if level for i in _parts(headings, places)}
    if not deeper:
        return list(headings)
    return [h._replace(level=2 * h.level + (i in deeper)) for i, h in enumerate(headings)]


def _parts(headings: Sequence[Heading], places: Sequence[int]) -> set[int]:
    """Which headings of one level, by index, are parts of others."""
    titles = [headings[i].title.casefold() for i in places]
    counts = Counter(titles)
    if max(counts.values()) < _FEWEST_OWNERS or len(counts) < _FEWEST_OWNERS + 1:
        return set()
    is_part = [counts[title] > 1 for title in titles]
    after = Counter(titles[i + 1] for i in range(len(titles) - 1) if not is_part[i] and is_part[i + 1])
    if not after:
        return set()
    first, owners = after.most_common(1)[0]
    # Every thing begins with the same part, and nothing else does.
    if owners < _FEWEST_OWNERS or owners < counts[first] or 2 * sum(is_part) < len(titles):
        return set()
    parts: set[int] = set()
    inside = False
    for at, place in enumerate(places):
        if not is_part[at] and at + 1 < len(titles) and titles[at + 1] == first:
            inside = True
        elif inside and (is_part[at] or (at + 1 < len(titles) and is_part[at + 1])):
            parts.add(place)
        else:
            inside = False
    return parts


class _Block(NamedTuple):
    """A block of lines: where it begins, and its words."""

    start: int
    words: str


def named_parts(text: str, level: int) -> list[Heading]:
    """What names a thing, in text without markup, above blocks that begin with the same lines for each thing.

    A name is a short line that is no sentence, such as that of a recipe above ``Ingredients``, with short lines below
    it, or lines with the same first key, such as ``Patient: ...`` above a table of results.

    Args:
        text: The text.
        level: Level of the headings.
    """
    blocks = _blocks(text)
    firsts = [_first_line(block.words) for block in blocks]
    counts = Counter(line for line in firsts if line)
    if not counts or counts.most_common(1)[0][1] < _FEWEST_TIMES:
        return []
    tried = [line for line in dict.fromkeys(firsts) if counts[line] >= _FEWEST_TIMES][:_MOST_TRIED]
    for line in filter(None, tried):
        places = [i for i, other in enumerate(firsts) if other == line]
        size = next(
            (size for size in range(_MOST_BLOCKS, 0, -1) if _are_names(blocks, firsts, counts, places, size)), 0
        )
        if size:
            return [_heading(blocks[i - size], blocks[i - 1], level) for i in places]
    return []


def _blocks(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    at = 0
    for words in _BLANK.split(text):
        start = text.index(words, at)
        at = start + len(words)
        left = _SPACES.match(words)
        blocks.append(_Block(start + (left.end() if left else 0), words.strip()))
    return [block for block in blocks if block.words]


def _first_line(words: str) -> str:
    line = words.partition("\n")[0].strip()
    return line if len(line) <= _LONGEST_FIRST_LINE and any(map(str.isalpha, line)) else ""


def _are_names(
    blocks: Sequence[_Block], firsts: Sequence[str], counts: Counter[str], places: Sequence[int], size: int
) -> bool:
    """Whether the so many blocks before each of some places name a thing, each another one."""
    if places[0] < size or any(after - before <= size for before, after in itertools.pairwise(places)):
        return False
    names = {" ".join(block.words for block in blocks[i - size : i]) for i in places}
    if len(names) < len(places) or max(map(len, names)) > _LONGEST_NAME:
        return False
    if all(
        "\n" not in blocks[i - k].words and is_title(blocks[i - k].words) for i in places for k in range(1, size + 1)
    ):
        return all(counts[firsts[i - size]] < _FEWEST_TIMES for i in places)
    forms = {_form(blocks[i - 1].words) for i in places}
    return size == 1 and len(forms) == 1 and forms != {()}


def _form(words: str) -> tuple[str, ...]:
    """The first key of some lines, below a title (an empty key) if there is one; nothing for other lines."""
    lines = words.split("\n")
    if len(lines) > _MOST_LINES:
        return ()
    keys = [match[1] if (match := _KEY.match(line.strip())) else "" for line in lines]
    if not keys[0] and not (len(keys) > 1 and is_title(lines[0].strip())):
        return ()
    if not all(keys[1:]):
        return ()
    return tuple(keys[:1] if keys[0] else keys[:2])


def _heading(first: _Block, last: _Block, level: int) -> Heading:
    return Heading(first.start, last.start + len(last.words), level, " ".join(first.words.split()))
