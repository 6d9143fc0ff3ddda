"""A search by words and meaning together, in two steps, over passages that have vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.find.looks import in_two_steps
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.prepare.vectors import VectorIndex
from ctxpipe.compress.rank.resources import Embedder

MEANING = 1.0
"""The weight of meaning against words, chosen on the questions that ``looks.WEIGHT`` was chosen on."""


def looked_by_meaning(collection: Collection, vectors: VectorIndex, question: str, embedder: Embedder) -> FloatArray:
    """Score all passages by BM25 and cosine in two steps; see ``looks.in_two_steps``.

    Both scores are standardised over all passages and added. A passage without a vector counts as one of average
    meaning.

    Args:
        collection: The documents.
        vectors: The vectors of their passages.
        question: The question.
        embedder: Embeds the question.

    Returns:
        float32 of shape (passages,), as ``in_two_steps``.
    """

    def search(asked: Sequence[str]) -> Iterator[FloatArray]:
        for text, cosines in zip(asked, vectors.cosines(embedder.encode(asked)), strict=True):
            yield _standard(collection.words.scores(text)) + MEANING * _standard(cosines)

    return in_two_steps(collection, question, search)


def _standard(values: FloatArray) -> FloatArray:
    """Of mean 0 and deviation 1 where known, 0 elsewhere."""
    known = values[~np.isnan(values)]
    spread = float(known.std()) if len(known) else 0.0
    if not spread:
        return np.zeros_like(values)
    made: FloatArray = np.nan_to_num((values - known.mean()) / spread, nan=0.0)
    return made
