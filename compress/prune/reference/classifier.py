"""LLMLingua-2 of the package, with a subclass that records words and decisions."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from llmlingua import PromptCompressor

from ctxpipe.arrays import IntArray
from ctxpipe.compress.prune.reference.align import replaced, spans
from ctxpipe.compress.prune.reference.state import undisturbed
from ctxpipe.compress.prune.reference.types import PackageEncoder, PackagePieces
from ctxpipe.errors import ModelError
from ctxpipe.models.quiet import quiet

_FAMILIES = {"bert": "bert-base-multilingual-cased", "xlm-roberta": "xlm-roberta-large"}
"""Names by which the package recognises a model, by its type in the config."""
_NEARLY_ALL = 0.98
_MODERATE = 0.5


class _Chunk(NamedTuple):
    """A chunk's tokens without special ones, the tokens in each word, and each word's probability."""

    tokens: list[str]
    sizes: list[int]
    values: list[float]


class WatchedClassifier(PromptCompressor):  # type: ignore[misc]  # the package has no types
    """The package's compressor with a loaded model; it records words and decisions.

    Args:
        model: A token classifier with two labels.
        tokenizer: Its tokenizer.
        encoder: Counts the tokens that weight a word's probability and that targets are compared with.

    Raises:
        ModelError: for a model that is neither BERT nor XLM-R, whose word starts the package does not know.
    """

    def __init__(self, model: Any, tokenizer: Any, encoder: PackageEncoder) -> None:
        family = _FAMILIES.get(model.config.model_type)
        if family is None:
            raise ModelError(f"the llmlingua package supports BERT and XLM-R, not {model.config.model_type}")
        self.model_name = family
        self.use_llmlingua2 = True
        self.oai_tokenizer = encoder
        self.model, self.tokenizer, self.device = model, tokenizer, model.device
        self.max_position_embeddings = model.config.max_position_embeddings
        self.chunks: list[_Chunk] = []
        self.counts: list[int] = []
        self.labels: list[list[int]] = []
        with undisturbed(), quiet():
            self.init_llmlingua2()

    def pieces(self, texts: Sequence[str], *, rate: float, force_tokens: Sequence[str] = ()) -> list[PackagePieces]:
        """Words of each text, with probabilities and the package's decisions at a rate.

        Args:
            texts: The package's contexts, each with one threshold per 512 tokens.
            rate: Share of the encoder's tokens, above 0 and at most 1. At 1 everything is kept.
            force_tokens: As upstream; at most 100.
        """
        # A percentile above 100 would be an error, and 100 keeps nothing.
        asked = _MODERATE if rate >= 1 else max(rate, 1 - _NEARLY_ALL)
        with undisturbed(), quiet():
            self.compress_prompt_llmlingua2(list(texts), rate=asked, force_tokens=list(force_tokens))
            bounds = np.cumsum([0, *self.counts]).tolist()
            return [
                self._aligned(text, self.chunks[a:b], np.array(labels, dtype=np.bool_) | (rate >= 1), force_tokens)
                for text, a, b, labels in zip(texts, bounds[:-1], bounds[1:], self.labels, strict=True)
            ]

    def _aligned(self, text: str, chunks: Sequence[_Chunk], kept: Any, force_tokens: Sequence[str]) -> PackagePieces:
        names = {t: self.added_tokens[i] for i, t in enumerate(force_tokens) if len(self.tokenizer.tokenize(t)) != 1}
        read, first, last = replaced(text, names)
        tokens, start, end = self._source_tokens(read)
        pieces = [self._bare(token) for chunk in chunks for token in chunk.tokens]
        sizes = [size for chunk in chunks for size in chunk.sizes]
        word_start, word_end = spans(tokens, start, end, pieces, sizes)
        filled = word_end > word_start
        word_start[filled], word_end[filled] = first[word_start[filled]], last[word_end[filled] - 1]
        values = np.array([value for chunk in chunks for value in chunk.values], dtype=np.float32)
        return PackagePieces(start=word_start, end=word_end, values=values, kept=kept)

    def _source_tokens(self, text: str) -> tuple[list[str], IntArray, IntArray]:
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        tokens = self.tokenizer.convert_ids_to_tokens(encoded["input_ids"])
        rows = [
            (self._bare(token), a + len(text[a:b]) - len(text[a:b].lstrip()), b)
            for token, (a, b) in zip(tokens, encoded["offset_mapping"], strict=True)
            if token not in self.special_tokens
        ]
        start, end = (np.array([row[i] for row in rows], dtype=np.int64) for i in (1, 2))
        return [row[0] for row in rows], start, end

    def _bare(self, token: str) -> str:
        return token.lstrip("#") if token.startswith("##") else token.lstrip("▁")

    def _PromptCompressor__merge_token_to_word(  # noqa: N802 - the package's private name, as Python mangles it
        self, tokens: list[str], token_probs: list[Any], **options: Any
    ) -> Any:
        """The package's words; a chunk whose first token continues a word begins a new word."""
        plain = [token for token in tokens if token not in self.special_tokens]
        first = next((i for i, token in enumerate(tokens) if token not in self.special_tokens), None)
        if first is not None and not self._begins(tokens[first]):
            tokens = [*tokens[:first], self._begun(tokens[first]), *tokens[first + 1 :]]
        words, values, unforced = super()._PromptCompressor__merge_token_to_word(tokens, token_probs, **options)
        self.chunks.append(_Chunk(plain, [len(value) for value in values], [sum(v) / len(v) for v in values]))
        return words, values, unforced

    def _begins(self, token: str) -> bool:
        if self.model_name == _FAMILIES["bert"]:
            return not token.startswith("##")
        return token.startswith("▁") or token in string.punctuation

    def _begun(self, token: str) -> str:
        return token.lstrip("#") if self.model_name == _FAMILIES["bert"] else f"▁{token}"

    def _PromptCompressor__compress(  # noqa: N802 - the package's private name, as Python mangles it
        self, context_list: list[list[str]], **options: Any
    ) -> Any:
        """The package's decisions; a chunk without words, which has no percentile, is left out."""
        # This classifies each chunk once more, so it is done only after the package has failed.
        try:
            return self._watched(context_list, options)
        except IndexError:
            worded = [[chunk for chunk in chunks if self._has_words(chunk)] for chunks in context_list]
            return self._watched(worded, options)

    def _watched(self, context_list: list[list[str]], options: dict[str, Any]) -> Any:
        self.chunks, self.counts = [], [len(chunks) for chunks in context_list]
        if not any(self.counts):
            self.labels = [[] for _ in context_list]
            return [""] * len(context_list), [[] for _ in context_list], self.labels
        result = super()._PromptCompressor__compress(context_list, **options)
        self.labels = result[2]
        return result

    def _has_words(self, chunk: str) -> bool:
        return any(token not in self.special_tokens for token in self.tokenizer.tokenize(chunk))
