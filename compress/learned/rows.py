"""Question, title and passage as rows of tokens: ``[CLS] question [SEP] title [SEP] passage [SEP]``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import regex

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.text.cut import cut
from ctxpipe.models.encoding import encodings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ctxpipe.compress.learned.files import PrunerFiles

_FOREIGN = regex.compile(r"(?!\p{Latin})\p{L}")
_WORDLIKE = regex.compile(r"[\p{L}\p{N}]")
_STOPS = frozenset(".!?。！？")
_SLACK = 24
"""Tokens by which a window may exceed an even share to end where a sentence does."""


class Encoded(NamedTuple):
    """The tokens of a text: ids, and the characters of each; int64 of shape (tokens,)."""

    ids: IntArray
    start: IntArray
    end: IntArray


class InputRow(NamedTuple):
    """One input of the network.

    Attributes:
        ids: All tokens, int64.
        second: Index at which token type 1 begins.
        body: Index at which the passage begins.
        first, last: The tokens of the passage that it contains, end exclusive.
    """

    ids: IntArray
    second: int
    body: int
    first: int
    last: int


class WordPieces:
    """A WordPiece tokenizer; special tokens in a text are read as the characters that they are.

    Args:
        tokenizer: A tokenizer of the tokenizers library; it is modified.

    Raises:
        ValueError: if it has no ``[CLS]`` and ``[SEP]``.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
        if first is None or last is None:
            raise ValueError("its tokenizer has no [CLS] and [SEP]")
        self.cls, self.sep = int(first), int(last)
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Tokens of each text."""
        encoded = []
        for encoding in encodings(self._tokenizer, texts):
            places = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
            encoded.append(Encoded(np.array(encoding.ids, dtype=np.int64), places[:, 0], places[:, 1]))
        return encoded

    def ids(self, text: str) -> IntArray:
        """Tokens of one text."""
        return self.encode([text])[0].ids

    @cached_property
    def strange(self) -> BoolArray:
        """By id: whether a token is unknown or has a non-Latin letter."""
        return self._table(lambda token: token == "[UNK]" or bool(_FOREIGN.search(token)))

    @cached_property
    def marks(self) -> BoolArray:
        """By id: whether a token has neither letter nor digit."""
        return self._table(lambda token: not _WORDLIKE.search(token))

    @cached_property
    def pieces(self) -> BoolArray:
        """By id: whether a token is a continuation piece of a word."""
        return self._table(lambda token: token.startswith("##"))

    @cached_property
    def ends(self) -> BoolArray:
        """By id: whether a window may end after a token."""
        return self._table(lambda token: token in _STOPS)

    def _table(self, holds: Callable[[str], bool]) -> BoolArray:
        vocabulary = self._tokenizer.get_vocab()
        table = np.zeros(1 + max(vocabulary.values(), default=0), dtype=np.bool_)
        table[[place for token, place in vocabulary.items() if holds(token)]] = True
        return table


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLayout:
    """Lays out rows as the network was trained with them.

    Attributes:
        words: The tokenizer.
        question, second, title, longest: Most tokens of a question, a second question, a title, and a row.
    """

    words: WordPieces
    question: int
    second: int
    title: int
    longest: int

    @classmethod
    def of(cls, files: PrunerFiles, tokenizer: Tokenizer) -> RowLayout:
        """The layout that a pruner's manifest names."""
        return cls(words=WordPieces(tokenizer), **files.layout)

    def asked(self, question: str, *, again: bool = False) -> IntArray:
        """Tokens of a question, or of a second question, cut to the longest."""
        return self.words.ids(question)[: self.second if again else self.question]

    def rows(
        self, question: IntArray, title: IntArray, body: IntArray, ends: BoolArray | None = None
    ) -> Iterator[InputRow]:
        """The rows of one passage: one, or several when it is too long for one.

        Args:
            question: Tokens from ``asked``.
            title: Tokens of the title; the first are read.
            body: Tokens of the passage; without tokens there is no row.
            ends: bool of the same shape: a window may end after these tokens, else after punctuation.
        """
        words = self.words
        head = np.concatenate([[words.cls], question, [words.sep]])
        trail = np.concatenate([title[: self.title], [words.sep]])
        begin = len(head) + len(trail)
        limit = self.longest - begin - 1
        count = -(-len(body) // limit)
        if count > 1:
            limit = min(limit, -(-len(body) // count) + _SLACK)
        cuts = cut(len(body), words.ends[body] if ends is None else ends, limit).tolist()
        for first, last in itertools.pairwise(cuts):
            ids = np.concatenate([head, trail, body[first:last], [words.sep]]).astype(np.int64)
            yield InputRow(ids, len(head), begin, first, last)
