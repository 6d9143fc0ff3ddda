"""The seam between the words of LLMLingua-2 and the network that judges tokens, wherever that network runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.types import OnProgress

TokenRow = NDArray[np.int32]
"""Token ids of one window, special tokens included."""


class TokenClassifier(Protocol):
    """Says of every token of some windows how likely it is to be worth keeping."""

    def keep_probabilities(self, rows: Sequence[TokenRow], on_progress: OnProgress | None = None) -> list[FloatArray]:
        """Judge tokens.

        Args:
            rows: Windows, each with the special tokens that it is to be read with; none is empty.
            on_progress: Called with tokens done and tokens in all.

        Returns:
            For each row, in the order given, float32 of the row's length: the softmax probability of the label that
            means keep.
        """
        ...
