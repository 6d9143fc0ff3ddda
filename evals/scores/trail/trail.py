"""The share of what was kept that stands under all that it stood under."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ctxpipe.evals.scores.placed import PlacedText, letters_in
from ctxpipe.evals.scores.text import contains, words
from ctxpipe.evals.scores.trail.element import Element
from ctxpipe.evals.scores.trail.elements import chains, elements_of
from ctxpipe.evals.scores.whole.whole import Kept, kept_units
from ctxpipe.evals.types import Passage


class Bare(NamedTuple):
    """A kept unit that lacks something above it, and the words of what it lacks."""

    kept: Kept
    lacks: tuple[str, ...]


def trail(passages: Sequence[Passage], placed: PlacedText) -> tuple[float | None, list[Bare]]:
    """How many of the kept units stand under their whole chain in the kept text.

    The chain is every heading, section, key, tag, signature and header row that stands over the unit in its document
    (``elements_of``) and, of several documents, the name of its file. An element stands above the unit where it was
    kept itself, or where a frame above names it (a label, a repeated chain): all its words in a row, and no frame
    behind that one, and no kept element, names another of its level. The name of a file must stand in a frame behind
    the last kept character of the document before.

    Args:
        passages: The documents.
        placed: What was kept of them.

    Returns:
        The share of the kept units that have a chain, from 0 to 1, or None where none has one; and those that lack
        something of it.
    """
    total, bare = 0, []
    for document, units in _by_document(passages, placed):
        source = _KeptDocument(document, passages, placed)
        starts = [one.unit[0][0] for one in units]
        for one, over in zip(units, chains(elements_of(passages[document]), starts), strict=True):
            name = _file_name(passages, document)
            if not over and not name:
                continue
            total += 1
            lacks = [element.says for element in over if not source.stands(element, one)]
            lacks += [name] if name and not source.named(name, one) else []
            if lacks:
                bare.append(Bare(one, tuple(lacks)))
    return (1 - len(bare) / total if total else None), bare


def _by_document(passages: Sequence[Passage], placed: PlacedText) -> Iterator[tuple[int, list[Kept]]]:
    by_document: dict[int, list[Kept]] = {}
    for one in kept_units(passages, placed):
        by_document.setdefault(one.document, []).append(one)
    for document, units in by_document.items():
        yield document, sorted(units, key=lambda one: one.unit[0][0])


def _file_name(passages: Sequence[Passage], document: int) -> str:
    """The name by which a document is known among several; empty for one alone, and for one that has none."""
    stem = os.path.splitext(os.path.basename(passages[document].source))[0]
    return stem if len(passages) > 1 and not stem.isdigit() else ""


class _KeptDocument:
    """What stands where in the kept text of one document."""

    def __init__(self, document: int, passages: Sequence[Passage], placed: PlacedText) -> None:
        places = placed.places[document]
        before = [at[-1] for at in placed.places.values() if at and at[-1] < places[0]]
        begin = max(before, default=-1)
        self._placed = placed
        self._frames = [
            (start, words(placed.text[start:end], articles=True))
            for start, end in placed.frames
            if begin < start <= places[-1]
        ]
        self._elements = elements_of(passages[document])
        self._kept: dict[Element, int] = {}
        for one in self._elements:
            kept = placed.letters(document, passages[document].text, one.start, one.end)
            if kept and len(kept) == letters_in(passages[document].text, one.start, one.end):
                self._kept[one] = placed.place(document, kept[0]) or 0

    def stands(self, element: Element, one: Kept) -> bool:
        """Whether an element of the unit's chain stands above it."""
        if element in self._kept:
            return True
        at = self._placed.place(one.document, one.letters[0]) or 0
        last = max((place for place, said in self._frames if place < at and _says(said, element)), default=None)
        if last is None:
            return False
        others = [other for other in self._elements if other.level == element.level and other.says != element.says]
        behind = [said for place, said in self._frames if last < place < at]
        return not any(
            last < self._kept.get(other, -1) < at or any(_says(s, other) for s in behind) for other in others
        )

    def named(self, name: str, one: Kept) -> bool:
        """Whether a frame above the unit names its file."""
        at = self._placed.place(one.document, one.letters[0]) or 0
        wanted = words(name, articles=True)
        return any(place < at and contains(said, wanted) for place, said in self._frames)


def _says(said: Sequence[str], element: Element) -> bool:
    return contains(said, _words(element.says))


@lru_cache(maxsize=4096)
def _words(says: str) -> list[str]:
    return words(says, articles=True)
