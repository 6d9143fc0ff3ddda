"""Encoders that need no network, in place of the one that the package downloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class ModelEncoder:
    """Tokens of a transformers tokenizer, without special ones."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str) -> Sequence[int]:
        """The tokens of a text."""
        ids: Sequence[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


class CountEncoder:
    """As many tokens as a function says; the package only asks how many there are.

    Args:
        count: Tokens of a text, such as ``TargetTokenizer.count``.
    """

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count

    def encode(self, text: str) -> Sequence[int]:
        """A sequence of the right length; its values mean nothing."""
        return range(self._count(text))
