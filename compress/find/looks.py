"""A search in two steps: the best passages of the first search extend the question for the second."""

from __future__ import annotations

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prepare.collection import Collection

HYPOTHESES, WEIGHT = 3, 1.0
"""How many passages of the first search extend the question, and the weight of the second search against the first.
Both were chosen on questions of 2WikiMultihopQA and HotpotQA that no reported number uses."""


def looked(collection: Collection, question: str) -> FloatArray:
    """Score all passages by BM25, for the question alone and for the question with a passage appended.

    The passage that answers the second half of a question often shares no word with it, but shares words with the
    passage that answers the first half. It is not known which passage that is, so each of the ``HYPOTHESES`` best is
    appended in turn. Scores are divided by the highest score of their search. A second score is multiplied by the first
    score of the appended passage; the highest product is added. A passage gains nothing from itself.

    Args:
        collection: The documents.
        question: The question.

    Returns:
        float32 of shape (passages,): first score and gain, from 0 to 1 + ``WEIGHT``; 0 for a passage without any word
        that was searched for.
    """
    first = collection.words.scores(question)
    highest = float(first.max(initial=0.0))
    if not highest:
        return first
    first = first / highest
    gained = np.zeros_like(first)
    for lead in np.argsort(-first, kind="stable")[:HYPOTHESES].tolist():
        if not first[lead]:
            break
        again = collection.words.scores(f"{question} {collection.text(lead)}")
        again[lead] = 0.0
        most = float(again.max(initial=0.0))
        if most:
            gained = np.maximum(gained, first[lead] * again / most)
    scores: FloatArray = first + WEIGHT * gained
    return scores
