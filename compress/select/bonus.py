"""What the question's exact rare words, and names of what units stand under, add to scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.select.exact import exact_bonus, named_bonus
from ctxpipe.compress.select.labels import labels
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.types import Document

_NAMES = frozenset({"sentence", "item", "record", "member"})
"""Kinds of units whose own words tell what stands under them from the like: a question, an address's first line."""
_LISTED = frozenset({"row", "record", "item", "member"})
"""Kinds of units that are one of many alike."""
_LONGEST = 160
"""Characters of a unit that others stand under which are looked at for names."""


def bonus(
    documents: Sequence[Document], outlines: Sequence[Outline], ranked: Candidates, question: str
) -> FloatArray | None:
    """Of each unit, float32 of shape (n,); None when nothing is to be added."""
    names = labels(documents)
    texts = [documents[d].text[u.start : u.end] for u, d in zip(ranked.units, ranked.document, strict=True)]
    known: dict[tuple[int, int], tuple[str, ...]] = {}
    trails: list[tuple[str, ...]] = []
    for unit, d in zip(ranked.units, ranked.document, strict=True):
        if (d, unit.parent) not in known:
            chain = outlines[d].chain(unit)
            captions = [below for u in chain if u.kind == "row" and (below := outlines[d].leant_on(u))]
            above = (documents[d].text[u.start : min(u.end, u.start + _LONGEST)] for u in (*chain, *captions))
            known[d, unit.parent] = (names[d], documents[d].title, *above)
        is_name = unit.kind in _NAMES and outlines[d].has_below(unit)
        own = (documents[d].text[unit.start : min(unit.end, unit.start + _LONGEST)],) if is_name else ()
        trails.append((*own, *known[d, unit.parent]))
    listed = np.array([unit.kind in _LISTED for unit in ranked.units], dtype=np.bool_)
    parts = [exact_bonus(question, texts, trails, listed), named_bonus(question, trails)]
    given = [part for part in parts if part is not None]
    return np.sum(given, axis=0) if given else None


def leads(documents: Sequence[Document], ranked: Candidates, question: str) -> FloatArray | None:
    """Of each sentence, how much the question names what the first and the last one before it in its paragraph say.

    Returns:
        float32 of shape (n,); None when nothing is named.
    """
    before: list[tuple[str, ...]] = []
    first: tuple[str, ...] = ()
    for index, (unit, d) in enumerate(zip(ranked.units, ranked.document, strict=True)):
        text = documents[d].text
        last = ranked.units[index - 1] if index and ranked.document[index - 1] == d else None
        goes_on = (
            last is not None
            and last.kind == unit.kind == "sentence"
            and last.parent == unit.parent
            and not text[last.end : unit.start].strip()
            and text.count("\n", last.end, unit.start) < 2
        )
        nearest = text[last.start : min(last.end, last.start + _LONGEST)] if last is not None else ""
        first = (first or (nearest,)) if goes_on else ()
        before.append((*first, nearest) if goes_on else ())
    return named_bonus(question, before)
