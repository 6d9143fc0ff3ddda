"""Chunks, words and forced words as in llmlingua 0.2.2."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.llmlingua2.torch_model import ADDED_TOKENS

CHUNK_STEP = 510
_DIGIT = re.compile(r"\d")
_NAMES = tuple(f"[NEW{index}]" for index in range(ADDED_TOKENS))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamVocabulary:
    """What upstream knows of single tokens.

    Attributes:
        tokens: Text of each id.
        special: Ids that belong to no word.
        first, last: Ids before and after a chunk; for XLM-R both are the unknown token, because upstream looks up
            BERT's.
        mark: Prefix of a word's first token (XLM-R) or of its other tokens (BERT).
        bert: Whether words are split as in BERT.
    """

    tokens: Mapping[int, str]
    special: frozenset[int]
    first: int
    last: int
    mark: str
    bert: bool

    @classmethod
    def of(cls, tokenizer: Any, *, bert: bool) -> UpstreamVocabulary:
        """Read a transformers tokenizer, and add upstream's tokens to it."""
        kept = tokenizer.special_tokens_map
        special = {str(v) for k, v in kept.items() if k != "additional_special_tokens" and isinstance(v, str)}
        tokenizer.add_special_tokens({"additional_special_tokens": list(_NAMES)})
        first, last = tokenizer.convert_tokens_to_ids(["[CLS]", "[SEP]"])
        ids: dict[str, int] = tokenizer.get_vocab()
        return cls(
            tokens={place: token for token, place in ids.items()},
            special=frozenset(ids[token] for token in special if token in ids),
            first=first if first is not None else tokenizer.unk_token_id,
            last=last if last is not None else tokenizer.unk_token_id,
            mark="" if bert else "▁",
            bert=bert,
        )

    def pure(self, token: str) -> str:
        """A token without its mark."""
        return token.lstrip("#") if self.bert else token.lstrip("▁")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """Forced strings.

    Attributes:
        tokens: The strings.
        names: The added token for each string that is not a single token.
        digits: Whether tokens with a digit are kept too.
    """

    tokens: frozenset[str]
    names: Mapping[str, str]
    digits: bool

    @classmethod
    def of(cls, tokenizer: Any, tokens: Sequence[str], *, digits: bool) -> Forced:
        """Find the strings that are single tokens."""
        names = {t: _NAMES[i] for i, t in enumerate(tokens) if len(tokenizer.tokenize(t)) != 1}
        return cls(tokens=frozenset(tokens), names=names, digits=digits)

    def replace(self, text: str) -> str:
        """Replace strings in a text by their added tokens."""
        for token, name in self.names.items():
            text = text.replace(token, name)
        return text

    def restore(self, token: str) -> str:
        """Replace added tokens in a token by their strings."""
        for original, name in self.names.items():
            token = token.replace(name, original)
        return token


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkWords:
    """The words of a chunk.

    Attributes:
        words: Texts; XLM-R's include the mark.
        probabilities: float32 of shape (words,).
        wide: Whether upstream computes its percentile in 64 bits, as it does if a word is forced completely.
    """

    words: tuple[str, ...]
    probabilities: FloatArray
    wide: bool = False


def chunk_bounds(tokens: Sequence[str], ends: Collection[str]) -> Iterator[tuple[int, int]]:
    """Upstream's chunks: up to 510 tokens, ending at a token that may end a chunk; 511 if there is none."""
    start, size = 0, len(tokens)
    while start < size:
        if start + CHUNK_STEP > size - 1:
            yield start, size
            return
        end = start + CHUNK_STEP
        end = next((place for place in range(end, start, -1) if tokens[place] in ends), end)
        yield start, end + 1
        start = end + 1


def merge(vocabulary: UpstreamVocabulary, forced: Forced, ids: Sequence[int], values: FloatArray) -> ChunkWords:
    """Join tokens to words; a word's probability is the mean of its tokens'.

    Args:
        ids: A chunk's tokens, without its start and end tokens.
        values: float32 of the same length, or shorter if the chunk was cut.
    """
    facts = {place: _facts(vocabulary, forced, place) for place in set(ids)}
    inner = [(facts[place], value) for place, value in zip(ids, values, strict=False) if facts[place] is not None]
    if not inner:
        return ChunkWords(words=(), probabilities=np.zeros(0, dtype=np.float32))
    begins = np.array([fact.begins for fact, _ in inner], dtype=np.bool_)
    # Upstream raises an error if the first token continues a word.
    begins[0] = True
    judged = np.array([value for _, value in inner], dtype=np.float32)
    held = np.array([fact.forced for fact, _ in inner], dtype=np.bool_)
    judged[held] = 1
    first = np.flatnonzero(begins)
    sizes = np.diff(np.append(first, len(inner)))
    bounds = [*first.tolist(), len(inner)]
    texts = [
        inner[a][0].begun + "".join(fact.pure for fact, _ in inner[a + 1 : b]) for a, b in itertools.pairwise(bounds)
    ]
    means = np.add.reduceat(judged, first) / sizes.astype(np.float32)
    wide = bool(np.logical_and.reduceat(held, first).any())
    return ChunkWords(words=tuple(texts), probabilities=means.astype(np.float32), wide=wide)


@dataclass(frozen=True, slots=True)
class _Fact:
    begins: bool
    begun: str
    pure: str
    forced: bool


def _facts(vocabulary: UpstreamVocabulary, forced: Forced, place: int) -> Any:
    """What a token is to upstream; None for one that belongs to no word."""
    if place in vocabulary.special:
        return None
    token = vocabulary.tokens[place]
    pure = vocabulary.pure(token)
    added = set(forced.names.values())
    if vocabulary.bert:
        begins = pure in forced.tokens or pure in added or not token.startswith("##")
    else:
        begins = token in string.punctuation or token in forced.tokens or token in added or token.startswith("▁")
    begun = forced.restore(token)
    held = begins and (pure in forced.tokens or pure in added)
    digit = forced.digits and _DIGIT.search(begun if begins else token) is not None
    return _Fact(begins, begun, pure, held or digit)
