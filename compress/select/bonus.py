"""What the question's exact rare words, and names of what units stand under, add to scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.select.exact import exact_bonus, named_bonus
from ctxpipe.compress.select.labels import labels
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.types import Document


def bonus(documents: Sequence[Document], ranked: Candidates, question: str) -> FloatArray | None:
    """Of each unit, float32 of shape (n,); None when nothing is to be added."""
    names = labels(documents)
    texts = [documents[d].text[u.start : u.end] for u, d in zip(ranked.units, ranked.document, strict=True)]
    trails = [(names[d], *ranked.passages[p].headings) for d, p in zip(ranked.document, ranked.passage, strict=True)]
    parts = [exact_bonus(question, texts, [" ".join(trail) for trail in trails]), named_bonus(question, trails)]
    given = [part for part in parts if part is not None]
    return np.sum(given, axis=0) if given else None
