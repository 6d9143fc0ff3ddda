"""The passages that are ranked: all of them, or where they are many, those that a search finds best."""

from __future__ import annotations

import math

import numpy as np

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.find.looks import looked
from ctxpipe.compress.find.meaning import looked_by_meaning
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.rank.resources import Effort, Embedder

SHORTLIST_BUDGETS = 10
SHORTLIST_TOKENS = 49_152
"""Passages up to the larger of these sizes (budgets, tokens) are ranked. The search alone decides about the rest; a
smaller corpus is not searched, so it gives what its paths give, which have no vectors."""
FAST_SHARE = 0.25
"""The part of it that effort ``fast`` ranks: embedding its sentences takes most of the time of a question."""
SPREAD_BUDGETS = 10
SPREAD_TOKENS = 1_000_000
"""The same without a question. Of longer documents, one passage of each row of neighbours is ranked."""


def shortlist(
    collection: Collection,
    question: str,
    budget: int,
    characters_per_token: float,
    protected: BoolArray | None = None,
    embedder: Embedder | None = None,
    effort: Effort = "default",
) -> IntArray:
    """The passages that the search finds best, up to ``SHORTLIST_BUDGETS`` budgets or ``SHORTLIST_TOKENS`` tokens.

    Shorter documents are kept whole. If few passages have a word of the question, others fill the room that is left,
    evenly over the documents. ``protected`` passages are always kept.

    Args:
        collection: The documents.
        question: The question.
        budget: Most tokens of the context.
        characters_per_token: Average over all documents.
        protected: bool of shape (passages,), or None.
        embedder: Embeds the question where passages have vectors; None searches by words alone.
        effort: With ``fast`` the list is shorter.

    Returns:
        Indices of passages, ascending.
    """
    limit = max(SHORTLIST_BUDGETS * budget, SHORTLIST_TOKENS) * characters_per_token
    if effort == "fast":
        limit *= FAST_SHARE
    columns = collection.passages
    sizes = columns.end - columns.start
    if sizes.sum() <= limit:
        return np.arange(len(sizes))
    if embedder is not None and (vectors := collection.vectors) is not None:
        scores = looked_by_meaning(collection, vectors, question, embedder)
    else:
        scores = looked(collection, question)
    # A stride that shares no factor with the count visits every passage once, spread over all documents.
    spread = (np.arange(len(sizes)) * 7919) % len(sizes)
    order = np.lexsort((spread, -scores))
    kept = order[: int(np.searchsorted(np.cumsum(sizes[order]), limit, side="right"))]
    if protected is not None:
        kept = np.union1d(kept, np.flatnonzero(protected))
    return np.sort(kept)


def spread_out(
    collection: Collection, budget: int, characters_per_token: float, protected: BoolArray | None = None
) -> IntArray:
    """Passages for a ranking without a question: all, or evenly spread ones of ``SPREAD_TOKENS`` tokens or more.

    Neighbouring passages form rows of equal length; of each row the one with the most different words is kept.
    ``protected`` passages are always kept.

    Args:
        collection: The documents.
        budget: Most tokens of the context.
        characters_per_token: Average over all documents.
        protected: bool of shape (passages,), or None.

    Returns:
        Indices of passages, ascending.
    """
    limit = max(SPREAD_BUDGETS * budget, SPREAD_TOKENS) * characters_per_token
    columns = collection.passages
    count = len(columns.start)
    row = math.ceil(int((columns.end - columns.start).sum()) / limit)
    if row <= 1:
        return np.arange(count)
    chunks = collection.chunks(np.arange(count))
    texts = (collection.documents[chunk.document].text[chunk.start : chunk.end] for chunk in chunks)
    different = np.array([len(set(text.split())) for text in texts])
    kept = np.array([first + int(different[first : first + row].argmax()) for first in range(0, count, row)])
    return kept if protected is None else np.union1d(kept, np.flatnonzero(protected))
