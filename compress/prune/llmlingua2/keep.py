"""The protocol between LLMLingua-2's words and the network that judges tokens, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.types import OnProgress

TokenRow = NDArray[np.int32]
"""Token ids of one window, special tokens included."""


class KeepModel(Protocol):
    """Predicts for every token of windows the probability of keeping it.

    Attributes:
        name: The model's name as given.
        revision: Hash of its exact content; empty if unknown.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - see the class
    @property
    def revision(self) -> str: ...  # noqa: D102 - see the class

    def keep_probabilities(self, rows: Sequence[TokenRow], on_progress: OnProgress | None = None) -> list[FloatArray]:
        """Predict keep probabilities.

        Args:
            rows: Windows with their special tokens; none is empty.
            on_progress: Called with tokens done and tokens in all.

        Returns:
            For each row, in order, float32 of the row's length: the softmax probability of the label that means "keep".
        """
        ...


def token_batches(lengths: Sequence[int] | IntArray, cap: int) -> Iterator[IntArray]:
    """Batch rows of similar length, with little padding.

    Args:
        lengths: Tokens of each row.
        cap: Most tokens of a batch, padding included; a longer row is a batch of its own.

    Yields:
        Indices of the rows of each batch, longest rows first, so that the batch that needs most memory comes first.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    first = 0
    while first < len(order):
        rows = max(1, cap // max(1, int(sizes[order[first]])))
        yield order[first : first + rows]
        first += rows
