"""What compression needs of a tokenizer, and estimates that take control strings for what they will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ctxpipe.arrays import IntArray
from ctxpipe.compress.text.control import mute


class Tokenizer(Protocol):
    """What compression needs of a tokenizer; ``ctxpipe.models.tokenizer.TargetTokenizer`` is one."""

    @property
    def name(self) -> str:
        """The model as it was named."""
        ...

    @property
    def special_strings(self) -> tuple[str, ...]:
        """Text of every control token."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text, special tokens of its own not added."""
        ...

    def count_long(self, text: str) -> int:
        """The same for a text of any length, in bounded memory."""
        ...

    def count_many(self, texts: Sequence[str]) -> IntArray:
        """Tokens of each text, int64 of shape (len(texts),)."""
        ...

    def starts_many(self, texts: Sequence[str]) -> list[IntArray]:
        """Character offsets at which the tokens of each text begin."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """A tokenizer that counts control strings as the ordinary text that they will be.

    Attributes:
        tokenizer: What counts.
    """

    tokenizer: Tokenizer

    def count_many(self, texts: Sequence[str]) -> IntArray:
        """Tokens of each text, int64 of shape (len(texts),)."""
        return self.tokenizer.count_many([mute(text, self.tokenizer.special_strings) for text in texts])

    def starts_many(self, texts: Sequence[str]) -> list[IntArray]:
        """Character offsets at which the tokens of each text begin."""
        return self.tokenizer.starts_many([mute(text, self.tokenizer.special_strings) for text in texts])
