"""The units that the selector sees, and their pieces: all, or the best few budgets' worth."""

from __future__ import annotations

from functools import partial

from ctxpipe.arrays import BoolArray
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.select import pool as pooling
from ctxpipe.compress.select.pieces import Pieces, pieces_of
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.text.counting import Estimates, Tokenizer

_POOL_WHOLE = 2.0
_POOL_PRUNED = 2.5
"""How many budgets of ranked units the selector sees when units stay whole, and when they are pruned."""


def pooled(
    collection: Collection,
    ranked: Candidates,
    tokenizer: Tokenizer,
    *,
    budget: int,
    characters_per_token: float,
    protected: BoolArray | None,
    whole: bool,
) -> tuple[Candidates, Pieces]:
    """Cut the best units into pieces.

    Args:
        collection: The documents.
        ranked: Units, ranked or not.
        tokenizer: Estimates costs.
        budget: Most tokens of the context.
        characters_per_token: Average over all documents.
        protected: bool of shape (units,): units that are there in any case; None for none.
        whole: Whether units stay whole.
    """
    made = partial(
        pieces_of, collection.documents, collection.outlines, tokenizer=Estimates(tokenizer=tokenizer), cut=not whole
    )
    if ranked.score is None and not whole:
        return ranked, made(ranked)
    wanted = (_POOL_WHOLE if whole else _POOL_PRUNED) * budget
    characters = wanted * characters_per_token + 2000
    while True:
        candidates = pooling.best(ranked, characters, protected)
        pieces = made(candidates)
        # Characters a token differ between documents, so the average may have promised too much.
        if len(candidates.units) == len(ranked.units) or pieces.cost.sum() >= min(wanted, 1.25 * budget):
            return candidates, pieces
        characters *= 2
