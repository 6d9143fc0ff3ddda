"""A tokenizer whose tokens are characters, for tests of what does not depend on the tokenizer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import IntArray


class Characters:
    """Counts characters."""

    name = "characters"
    special_strings: tuple[str, ...] = ()

    def count(self, text: str) -> int:
        return len(text)

    count_long = count

    def count_many(self, texts: Sequence[str]) -> IntArray:
        return np.array([len(text) for text in texts], dtype=np.int64)

    def starts_many(self, texts: Sequence[str]) -> list[IntArray]:
        return [np.arange(len(text), dtype=np.int64) for text in texts]
