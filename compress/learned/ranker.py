"""The learned ranking: the fusion and our cross-encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property, partial
from pathlib import Path
from typing import Self

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.compress.learned.cached import RememberingReader
from ctxpipe.compress.learned.files import PrunerFiles
from ctxpipe.compress.learned.links import Link, links
from ctxpipe.compress.learned.model import LearnedModel, PassageReader, checked_layout
from ctxpipe.compress.learned.passages import FOREIGN, GatheredPassage, gather, shares, sizes, titled
from ctxpipe.compress.learned.scores import Floats, added, placed, sentence_logits, shortlist
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.rank.resources import Effort, Embedder, Resources
from ctxpipe.compress.types import OnProgress, RankingText

FIRST_TOKENS: Mapping[Effort, int] = {"fast": 3_000, "default": 12_000, "high": 24_000}
"""Tokens of passages for the first pass, the best by the fusion, for each effort."""
SECOND_SHARE, SECOND_TOKENS = 0.35, 1_800
"""Share of them, and least number of tokens, for the second pass: the best so far."""
ONCE_TOKENS, ONCE_TITLES = 1_000, 3
"""A text of at most this many tokens with fewer titles gets one pass: it has no other article to lead to."""


class LearnedRanker:
    """Combines the fusion's score with the model's logits of a first and a second pass.

    In the first pass the model reads whole passages with the question and scores each sentence. In the second pass the
    best sentence is appended to the question, after its title, and the best passages are read again, unless the text is
    short and of one piece. Passages that a good sentence of another passage names are raised. Passages that are code,
    JSON, CSV or in another language than the training data keep the position that the fusion gives them.

    Args:
        model: Folder of a pruner; by default the package's.
        embedder: Embedder of the fusion; MiniLM-L6 by default.
        cache: The score cache.
        effort: How much of the text the model reads; None for the pipeline's.
        on_note: Called with a line if passages could not be read, or the cache file had to be replaced.
    """

    name = "learned"

    def __init__(
        self,
        *,
        model: Path | str | None = None,
        embedder: Embedder | None = None,
        cache: ScoreCache | None = None,
        effort: Effort | None = None,
        on_note: Callable[[str], None] | None = None,
    ) -> None:
        self._folder = model
        self._cache = cache
        self._effort = effort
        self._fusion = HybridRanker(embedder=embedder)
        self._on_note = on_note

    def with_resources(self, resources: Resources) -> Self:
        """A copy with embedder, cache, effort and notes, except those it was made with."""
        made = copy(self)
        made.__dict__.pop("model", None)  # it has no cache
        made._cache = self._cache or resources.cache
        made._effort = self._effort or resources.effort
        made._fusion = self._fusion.with_resources(resources)
        made._on_note = self._on_note or resources.on_note
        return made

    @cached_property
    def model(self) -> PassageReader:
        """What reads: the model, or the cache in front of it, which loads it when something is missing.

        Raises:
            ModelError: if it cannot be loaded.
        """
        load = partial(LearnedModel.load, self._folder)
        if self._cache is None:
            return load()
        files = PrunerFiles.describe(self._folder)
        return RememberingReader(load, files, checked_layout(files), self._cache, self._on_note)

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts; only the order matters.

        Raises:
            ModelError: if the model cannot be loaded.
        """
        if not texts:
            return np.zeros(0, dtype=np.float32)
        words = self.model.layout.words
        asked = self.model.layout.asked(question)
        fusion = self._fusion.rank(texts, question, on_progress)
        if not len(asked) or shares(asked, words).foreign >= FOREIGN:  # the other shares say little about so few tokens
            self._note("the question is not in a script that the learned ranking reads, so the fusion ranked alone")
            return fusion
        look = Look(self.model, texts, question, fusion.astype(np.float64), FIRST_TOKENS[self._effort or "default"])
        self._say(look.passages)
        # float32 rounds the lowest scores to equal ones only in very long documents.
        return look.ranked(on_progress).astype(np.float32)

    def _say(self, passages: Sequence[GatheredPassage]) -> None:
        left = sum(not passage.readable for passage in passages)
        if left:
            self._note(
                f"the fusion alone ranked {left:,} of {len(passages):,} passages: they are code, data or in a language "
                "that the learned ranking does not read"
            )

    def _note(self, line: str) -> None:
        if self._on_note is not None:
            self._on_note(line)


