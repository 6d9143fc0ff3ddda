"""The passages that are worth ranking: all of them, or those that a search puts first."""

from __future__ import annotations

import math

import numpy as np

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.find.looks import looked
from ctxpipe.compress.prepare.collection import Collection

SHORTLIST_BUDGETS = 10
SHORTLIST_TOKENS = 49_152
"""Passages beyond the larger of these (in budgets, in tokens) are ranked by the search alone and not embedded."""
SPREAD_BUDGETS = 10
SPREAD_TOKENS = 1_000_000
"""The same where there is no question: of passages beyond that, some of each stretch are ranked."""


def shortlist(
    collection: Collection,
    question: str,
    budget: int,
    characters_per_token: float,
    protected: BoolArray | None = None,
) -> IntArray:
    """The passages that the search puts first, up to ``SHORTLIST_BUDGETS`` budgets or ``SHORTLIST_TOKENS`` tokens.

    All of them when the documents are no longer than that. Passages without any word of the question fill what room
    is left, evenly over the documents. Passages that are ``protected`` are there in any case.

    Args:
        collection: The documents.
        question: The question.
        budget: Most tokens of the context.
        characters_per_token: Average over all documents.
        protected: bool of shape (passages,), or None.

    Returns:
        Indices of passages, ascending.
    """
    limit = max(SHORTLIST_BUDGETS * budget, SHORTLIST_TOKENS) * characters_per_token
    columns = collection.passages
    sizes = columns.end - columns.start
    if sizes.sum() <= limit:
        return np.arange(len(sizes))
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

    Of each row of neighbours, as long as it must be, the one with the most different words is taken. Passages that are
    ``protected`` are there in any case.

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
