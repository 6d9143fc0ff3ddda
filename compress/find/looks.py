"""A search in two steps: the best passages of the first search extend the question for the second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prepare.collection import Collection

HYPOTHESES, WEIGHT = 3, 1.0
"""How many passages of the first search extend the question, and the weight of the second search against the first.
Both were chosen on questions of 2WikiMultihopQA, HotpotQA, QED, CLAPNQ and TimeQA that no reported number uses."""

Search = Callable[[Sequence[str]], Iterable[FloatArray]]
"""For each of some texts a score of every passage: float32 of shape (passages,)."""


def looked(collection: Collection, question: str) -> FloatArray:
    """Score all passages by BM25 in two steps; see ``in_two_steps``."""
    return in_two_steps(collection, question, lambda asked: map(collection.words.scores, asked))


def in_two_steps(collection: Collection, question: str, search: Search) -> FloatArray:
    """Score all passages for the question alone and for the question with a passage appended.

    The passage that answers the second half of a question often shares no word with it, but shares words with the
    passage that answers the first half. It is not known which passage that is, so each of the ``HYPOTHESES`` best is
    appended in turn. Scores are divided by the highest score of their search. A second score is multiplied by the first
    score of the appended passage; the highest product is added. A passage gains nothing from itself.

    Args:
        collection: The documents.
        question: The question.
        search: Scores passages; those that it does not find have at most 0.

    Returns:
        float32 of shape (passages,): first score and gain, from 0 to 1 + ``WEIGHT``; 0 for a passage that is not found.
    """
    (first,) = map(_scaled, search([question]))
    leads = [lead for lead in np.argsort(-first, kind="stable")[:HYPOTHESES].tolist() if first[lead]]
    if not leads:
        return first
    gained = np.zeros_like(first)
    for lead, again in zip(leads, search([f"{question} {collection.text(lead)}" for lead in leads]), strict=True):
        again[lead] = 0.0
        gained = np.maximum(gained, first[lead] * _scaled(again))
    scores: FloatArray = first + WEIGHT * gained
    return scores


def _scaled(values: FloatArray) -> FloatArray:
    """From 0 to 1: the highest becomes 1, and what is below 0 becomes 0."""
    positive = np.maximum(values, 0.0)
    highest = float(positive.max(initial=0.0))
    return np.asarray(positive / highest if highest else positive, dtype=np.float32)