class Look:
    """One question and its sentences.

    Args:
        model: The model.
        texts: The sentences.
        question: The question.
        fusion: The fusion's scores of the sentences.
        tokens: Most tokens of passages for the first pass.
    """

    def __init__(
        self,
        model: PassageReader,
        texts: Sequence[RankingText],
        question: str,
        fusion: Floats,
        tokens: int = FIRST_TOKENS["default"],
    ) -> None:
        self.model = model
        self.texts = texts
        self.question = question
        self.fusion = fusion
        self.tokens = tokens
        self.passages = gather(texts, model.layout.words)
        self.size = sizes(self.passages, len(texts))

    def ranked(self, on_progress: OnProgress | None = None) -> Floats:
        """Scores of all sentences, finite."""
        files = self.model.files
        first = self.first(on_progress)
        named = self.links(first)
        near = added(self.fusion, first, None, files.near, self.size, named)
        second = self.second(near, on_progress) if files.weights.second else None
        total = added(self.fusion, first, second, files.weights, self.size, named)
        return placed(total, self.fusion, self.unread(first))

    def first(self, on_progress: OnProgress | None = None) -> Floats:
        """First pass: read the passages that the fusion ranks best.

        Returns:
            Logits of all sentences, NaN if not read.
        """
        chosen = shortlist(self.passages, self.fusion, self.tokens)
        asked = self.model.layout.asked(self.question)
        return self._read(asked, chosen, "question", on_progress)

    def links(self, first: Floats) -> list[Link]:
        """Links between the passages that were read."""
        return links(self.texts, [p for p in self.passages if self._was_read(p, first)])

    def second(self, near: Floats, on_progress: OnProgress | None = None) -> Floats | None:
        """Second pass: read the best passages so far with the best sentence.

        Args:
            near: Scores so far; NaN where nothing was read.
            on_progress: Called with tokens done and tokens in all.

        Returns:
            Logits of all sentences, NaN if not read; None without a sentence to append, or for a short text of one
            piece.
        """
        passages = [p for p in self.passages if self._was_read(p, near)]
        read = sum(len(p.body) for p in passages)
        titles = {self.texts[index].headings for p in passages for index in p.members}
        if not passages or (read <= ONCE_TOKENS and len(titles) < ONCE_TITLES):
            return None
        chosen = shortlist(self.passages, near, max(SECOND_TOKENS, round(SECOND_SHARE * read)))
        best = self.texts[int(np.nanargmax(near))]
        asked = self.model.layout.asked(again(self.question, best), again=True)
        return self._read(asked, chosen, "second", on_progress)

    def unread(self, logits: Floats) -> BoolArray:
        """Sentences that are readable but were not read because they rank too low."""
        below = np.zeros(len(self.texts), dtype=np.bool_)
        for passage in self.passages:
            if passage.readable and not self._was_read(passage, logits):
                below[list(passage.members)] = True
        return below

    @staticmethod
    def _was_read(passage: GatheredPassage, scores: Floats) -> bool:
        return not bool(np.isnan(scores[list(passage.members)]).all())

    def _read(self, asked: IntArray, chosen: Sequence[int], kind: str, on_progress: OnProgress | None) -> Floats:
        passages = [self.passages[index] for index in chosen]
        readings = self.model.read(asked, [passage.passage() for passage in passages], on_progress)
        weights = self.model.files.sentence[kind]
        return sentence_logits(passages, readings, len(self.texts), weights)


def again(question: str, sentence: RankingText) -> str:
    """The question of the second pass: the first one, then a found sentence after its title."""
    title = titled(sentence.headings)
    return f"{question} {title}. {sentence.text}" if title else f"{question} {sentence.text}"
