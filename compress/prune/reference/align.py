"""Maps a tokenizer's pieces to offsets by the characters that two tokenisations of a text share."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import IntArray

_WINDOW = 256
_FIRM = 12
"""Consecutive equal characters after which two tokenisations count as aligned again."""
_STEP = 1024


def replaced(text: str, names: dict[str, str]) -> tuple[str, IntArray, IntArray]:
    """Replace strings in order, as ``str.replace`` does, and track the origin of every character.

    Args:
        text: The source.
        names: Strings and their replacements, in order.

    Returns:
        The new text, and int64 arrays with the source's start and end offset of each of its characters.
    """
    start = np.arange(len(text), dtype=np.int64)
    end = start + 1
    for old, new in names.items():
        pieces = text.split(old)
        parts: list[tuple[IntArray, IntArray]] = []
        at = 0
        for piece in pieces:
            parts.append((start[at : at + len(piece)], end[at : at + len(piece)]))
            at += len(piece)
            if len(parts) < 2 * len(pieces) - 1:
                first, last = start[at], end[at + len(old) - 1]
                parts.append((np.full(len(new), first), np.full(len(new), last)))
                at += len(old)
        text = new.join(pieces)
        start, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    return text, start, end


def spans(
    source: Sequence[str], start: IntArray, end: IntArray, pieces: Sequence[str], sizes: Sequence[int]
) -> tuple[IntArray, IntArray]:
    """Positions of groups of pieces in the source.

    Two lists of pieces are tokenisations of one text. Where their characters agree, a piece has the position of the
    source's piece with the same character. They differ only where the package's decoding changed the text.

    Args:
        source: The source's pieces, without marks for word starts.
        start, end: Their offsets, of shape (len(source),).
        pieces: The other pieces, also without marks.
        sizes: Number of ``pieces`` in each group.

    Returns:
        Start and end of each group, int64 of shape (len(sizes),); a group without a shared character is empty, at the
        end of the one before.
    """
    owner = np.repeat(np.arange(len(source)), [len(piece) for piece in source])
    place = _shared("".join(source), "".join(pieces))
    bounds = np.cumsum([0, *(len(piece) for piece in pieces)])
    groups = bounds[np.cumsum([0, *sizes])]
    found_start = np.zeros(len(sizes), dtype=np.int64)
    found_end = np.zeros(len(sizes), dtype=np.int64)
    before = 0
    for index, (first, last) in enumerate(itertools.pairwise(groups.tolist())):
        known = place[first:last]
        known = known[known >= 0]
        if len(known):
            found_start[index], found_end[index] = start[owner[known[0]]], end[owner[known[-1]]]
        else:
            found_start[index] = found_end[index] = before
        before = int(found_end[index])
    return found_start, found_end


def _shared(source: str, other: str) -> IntArray:
    """For each character of ``other`` the index of its match in ``source``, or -1.

    After a difference, a window of both is compared until they agree again, so the time is linear in the text.
    """
    place = np.full(len(other), -1, dtype=np.int64)
    a = b = 0
    window = _WINDOW
    while True:
        size = _common(source, a, other, b)
        place[b : b + size] = np.arange(a, a + size)
        a, b = a + size, b + size
        if a >= len(source) or b >= len(other):
            return place
        near = source[a : a + window], other[b : b + window]
        blocks = difflib.SequenceMatcher(None, *near, autojunk=False).get_matching_blocks()
        firm = next((i for i, block in enumerate(blocks) if block.size >= _FIRM), None)
        last = len(source) - a <= window and len(other) - b <= window
        if firm is None and not last:
            window *= 2
            continue
        for block in blocks[: len(blocks) if firm is None else firm + 1]:
            place[b + block.b : b + block.b + block.size] = np.arange(a + block.a, a + block.a + block.size)
        if firm is None:
            return place
        a, b = a + blocks[firm].a + blocks[firm].size, b + blocks[firm].b + blocks[firm].size
        window = _WINDOW


def _common(one: str, a: int, other: str, b: int) -> int:
    """Length of the common prefix from here on."""
    most = min(len(one) - a, len(other) - b)
    size = 0
    while size < most and one[a + size : a + size + _STEP] == other[b + size : b + size + _STEP]:
        size += _STEP
    size = min(size, most)
    while size < most and one[a + size] == other[b + size]:
        size += 1
    return size
