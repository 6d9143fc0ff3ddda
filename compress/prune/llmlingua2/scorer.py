"""LLMLingua-2 as a scorer: the keep probability of each unit, independent of the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.llmlingua2.classifier import TokenClassifier, TokenRow
from ctxpipe.compress.prune.llmlingua2.config import DEFAULT_MODEL, ClassifierConfig
from ctxpipe.compress.prune.llmlingua2.reader import ClassifierReader, ClassifierTokens
from ctxpipe.compress.prune.per_unit import ByTokens
from ctxpipe.compress.types import Identity, OnProgress, ScoringText, TokenScores
from ctxpipe.models.batches import text_batches

GROUP_CHARACTERS = 500_000
"""Characters tokenised while the network runs on those before: two batches of a GPU."""


class _Group(NamedTuple):
    """Texts that are read together, and their rows."""

    tokens: list[ClassifierTokens]
    rows: list[list[TokenRow]]
    characters: int


class LLMLingua2Scorer(ByTokens):
    """Mean keep probability of the tokens of a unit, from a token classifier.

    The classifier of LLMLingua-2 (Pan et al., 2024, arXiv 2403.12968), with the special tokens of its training and
    without thresholds: units of all chunks and documents compete for one budget.

    Args:
        model: Folder or Hugging Face id of a BERT, XLM-R or ModernBERT token classifier.
        device: ``auto``, ``cpu`` or ``cuda``.
        dtype: ``float32``, ``bfloat16``, ``float16``, ``int8`` (CPU), or ``auto``: bfloat16 on a GPU, int8 on a CPU.
        runtime: ``onnx`` (CPU), ``torch`` or ``auto``.
        keep_label: The label that means keep, where the config's names do not tell.
        trust_remote_code: Whether code that comes with the model may run.
        classifier: Scores tokens in place of local weights; only config and tokenizer are then read locally.
    """

    name = "llmlingua2"

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        device: str = "auto",
        dtype: str = "auto",
        runtime: str = "auto",
        keep_label: str | None = None,
        trust_remote_code: bool = False,
        classifier: TokenClassifier | None = None,
    ) -> None:
        self.model = model
        self._settings = device, dtype, runtime
        self._keep_label = keep_label
        self._trust = trust_remote_code
        self._given = classifier

    @cached_property
    def config(self) -> ClassifierConfig:
        """What the model's config says.

        Raises:
            ModelError: if there is no such model or it is not a token classifier.
        """
        return ClassifierConfig.describe(self.model, keep_label=self._keep_label, trust_remote_code=self._trust)

    @cached_property
    def _reader(self) -> ClassifierReader:
        return ClassifierReader.load(self.config)

    @cached_property
    def _classifier(self) -> TokenClassifier:
        if self._given is not None:
            return self._given
        from ctxpipe.compress.prune.llmlingua2.loading import load_classifier

        device, dtype, runtime = self._settings
        return load_classifier(self.config, device=device, dtype=dtype, runtime=runtime)

    def identity(self) -> Identity | None:
        """What its scores depend on, without loading weights."""
        if self._given is not None:
            return None
        from ctxpipe.compress.prune.llmlingua2.loading import settled

        _, dtype, runtime = settled(*self._settings)
        settings = f"{runtime} {self.config.keep} {self.config.window}"
        return Identity(scorer=self.name, revision=self.config.revision, dtype=dtype, settings=settings)

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        """Probability of each of the classifier's tokens, without special tokens. Progress counts characters."""
        total, done = sum(len(text.text) for text in texts), 0
        scores: list[TokenScores] = []
        for group in self._groups([text.text for text in texts]):
            progress = _part(on_progress, done, group.characters, total)
            scores += self._judged(group, progress)
            done += group.characters
        return scores

    def _judged(self, group: _Group, on_progress: OnProgress | None) -> Iterator[TokenScores]:
        judged = iter(self._classifier.keep_probabilities([row for rows in group.rows for row in rows], on_progress))
        begin, finish = len(self._reader.begin), len(self._reader.finish)
        for tokens, rows in zip(group.tokens, group.rows, strict=True):
            parts: list[FloatArray] = [next(judged)[begin : len(row) - finish] for row in rows]
            values = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
            yield TokenScores(start=tokens.start, end=tokens.end, values=values)

    def _groups(self, texts: Sequence[str]) -> Iterator[_Group]:
        """Texts in groups, each tokenised in a thread while the network runs on the group before."""
        reader = self._reader

        def read(part: Sequence[str]) -> _Group:
            tokens = reader.read(part)
            rows = [
                reader.rows(text_tokens, reader.cuts(text, text_tokens))
                for text, text_tokens in zip(part, tokens, strict=True)
            ]
            return _Group(tokens, rows, sum(map(len, part)))

        with ThreadPoolExecutor(max_workers=1) as thread:
            waiting = None
            for part in text_batches(texts, characters=GROUP_CHARACTERS):
                coming = thread.submit(read, part)
                if waiting is not None:
                    yield waiting.result()
                waiting = coming
            if waiting is not None:
                yield waiting.result()


def _part(on_progress: OnProgress | None, before: int, size: int, total: int) -> OnProgress | None:
    """Map the progress of one group to the whole."""
    if on_progress is None:
        return None
    return lambda done, whole: on_progress(before + size * done // max(1, whole), total)
