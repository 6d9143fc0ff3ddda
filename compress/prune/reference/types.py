"""Results of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePieces:
    """The words (LLMLingua-2) or tokens (LLMLingua, LongLLMLingua) of one text, with the package's decisions.

    Attributes:
        start, end: int64 of shape (n,): offsets in the source, ascending; equal if a piece has no characters there.
        values: float32 of shape (n,): the number compared with the threshold: a word's keep probability, a loss in
            nats, or the nats by which the question lowers it. NaN if the package decided without a number.
        kept: bool of shape (n,).
    """

    start: IntArray
    end: IntArray
    values: FloatArray
    kept: BoolArray

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def none(cls) -> PackagePieces:
        """The pieces of an empty text."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(start=empty, end=empty, values=empty.astype(np.float32), kept=empty.astype(np.bool_))


class PackageEncoder(Protocol):
    """Counts tokens for the package, which wants an object like one of tiktoken's."""

    def encode(self, text: str) -> Sequence[int]:
        """The tokens of a text, without special tokens."""
        ...
