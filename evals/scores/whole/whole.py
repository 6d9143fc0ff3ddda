"""The share of what was kept that is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ctxpipe.evals.scores.placed import LETTER, PlacedText, letters_in
from ctxpipe.evals.scores.whole.prose import Unit
from ctxpipe.evals.scores.whole.units import units_of
from ctxpipe.evals.types import Passage

MARK = "…"
"""What says in a kept text that something was left out."""


class Kept(NamedTuple):
    """A unit of which something was kept: its document, its ranges, and the offsets of its letters and digits kept."""

    document: int
    unit: Unit
    letters: tuple[int, ...]
    whole: bool


def kept_units(passages: Sequence[Passage], placed: PlacedText) -> Iterator[Kept]:
    """The units of the passages of which a letter or digit was kept."""
    for document, passage in enumerate(passages):
        if not placed.offsets.get(document):
            continue
        text = passage.text
        for unit in units_of(passage):
            kept = [i for start, end in unit for i in placed.letters(document, text, start, end)]
            if kept:
                size = sum(letters_in(text, start, end) for start, end in unit)
                yield Kept(document, unit, tuple(kept), len(kept) == size)


def whole(
    passages: Sequence[Passage], placed: PlacedText, fits: Callable[[str], bool] | None = None
) -> tuple[float | None, list[Kept]]:
    """How many of the kept units are whole.

    A unit is whole when all its letters and digits were kept. A broken one counts as whole only if it has more tokens
    than the whole budget and a mark stands at every cut inside it.

    Args:
        passages: The documents.
        placed: What was kept of them.
        fits: Whether a text has no more tokens than the budget; None where there is none.

    Returns:
        The share, from 0 to 1, or None where nothing was kept; and the units that are broken.
    """
    total, broken = 0, []
    for one in kept_units(passages, placed):
        total += 1
        if not one.whole and not _excused(passages[one.document].text, one, placed, fits):
            broken.append(one)
    return (1 - len(broken) / total if total else None), broken


def _excused(text: str, one: Kept, placed: PlacedText, fits: Callable[[str], bool] | None) -> bool:
    if fits is None or fits("\n".join(text[start:end] for start, end in one.unit)):
        return False
    letters = [i for start, end in one.unit for i in _letters(text, start, end)]
    kept = set(one.letters)
    places = [placed.place(one.document, i) if i in kept else None for i in letters]
    cuts = [b if a is None else a for a, b in pairwise(places) if (a is None) != (b is None)]
    return all(_marked(placed, cut) for cut in cuts if cut is not None)


def _letters(text: str, start: int, end: int) -> list[int]:
    return [match.start() for match in LETTER.finditer(text, start, end)]


def _marked(placed: PlacedText, cut: int) -> bool:
    """Whether a mark stands beside a place of the kept text, with nothing but white space and punctuation between."""
    text = placed.text
    for step in (1, -1):
        at = cut + step
        while 0 <= at < len(text) and not LETTER.match(text[at]):
            if text[at] == MARK:
                return True
            at += step
    return False
