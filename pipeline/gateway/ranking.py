"""A ranker that remembers its last results: fitting asks for the same ranking again with another budget."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.types import OnProgress, Ranker, RankingText

_KEPT = 64


class Remembered:
    """Ranks, and remembers the scores of the most recent texts and questions by a hash.

    Args:
        ranker: What ranks.
    """

    def __init__(self, ranker: Ranker) -> None:
        self.ranker = ranker
        self._known: OrderedDict[bytes, FloatArray] = OrderedDict()

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """See ``Ranker``."""
        digest = hashlib.blake2b(question.encode("utf-8", "surrogatepass"), digest_size=16)
        for text in texts:
            digest.update(repr(text).encode("utf-8", "surrogatepass"))
        key = digest.digest()
        if key in self._known:
            self._known.move_to_end(key)
        else:
            self._known[key] = self.ranker.rank(texts, question, on_progress)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key].copy()
