"""Two encoders: the tokenizers library, in batches on every core, and transformers tokenizers written in Python."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ctxpipe.arrays import IntArray
from ctxpipe.models.batches import text_batches
from ctxpipe.models.repeats import Repeats, cuts_at_pieces

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_CONTROL = re.compile(r"<[|｜].*[|｜]>", re.DOTALL)
_WORD = re.compile(r"\s*\S+|\s+")
_PARALLELISM = "TOKENIZERS_PARALLELISM"


class Encoder(Protocol):
    """Encodes without special tokens, truncation or padding.

    Attributes:
        special_strings: Text of every control token.
        cuts_exactly: Whether a cut between a letter and the whitespace after it leaves the tokens unchanged.
    """

    special_strings: tuple[str, ...]
    cuts_exactly: bool

    def lengths(self, texts: Sequence[str]) -> IntArray:
        """Tokens of each text: int64 of shape (texts,)."""
        ...

    def offsets(self, texts: Sequence[str]) -> Iterator[IntArray]:
        """Character offsets of each text's tokens, int64 of shape (tokens, 2)."""
        ...

    def repeats(self) -> Repeats | None:
        """Counts the pieces of a long text, which are encoded alone as within it; None if they are not."""
        ...


class PlainEncoder:
    """The tokenizers library.

    Args:
        tokenizer: Its truncation and padding are switched off.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        added = tokenizer.get_added_tokens_decoder().values()
        self._tokenizer = tokenizer
        self._added = tuple(token.content for token in added)
        self.special_strings = tuple(t.content for t in added if t.special or _CONTROL.fullmatch(t.content))
        # Only this part of it: to write out a whole vocabulary takes longer than many a question.
        self.cuts_exactly = (
            tokenizer.pre_tokenizer is not None and b"ByteLevel" in tokenizer.pre_tokenizer.__getstate__()
        )

    def lengths(self, texts: Sequence[str]) -> IntArray:
        """Tokens of each text: int64 of shape (texts,)."""
        return np.array([len(encoding) for encoding in encodings(self._tokenizer, texts, fast=True)], dtype=np.int64)

    def offsets(self, texts: Sequence[str]) -> Iterator[IntArray]:
        """Character offsets of each text's tokens; tokens within one character have that character's offsets."""
        for encoding in encodings(self._tokenizer, texts):
            yield np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)

    def repeats(self) -> Repeats | None:
        """Counts the pieces of a long text; None if the tokenizer cuts elsewhere."""
        return Repeats(self._added) if self._cuts_at_pieces else None

    @cached_property
    def _cuts_at_pieces(self) -> bool:
        return cuts_at_pieces(self._tokenizer)


class PythonEncoder:
    """A transformers tokenizer written in Python, which has no offsets; they are estimated within each word.

    Args:
        tokenizer: A ``PreTrainedTokenizerBase``.
    """

    cuts_exactly = False

    def __init__(self, tokenizer: Any) -> None:
        tokenizer.model_max_length = 10**30  # else it warns about long texts, which are only counted here
        self._tokenizer = tokenizer
        added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
        self.special_strings = tuple(dict.fromkeys([*tokenizer.all_special_tokens, *added]))

    def lengths(self, texts: Sequence[str]) -> IntArray:
        """Tokens of each text: int64 of shape (texts,)."""
        return np.array([self._length(text) for text in texts], dtype=np.int64)

    def offsets(self, texts: Sequence[str]) -> Iterator[IntArray]:
        """Estimated character offsets: each word is encoded alone and its tokens are spread evenly over it."""
        known: dict[str, int] = {}
        for text in texts:
            parts = []
            for match in _WORD.finditer(text):
                word = match.group()
                if word not in known:
                    known[word] = self._length(word)
                edges = np.linspace(match.start(), match.end(), known[word] + 1).astype(np.int64)
                parts.append(np.stack([edges[:-1], edges[1:]], axis=1))
            yield np.concatenate(parts) if parts else np.zeros((0, 2), dtype=np.int64)

    def repeats(self) -> None:
        """None: where it cuts is not known."""

    def _length(self, text: str) -> int:
        return len(self._tokenizer.encode(_encodable(text), add_special_tokens=False))


def encodings(
    tokenizer: Tokenizer, texts: Sequence[str], *, special: bool = False, fast: bool = False
) -> Iterator[Encoding]:
    """Encode texts, a batch at a time on every core. A half of a surrogate pair counts as a question mark.

    Args:
        tokenizer: Of the tokenizers library.
        texts: Any texts.
        special: Add the special tokens.
        fast: Without offsets.
    """
    encode = tokenizer.encode_batch_fast if fast else tokenizer.encode_batch
    for batch in text_batches(texts):
        try:
            encoded = encode(batch, add_special_tokens=special)
        except (TypeError, UnicodeEncodeError):
            encoded = encode([_encodable(text) for text in batch], add_special_tokens=special)
        yield from encoded


def _encodable(text: str) -> str:
    """The text with unpaired surrogates, as from broken JSON escapes, replaced by question marks."""
    return text.encode("utf-8", "replace").decode()


def _hold_parallelism() -> None:
    os.environ[_PARALLELISM] = "false"


def _release_parallelism() -> None:
    os.environ.pop(_PARALLELISM, None)


if hasattr(os, "register_at_fork") and _PARALLELISM not in os.environ:
    # A forked child has none of the tokenizers' threads and would wait for them. This setting before the fork avoids
    # both the wait and the warning.
    os.register_at_fork(before=_hold_parallelism, after_in_parent=_release_parallelism)
