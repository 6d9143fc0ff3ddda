"""A search by words and meaning together, in two steps, over passages that have vectors."""

from __future__ import annotations

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.find.looks import looked
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.prepare.vectors import VectorIndex, text_of
from ctxpipe.compress.rank.resources import Embedder

MEANING, HYPOTHESES, WEIGHT = 1.0, 3, 1.0
"""The weight of meaning against words, how many passages of the first search extend the question, and the weight of the
second search against the first. All were chosen on questions of 2WikiMultihopQA, HotpotQA, QED, CLAPNQ and TimeQA that
no reported number uses."""


def looked_by_meaning(collection: Collection, vectors: VectorIndex, question: str, embedder: Embedder) -> FloatArray:
    """Score all passages by BM25 and cosine, for the question alone and for the question with a passage appended.

    Both scores are standardised over all passages and added. The rest is as in ``looks.looked``. A passage without a
    vector counts as one of average meaning.

    Args:
        collection: The documents.
        vectors: The vectors of their passages.
        question: The question.
        embedder: Embeds the question.

    Returns:
        float32 of shape (passages,): from 0 to 1 + ``WEIGHT``; 0 for a passage that is found neither way.
    """
    cosines = vectors.cosines(embedder.encode([question]))[0]
    if np.isnan(cosines).all():
        return looked(collection, question)
    first = _scaled(_standard(collection.words.scores(question)) + MEANING * _standard(cosines))
    leads = np.argsort(-first, kind="stable")[:HYPOTHESES]
    chunks = collection.chunks(leads)
    texts = [collection.documents[chunk.document].text[chunk.start : chunk.end] for chunk in chunks]
    asked = [f"{question} {text_of(chunk.headings, text)}" for chunk, text in zip(chunks, texts, strict=True)]
    gained = np.zeros_like(first)
    for lead, more, meant in zip(leads.tolist(), asked, vectors.cosines(embedder.encode(asked)), strict=True):
        again = _standard(collection.words.scores(more)) + MEANING * _standard(meant)
        again[lead] = 0.0
        gained = np.maximum(gained, first[lead] * _scaled(again))
    scores: FloatArray = first + WEIGHT * gained
    return scores


def _standard(values: FloatArray) -> FloatArray:
    """Of mean 0 and deviation 1 where known, 0 elsewhere."""
    known = values[~np.isnan(values)]
    spread = float(known.std()) if len(known) else 0.0
    if not spread:
        return np.zeros_like(values)
    made: FloatArray = np.nan_to_num((values - known.mean()) / spread, nan=0.0)
    return made


def _scaled(values: FloatArray) -> FloatArray:
    """From 0 to 1: the highest becomes 1, and what is below 0 becomes 0."""
    positive = np.maximum(values, 0.0)
    highest = float(positive.max(initial=0.0))
    return np.asarray(positive / highest if highest else positive, dtype=np.float32)
