"""Encoders that replace the one that the package downloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class ModelEncoder:
    """Tokens of a transformers tokenizer, without special tokens."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str) -> Sequence[int]:
        """The tokens of a text."""
        ids: Sequence[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


class CountEncoder:
    """Token counts from a function; the package only needs the number of tokens.

    Args:
        count: Counts the tokens of a text, such as ``TargetTokenizer.count``.
    """

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count

    def encode(self, text: str) -> Sequence[int]:
        """A sequence of the right length; its values are meaningless."""
        return range(self._count(text))
