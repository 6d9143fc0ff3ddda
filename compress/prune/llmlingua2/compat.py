"""LLMLingua-2 exactly as in llmlingua 0.2.2, quirks included, for comparison and compatibility.

One threshold per chunk of about 510 tokens; word probabilities weighted by tokens of another vocabulary; ``<unk>``
instead of XLM-R's start and end tokens; characters missing from the vocabulary are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray
from ctxpipe.compress.prune.llmlingua2.classifier import TokenClassifier
from ctxpipe.compress.prune.llmlingua2.compat_words import ChunkWords, Forced, UpstreamVocabulary, chunk_bounds, merge
from ctxpipe.compress.prune.llmlingua2.config import DEFAULT_MODEL, ClassifierConfig
from ctxpipe.compress.types import OnProgress
from ctxpipe.errors import ModelError, UsageError
from ctxpipe.extras import require
from ctxpipe.models.causal import load_tokenizer

CHUNK_TOKENS = 510
_MOST_FORCED = 100

Count = Callable[[str], int]
"""Counts the tokens of a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompatContext:
    """One text, compressed as by llmlingua.

    Attributes:
        words: Its words in order; words with only unknown characters are missing, as upstream.
        probabilities: float32 of shape (words,), forced words at 1.
        kept: bool of shape (words,).
        text: The kept words as upstream joins them.
    """

    words: tuple[str, ...]
    probabilities: FloatArray
    kept: BoolArray
    text: str


