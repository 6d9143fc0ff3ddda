"""The same thing said twice: kept once."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex

from ctxpipe.arrays import BoolArray, FloatArray
from ctxpipe.compress.rank.bm25 import STOPWORDS
from ctxpipe.compress.select.pool import Candidates, standard
from ctxpipe.compress.text.words import UNSPACED
from ctxpipe.compress.types import Document

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[.,:/-]\p{N}+)*|[%$€£¥+<>=-]")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:[.,:/-][0-9]+)*|[%$+<>=-]")
"""The same in small ASCII letters, several times as fast."""
_UNSPACED = regex.compile(rf"[{UNSPACED}]")
_KINDS = frozenset({"sentence", "item"})
_TWINS = frozenset({"sentence", "item", "line", "member", "tag"})
_NUMBER = regex.compile(r"\p{N}+(?:[.,:]\p{N}+)*|\s+")
REPEATED, _MOST = 0.5, 8
"""What each earlier saying of the same takes from a standardised score, and how many count."""
UNNAMED, _CLEARLY = 3.0, 0.3
"""What a twin of a unit under a named heading loses, and how much more named that one must be."""
_FEWEST = 4
"""Words that a sentence must have before another like it is taken for the same."""
_PASSAGE = 40
"""Words that a passage must have before another like it, in any document, is taken for the same."""


def duplicates(documents: Sequence[Document], candidates: Candidates) -> BoolArray:
    """Which units say nothing new.

    A sentence repeats another one when both have the same words, numbers and signs in the same order, stop words, case
    and layout aside, and stand under the same thing in one document. Under something else or in another file the
    same words say something else, so there a whole passage must be the same (copies of a manual). Of equal ones the
    highest-scored stays, the first of those.

    Returns:
        bool of shape (n,): True for what may be left out.
    """
    order = np.arange(len(candidates.units))
    if candidates.score is not None:
        order = np.argsort(-candidates.score, kind="stable")
    repeated = np.zeros(len(order), dtype=np.bool_)
    passages = _passage_keys(documents, candidates)
    first_passage: dict[bytes, int] = {}
    seen: set[tuple[int, tuple[str, ...], int, bytes]] = set()
    for index in order.tolist():
        unit, document, place = candidates.units[index], candidates.document[index], candidates.passage[index]
        key = passages[place]
        if key and first_passage.setdefault(key, place) != place:
            repeated[index] = True
            continue
        if unit.kind not in _KINDS:
            continue
        words, said = _said(documents[document].text[unit.start : unit.end])
        if words < _FEWEST:
            continue
        mine = (document, candidates.passages[place].headings, unit.parent, said)
        repeated[index] = mine in seen
        seen.add(mine)
    return repeated


def distinct(
    documents: Sequence[Document], candidates: Candidates, protected: BoolArray | None
) -> tuple[Candidates, str]:
    """Units without those that say nothing new and are not protected, and a note that says how many; empty for none."""
    repeated = duplicates(documents, candidates)
    if protected is not None:
        repeated &= ~protected
    count = int(repeated.sum())
    if not count:
        return candidates, ""
    kept = candidates.subset(np.flatnonzero(~repeated).tolist())
    return kept, f"{count:,} repeated sentences or rows were kept once"


def _passage_keys(documents: Sequence[Document], candidates: Candidates) -> list[bytes]:
    """A hash of what each passage says under which headings; empty for short ones."""
    keys: list[bytes] = []
    for passage in candidates.passages:
        words, said = _said(documents[passage.document].text[passage.start : passage.end])
        keys.append(said if words >= _PASSAGE else b"")
    return keys


def _said(text: str) -> tuple[int, bytes]:
    ascii = text.isascii()
    words = [word for word in (_ASCII_WORD if ascii else _WORD).findall(text.lower()) if word not in STOPWORDS]
    size = len(words) + (0 if ascii else len(_UNSPACED.findall(text)) // 2)
    return size, hashlib.blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def repetition(
    documents: Sequence[Document], candidates: Candidates, bonus: FloatArray | None, leads: FloatArray | None = None
) -> FloatArray:
    """What units lose of their standardised scores since better ones say the same, numbers aside.

    Who has read a sentence three times learns little from the fourth, even where it stands under something else. Of
    lines that differ in their numbers alone, those under what the question names are meant: their twins elsewhere
    would only mislead.

    Args:
        documents: The documents.
        candidates: Ranked units.
        bonus: What the question's exact words and names added to each.
        leads: How much the question names what stands before each in its paragraph, which tells twins apart too.

    Returns:
        float32 of shape (n,), at least 0.
    """
    loss = np.zeros(len(candidates.units), dtype=np.float32)
    if candidates.score is None:
        return loss
    named = np.sum([np.zeros_like(loss), *(part for part in (bonus, leads) if part is not None)], axis=0)
    said = {
        index: _NUMBER.sub("0", documents[candidates.document[index]].text[unit.start : unit.end].lower())
        for index, unit in enumerate(candidates.units)
        if unit.kind in _TWINS
    }
    most: dict[str, float] = {}
    for index, words in said.items():
        most[words] = max(most.get(words, -np.inf), float(named[index]))
    for index, words in said.items():
        if most[words] > named[index] + _CLEARLY:
            loss[index] = UNNAMED
    score = standard(candidates.score) + (0 if bonus is None else bonus)
    seen: Counter[str] = Counter()
    for index in np.argsort(loss - score, kind="stable").tolist():
        if index in said:
            loss[index] += REPEATED * min(seen[said[index]], _MOST)
            seen[said[index]] += 1
    return loss
