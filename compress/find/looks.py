"""Several looks at all passages: what a first search finds says what to search for next."""

from __future__ import annotations

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prepare.collection import Collection

HYPOTHESES, WEIGHT = 3, 1.0
"""How many of the first passages lead on, and what a second look counts against the first; chosen on questions of
2WikiMultihopQA and HotpotQA that nothing is reported on."""


def looked(collection: Collection, question: str) -> FloatArray:
    """Score all passages by BM25, for the question and for the question with each of the best passages appended.

    The passage that answers the second half of a question often shares no word with it, but shares words with the
    passage that answers the first half. Which passage that is, is not known yet, so several are tried. A passage gains
    by the best of them: by its share of that look's highest score, times what the leading passage has of the first
    look's. A passage does not lead to itself.

    Args:
        collection: The documents.
        question: The question.

    Returns:
        float32 of shape (passages,): the share of the highest score of the first look, and what it gained; 0 for a
        passage without a word of any look.
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
