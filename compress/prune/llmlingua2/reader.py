"""Tokenises text with offsets and cuts it at the ends of sentences into rows for a classifier."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.prune.llmlingua2.classifier import TokenRow
from ctxpipe.compress.text.cut import cut
from ctxpipe.errors import ModelError
from ctxpipe.models.causal import load_tokenizer
from ctxpipe.models.encoding import encodings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ctxpipe.compress.prune.llmlingua2.config import ClassifierConfig

_MARKS = "▁Ġ#"
_ENDS = re.compile(r"[.!?。！？।؟…]+|Ċ+")
_NEWLINE = re.compile(r"\n")


class ClassifierTokens(NamedTuple):
    """The tokens of a text, special ones excluded: int32 ids and int64 offsets, both ascending, of shape (tokens,)."""

    ids: TokenRow
    start: IntArray
    end: IntArray


class ClassifierReader:
    """Tokenises each text once. Special tokens in a text are read as the characters that they are.

    Args:
        tokenizer: A tokenizer of the tokenizers library; it is modified.
        window: Most tokens of a row, special tokens included.
        unknown: Id of the unknown token; None if there is none.
    """

    def __init__(self, tokenizer: Tokenizer, window: int, unknown: int | None = None) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.begin, self.finish = _frame(tokenizer)
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        # A Unigram vocabulary has "</s>" as an ordinary piece and would find it in texts.
        added = tokenizer.get_added_tokens_decoder()
        self._special = np.array([place for place, token in added.items() if token.special], dtype=np.int32)
        self._unknown = unknown
        self.limit = max(1, window - len(self.begin) - len(self.finish))
        ending = {place for token, place in tokenizer.get_vocab().items() if _ENDS.fullmatch(token.lstrip(_MARKS))}
        self._ending = np.array(sorted(ending), dtype=np.int32)

    @classmethod
    def load(cls, config: ClassifierConfig) -> ClassifierReader:
        """The reader of a classifier.

        Raises:
            ModelError: if its tokenizer cannot be loaded or has no offsets.
        """
        tokenizer = load_tokenizer(config.name, trust_remote_code=config.trust_remote_code)
        return cls(plain_tokenizer(tokenizer, config.name), config.window, tokenizer.unk_token_id)

    def read(self, texts: Sequence[str]) -> list[ClassifierTokens]:
        """Tokens of each text."""
        return [self._tokens(encoding) for encoding in encodings(self._tokenizer, texts)]

    def cuts(self, text: str, tokens: ClassifierTokens) -> IntArray:
        """Where rows begin and end: at most ``limit`` tokens, after the last end of a sentence or line that fits.

        Returns:
            int64 of shape (rows + 1,): indices of tokens, from 0 to their number.
        """
        return cut(len(tokens.ids), self._ends(text, tokens), self.limit)

    def rows(self, tokens: ClassifierTokens, cuts: IntArray) -> list[TokenRow]:
        """The rows between cuts, each with its special tokens."""
        return [
            np.concatenate([self.begin, tokens.ids[a:b], self.finish])
            for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
        ]

    def _tokens(self, encoding: Any) -> ClassifierTokens:
        places = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        ascending = np.maximum.accumulate(places, axis=0) if len(places) else places
        ids = np.array(encoding.ids, dtype=np.int32)
        if self._unknown is not None:
            ids[np.isin(ids, self._special)] = self._unknown
        return ClassifierTokens(ids, ascending[:, 0], ascending[:, 1])

    def _ends(self, text: str, tokens: ClassifierTokens) -> BoolArray:
        """Tokens after which a row may end: marks that close a sentence, and whatever stands before a newline."""
        ends = np.isin(tokens.ids, self._ending)
        lines = np.array([match.start() for match in _NEWLINE.finditer(text)], dtype=np.int64)
        before = np.searchsorted(tokens.end, lines, side="right") - 1
        ends[before[before >= 0]] = True
        return ends


def plain_tokenizer(tokenizer: Any, name: str) -> Tokenizer:
    """A copy of the ``tokenizers`` object in a transformers tokenizer.

    Raises:
        ModelError: for a tokenizer written in Python, which has no offsets.
    """
    from tokenizers import Tokenizer

    if not tokenizer.is_fast:
        raise ModelError(f"{name} has a tokenizer written in Python, which has no offsets")
    return Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())


def _frame(tokenizer: Tokenizer) -> tuple[TokenRow, TokenRow]:
    """The special tokens before and after a text."""
    framed = tokenizer.encode("a")
    special = np.array(framed.special_tokens_mask, dtype=np.bool_)
    ids = np.array(framed.ids, dtype=np.int32)
    inner = np.flatnonzero(~special)
    if len(inner) == 0:
        return ids[:0], ids[:0]
    return ids[: inner[0]], ids[inner[-1] + 1 :]
