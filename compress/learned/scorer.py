"""Our cross-encoder as a scorer: the logit that each token is needed for the question, or for any question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ctxpipe.compress.learned.files import PrunerFiles
from ctxpipe.compress.learned.model import LearnedModel, PassageTokens
from ctxpipe.compress.learned.passages import FOREIGN, readable, shares, titled
from ctxpipe.compress.prune.per_unit import ByTokens
from ctxpipe.compress.types import Identity, OnProgress, ScoringText, TokenScores

NOTHING_KNOWN = -2.0
"""Logit of every token of a text that the model cannot read: about the average share of needed tokens, so that such
texts are neither preferred nor dropped for that reason."""


class LearnedScorer(ByTokens):
    """Mean keep logit of the tokens of a unit, from our cross-encoder.

    It reads the question with each passage. Without a question it predicts what questions usually ask for. Texts in
    unknown languages, code and data get the same logit for all tokens, so that the ranking decides.

    Args:
        model: Folder of a pruner; by default the package's.
    """

    name = "learned"

    def __init__(self, *, model: Path | str | None = None) -> None:
        self._folder = model

    @cached_property
    def files(self) -> PrunerFiles:
        """The pruner's files and manifest.

        Raises:
            ModelError: if there is none.
        """
        return PrunerFiles.describe(self._folder)

    @cached_property
    def model(self) -> LearnedModel:
        """The model, loaded when first needed.

        Raises:
            ModelError: if it cannot be loaded.
        """
        return LearnedModel.load(self._folder)

    def identity(self) -> Identity | None:
        """What makes its scores; told without loading weights."""
        return Identity(scorer=self.name, revision=self.files.revision, dtype="int8", asks=True)

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        """Keep logit of each token, without a question by what is usually asked for. Progress counts tokens."""
        layout = self.model.layout
        encoded = layout.words.encode([text.text for text in texts])
        titles = layout.words.encode([titled(text.headings) for text in texts])
        asked = layout.asked(question or "")
        trusted = shares(asked, layout.words).foreign < FOREIGN
        known = [
            index for index, text_tokens in enumerate(encoded) if trusted and readable(text_tokens.ids, layout.words)
        ]
        passages = [PassageTokens(titles[index].ids, encoded[index].ids) for index in known]
        values = [np.full(len(text_tokens.ids), NOTHING_KNOWN, dtype=np.float32) for text_tokens in encoded]
        for index, reading in zip(known, self.model.read(asked, passages, on_progress), strict=True):
            values[index] = reading.keep
        return [
            TokenScores(start=text_tokens.start, end=np.maximum.accumulate(text_tokens.end), values=value)
            for text_tokens, value in zip(encoded, values, strict=True)
        ]
