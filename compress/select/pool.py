"""Which units the selector gets to see: all of them, or what ranking leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray
from ctxpipe.compress.rank.bm25 import bm25
from ctxpipe.compress.text.chunk import chunks
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Chunk, Document, OnProgress, Ranker, RankingText

PASSAGE_TOKENS = 200
"""Size of a passage, within the 256 tokens that MiniLM reads."""
SHORTLIST_BUDGETS = 10
SHORTLIST_TOKENS = 49_152
"""Passages beyond the larger of these (in budgets, in tokens) are ranked by BM25 alone and not embedded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Units of all documents, in order, with where they belong.

    Attributes:
        units: The units.
        document: Index of the document of each.
        passage: Index of the passage of each, into ``passages``.
        passages: The passages.
        score: float32 of shape (n,), higher is more relevant; None when nothing was ranked.
    """

    units: Sequence[Unit]
    document: Sequence[int]
    passage: Sequence[int]
    passages: Sequence[Chunk]
    score: FloatArray | None = None

    def subset(self, index: Sequence[int]) -> Candidates:
        """The units at ``index``, which ascends."""
        return Candidates(
            units=[self.units[i] for i in index],
            document=[self.document[i] for i in index],
            passage=[self.passage[i] for i in index],
            passages=self.passages,
            score=None if self.score is None else self.score[np.asarray(index, dtype=np.int64)],
        )


def passages_of(
    documents: Sequence[Document], outlines: Sequence[Outline], characters_per_token: Sequence[float]
) -> list[Chunk]:
    """The passages of all documents, in order."""
    return [
        passage
        for index, document in enumerate(documents)
        for passage in chunks(
            document,
            index,
            outlines[index],
            tokens=PASSAGE_TOKENS,
            characters_per_token=characters_per_token[index],
        )
    ]


def shortlist(
    documents: Sequence[Document],
    passages: Sequence[Chunk],
    question: str,
    budget: int,
    characters_per_token: float,
    protected: BoolArray | None = None,
) -> list[Chunk]:
    """The passages that BM25 puts first, up to ``SHORTLIST_BUDGETS`` budgets or ``SHORTLIST_TOKENS`` tokens.

    All of them when the documents are no longer than that. Passages without any word of the question fill what room
    is left, evenly over the documents. Passages that are ``protected`` are there in any case.
    """
    limit = max(SHORTLIST_BUDGETS * budget, SHORTLIST_TOKENS) * characters_per_token
    sizes = np.array([p.end - p.start for p in passages], dtype=np.int64)
    if sizes.sum() <= limit:
        return list(passages)
    scores = bm25([" ".join((*p.headings, documents[p.document].text[p.start : p.end])) for p in passages], question)
    # A stride that shares no factor with the count visits every passage once, spread over all documents.
    spread = (np.arange(len(passages)) * 7919) % len(passages)
    order = np.lexsort((spread, -scores))
    kept = order[: int(np.searchsorted(np.cumsum(sizes[order]), limit, side="right"))]
    if protected is not None:
        kept = np.union1d(kept, np.flatnonzero(protected))
    return [passages[i] for i in np.sort(kept)]


def candidates_of(outlines: Sequence[Outline], passages: Sequence[Chunk]) -> Candidates:
    """The units of some passages."""
    units: list[Unit] = []
    document: list[int] = []
    place: list[int] = []
    for index, passage in enumerate(passages):
        inside = outlines[passage.document].units(passage.start, passage.end)
        units.extend(inside)
        document.extend([passage.document] * len(inside))
        place.extend([index] * len(inside))
    return Candidates(units=units, document=document, passage=place, passages=list(passages))


def rank(
    documents: Sequence[Document],
    candidates: Candidates,
    ranker: Ranker,
    question: str,
    on_progress: OnProgress | None,
) -> Candidates:
    """Score the units against the question."""
    return replace(candidates, score=ranker.rank(ranking_texts(documents, candidates), question, on_progress))


def ranking_texts(documents: Sequence[Document], candidates: Candidates) -> list[RankingText]:
    """The units as a ranker sees them."""
    return [
        RankingText(
            text=documents[d].text[u.start : u.end],
            headings=candidates.passages[p].headings,
            group=p,
            kind=candidates.passages[p].kind,
        )
        for u, d, p in zip(candidates.units, candidates.document, candidates.passage, strict=True)
    ]


def adjusted(candidates: Candidates, bonus: FloatArray | None, loss: FloatArray) -> Candidates:
    """Add to the standardised scores of ranked units, and take from them."""
    if candidates.score is None or (bonus is None and not loss.any()):
        return candidates
    score = standard(candidates.score) - loss
    return replace(candidates, score=(score if bonus is None else score + bonus).astype(np.float32))


def standard(values: FloatArray) -> FloatArray:
    """Values with mean 0 and standard deviation 1; all 0 where they are equal."""
    spread = float(values.std())
    return (values - values.mean()) / spread if spread else values * 0


def best(candidates: Candidates, characters: float, protected: BoolArray | None = None) -> Candidates:
    """The highest-scored units that together have about ``characters`` characters; the first ones if unranked.

    Units that are ``protected`` are there in any case.
    """
    sizes = np.array([u.end - u.start + 1 for u in candidates.units], dtype=np.int64)
    if sizes.sum() <= characters:
        return candidates
    order = np.arange(len(sizes)) if candidates.score is None else np.argsort(-candidates.score, kind="stable")
    kept = order[: 1 + int(np.searchsorted(np.cumsum(sizes[order]), characters))]
    if protected is not None:
        kept = np.union1d(kept, np.flatnonzero(protected))
    return candidates.subset(np.sort(kept).tolist())
