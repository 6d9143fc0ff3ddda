"""A ranker that fails, or ends its process, where a question says so."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.types import OnProgress, RankingText


class Poisoned:
    """Ranks in the order of the document; it ends its process at the word "deadly" and fails at the word "broken"."""

    name = "poisoned"

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        if "deadly" in question:
            os._exit(3)
        if "broken" in question:
            raise ZeroDivisionError("a fault in one document\nwith more lines")
        return np.arange(len(texts), 0, -1, dtype=np.float32)
