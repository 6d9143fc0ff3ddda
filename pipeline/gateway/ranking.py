"""A ranker that remembers its last results: fitting asks for the same ranking again with another budget."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.types import OnProgress, Ranker, RankingText
from ctxpipe.recent import Recent

_KEPT = 64


class Remembered:
    """Ranks, and remembers the scores of the most recent texts and questions by a hash.

    Args:
        ranker: What ranks.
    """

    def __init__(self, ranker: Ranker) -> None:
        self.ranker = ranker
        self._known: Recent[bytes, FloatArray] = Recent(_KEPT)

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """See ``Ranker``."""
        digest = hashlib.blake2b(question.encode("utf-8", "surrogatepass"), digest_size=16)
        for text in texts:
            digest.update(repr(text).encode("utf-8", "surrogatepass"))
        key = digest.digest()
        scores = self._known.get(key)
        if scores is None:
            scores = self.ranker.rank(texts, question, on_progress)
            self._known.put(key, scores)
        return scores.copy()
