"""Which units the selector gets to see: all of them, or what ranking leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Chunk, Document, OnProgress, Ranker, RankingText


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
    vectors: Mapping[int, FloatArray] | None = None,
) -> Candidates:
    """Score the units against the question.

    Noise is not read, because it is chosen only when nothing else is left: in manuals it is a sixth of the tokens that
    a search finds. It gets the lowest score of the others; where there is nothing else, it is ranked.

    Args:
        documents: The documents.
        candidates: Their units.
        ranker: Scores them.
        question: The question.
        on_progress: See ``Ranker``.
        vectors: Of the sentences of passages, by index of the passage, where they are known.
    """
    telling = [index for index, unit in enumerate(candidates.units) if not unit.noise]
    if not telling:
        telling = list(range(len(candidates.units)))
    texts = with_vectors(ranking_texts(documents, candidates.subset(telling)), vectors or {})
    scores = ranker.rank(texts, question, on_progress)
    every = np.full(len(candidates.units), scores.min(initial=0.0), dtype=np.float32)
    every[telling] = scores
    return replace(candidates, score=every)


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


def with_vectors(texts: Sequence[RankingText], vectors: Mapping[int, FloatArray]) -> list[RankingText]:
    """The texts with their vectors, in passages that have one for each of their texts."""
    sizes = Counter(text.group for text in texts)
    known = {group: iter(rows) for group, rows in vectors.items() if len(rows) == sizes[group]}
    return [replace(text, vector=next(known[text.group])) if text.group in known else text for text in texts]


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