@dataclass(slots=True, kw_only=True)
class LLMLingua2Compat:
    """LLMLingua-2 with upstream's chunks, special tokens and thresholds.

    Attributes:
        model: The classifier.
        tokenizer: A transformers tokenizer with llmlingua's 100 added tokens.
        vocabulary: Upstream's view of single tokens.
        count: Counts the tokens that weight a word's probability.
    """

    model: TokenClassifier
    tokenizer: Any
    vocabulary: UpstreamVocabulary
    count: Count
    _counted: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        name: str = DEFAULT_MODEL,
        *,
        device: str = "auto",
        dtype: str = "float32",
        runtime: str = "auto",
        count: Count | None = None,
    ) -> LLMLingua2Compat:
        """Load a classifier.

        Args:
            name: Folder or Hugging Face id of a BERT or XLM-R token classifier.
            device: See ``LLMLingua2Scorer``.
            dtype: See ``LLMLingua2Scorer``; upstream uses float32.
            runtime: See ``LLMLingua2Scorer``.
            count: Counts the tokens of a word; by default with tiktoken's cl100k, which is downloaded.

        Raises:
            MissingExtraError: if tiktoken is needed and not installed.
            ModelError: if the model cannot be loaded, or upstream does not support its type.
        """
        from ctxpipe.compress.prune.llmlingua2.loading import load_classifier

        config = ClassifierConfig.describe(name)
        if config.family not in ("bert", "xlm-roberta"):
            raise ModelError(f"llmlingua knows BERT and XLM-R classifiers; {name} is of type {config.family}")
        tokenizer = load_tokenizer(name)
        vocabulary = UpstreamVocabulary.of(tokenizer, bert=config.family == "bert")
        model = load_classifier(config, device=device, dtype=dtype, runtime=runtime, added_tokens=True)
        return cls(model=model, tokenizer=tokenizer, vocabulary=vocabulary, count=count or _cl100k())

    def compress_words(
        self,
        contexts: Sequence[str],
        *,
        rate: float,
        force_tokens: Sequence[str] = (),
        force_reserve_digit: bool = False,
        chunk_end_tokens: Sequence[str] = (".", "\n"),
        on_progress: OnProgress | None = None,
    ) -> list[CompatContext]:
        """Compress texts at one rate; see ``compress_rates``."""
        return self.compress_rates(
            contexts,
            rates=(rate,),
            force_tokens=force_tokens,
            force_reserve_digit=force_reserve_digit,
            chunk_end_tokens=chunk_end_tokens,
            on_progress=on_progress,
        )[0]

    def compress_rates(
        self,
        contexts: Sequence[str],
        *,
        rates: Sequence[float],
        force_tokens: Sequence[str] = (),
        force_reserve_digit: bool = False,
        chunk_end_tokens: Sequence[str] = (".", "\n"),
        on_progress: OnProgress | None = None,
    ) -> list[list[CompatContext]]:
        """Compress texts at several rates with one pass of the model, chunk by chunk.

        Args:
            contexts: The texts.
            rates: Shares of tokens to keep, above 0 and at most 1.
            force_tokens: Strings to keep wherever they are tokens; at most 100.
            force_reserve_digit: Give tokens with a digit the probability 1.
            chunk_end_tokens: Tokens after which a chunk may end.
            on_progress: Called with tokens done and tokens in all.

        Returns:
            For each rate, one result per text.

        Raises:
            UsageError: for a rate outside (0, 1] or too many forced tokens.
        """
        for each in rates:
            if not 0 < each <= 1:
                raise UsageError(f"the rate must be above 0 and at most 1, not {each}")
        if len(force_tokens) > _MOST_FORCED:
            raise UsageError(f"at most {_MOST_FORCED} tokens can be forced, not {len(force_tokens)}")
        forced = Forced.of(self.tokenizer, force_tokens, digits=force_reserve_digit)
        ends = {*chunk_end_tokens, *(forced.names[token] for token in chunk_end_tokens if token in forced.names)}
        chunks = [self._chunks(forced.replace(text), ends) for text in contexts]
        words = self._judged([chunk for of_text in chunks for chunk in of_text], forced, on_progress)
        return [self._contexts(chunks, words, each) for each in rates]

    def _chunks(self, text: str, ends: set[str]) -> list[list[int]]:
        """Token ids of each chunk: cut, decoded and tokenised again, as upstream."""
        backend = self.tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        tokens = backend.encode(text, add_special_tokens=False).tokens
        pieces = [self.tokenizer.convert_tokens_to_string(tokens[a:b]) for a, b in chunk_bounds(tokens, ends)]
        return [encoded.ids[: CHUNK_TOKENS + 1] for encoded in backend.encode_batch(pieces, add_special_tokens=False)]

    def _judged(self, chunks: Sequence[list[int]], forced: Forced, on_progress: OnProgress | None) -> list[ChunkWords]:
        first, last = self.vocabulary.first, self.vocabulary.last
        # A chunk of 511 tokens has no room for its end token.
        rows = [np.array([first, *ids, last][: CHUNK_TOKENS + 2], dtype=np.int32) for ids in chunks]
        judged = self.model.keep_probabilities(rows, on_progress)
        return [
            merge(self.vocabulary, forced, ids, values[1 : 1 + len(ids)])
            for ids, values in zip(chunks, judged, strict=True)
        ]

    def _contexts(
        self, chunks: Sequence[Sequence[list[int]]], words: Sequence[ChunkWords], rate: float
    ) -> list[CompatContext]:
        at, made = 0, []
        for of_text in chunks:
            mine = words[at : at + len(of_text)]
            at += len(of_text)
            kept = [self._kept(each, rate) for each in mine]
            made.append(
                CompatContext(
                    words=tuple(word.lstrip(self.vocabulary.mark) for each in mine for word in each.words),
                    probabilities=_joined([each.probabilities for each in mine], np.float32),
                    kept=_joined(kept, np.bool_),
                    text="".join(self._string(each, keep) for each, keep in zip(mine, kept, strict=True)),
                )
            )
        return made

    def _kept(self, words: ChunkWords, rate: float) -> BoolArray:
        """Upstream's decisions in one chunk.

        Words above the percentile of all probabilities, each counted once per token of ``count``; ties are dropped
        unless they are 1.
        """
        if not words.words or rate == 1:
            return np.full(len(words.words), rate == 1, dtype=np.bool_)
        weights = [self._count(word) for word in words.words]
        spread = np.repeat(words.probabilities.astype(np.float64 if words.wide else np.float32), weights)
        if len(spread) == 0:
            return np.zeros(len(words.words), dtype=np.bool_)
        threshold = np.percentile(spread, min(100, int(100 * (1 - rate) + 1)))
        kept: BoolArray = (words.probabilities > threshold) | ((threshold == 1) & (words.probabilities == 1))
        return kept

    def _count(self, word: str) -> int:
        if word not in self._counted:
            self._counted[word] = self.count(word)
        return self._counted[word]

    def _string(self, words: ChunkWords, kept: BoolArray) -> str:
        chosen = [word for word, keep in zip(words.words, kept.tolist(), strict=True) if keep]
        made: str = self.tokenizer.convert_tokens_to_string(chosen) if chosen else ""
        return made


def _joined(parts: Sequence[Any], dtype: Any) -> Any:
    return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype=dtype)


def _cl100k() -> Count:
    require("llmlingua", "counting in cl100k", "tiktoken")
    import tiktoken

    try:
        encoding = tiktoken.get_encoding("cl100k_base")
    except Exception as exc:  # requests raises its own errors, tiktoken ValueError
        raise ModelError("tiktoken cannot download cl100k, which llmlingua counts with; pass another count") from exc
    return lambda word: len(encoding.encode(word, disallowed_special=()))
