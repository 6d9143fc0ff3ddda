"""Ranking by the trained pruner and the fusion together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ctxpipe.compress.embedding import Embedder
from ctxpipe.compress.hybrid import HybridRanker
from ctxpipe.compress.learned.model import LearnedModel
from ctxpipe.compress.learned.passages import FOREIGN, Gathered, gather, shares, titled
from ctxpipe.compress.learned.scores import Floats, added, placed, sentence_logits, shortlist
from ctxpipe.compress.types import BoolArray, FloatArray, IntArray, OnProgress, RankingText

FIRST_TOKENS = 24_000
"""Tokens of passages that are read with the question: the best by the fusion."""
SECOND_SHARE, SECOND_TOKENS = 0.35, 1_000
"""Share of these that is read again with each found sentence, and how many tokens at least: the best so far."""


class LearnedRanker:
    """The fusion's score of a sentence, the model's for the question, and its for the question with what was found.

    The model reads whole passages and says of each sentence how likely it is to be wanted. Then the best sentences are
    each appended to the question, after their title, and the best passages are read again. Passages that are code,
    JSON, CSV or in another language than the model was trained on keep the place that the fusion gives them.

    Args:
        model: Folder of another pruner than the package's.
        embedder: For the fusion; MiniLM-L6 unless given.
        on_note: Called with a line when passages could not be read.
    """

    name = "learned"

    def __init__(
        self,
        *,
        model: Path | str | None = None,
        embedder: Embedder | None = None,
        on_note: Callable[[str], None] | None = None,
    ) -> None:
        self._folder = model
        self._fusion = HybridRanker(embedder=embedder)
        self._on_note = on_note

    @cached_property
    def model(self) -> LearnedModel:
        """The model, loaded when first needed.

        Raises:
            ModelError: when it cannot be loaded.
        """
        return LearnedModel.load(self._folder)

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts; only the order means anything.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        if not texts:
            return np.zeros(0, dtype=np.float32)
        words = self.model.layout.words
        asked = self.model.layout.asked(question)
        fusion = self._fusion.rank(texts, question, on_progress)
        if not len(asked) or shares(asked, words).foreign >= FOREIGN:  # the others say little of so few tokens
            self._note("the question is not in a script that the learned ranking reads, so the fusion ranked alone")
            return fusion
        look = Look(self.model, texts, question, fusion.astype(np.float64))
        self._say(look.passages)
        # float32 would round what stands below the rest to equal scores only when it is very long.
        return look.ranked(on_progress).astype(np.float32)

    def _say(self, passages: Sequence[Gathered]) -> None:
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
        model: What reads.
        texts: The sentences.
        question: The question.
        fusion: Their scores by the fusion.
    """

    def __init__(self, model: LearnedModel, texts: Sequence[RankingText], question: str, fusion: Floats) -> None:
        self.model = model
        self.texts = texts
        self.question = question
        self.fusion = fusion
        self.passages = gather(texts, model.layout.words)
        self.weights = model.files.weights

    def ranked(self, on_progress: OnProgress | None = None) -> Floats:
        """Scores of all sentences, finite."""
        first = self.first(on_progress)
        near = added(self.fusion, first, None, self.weights)
        again = self.second(near, self.weights.seeds, on_progress)
        second = np.fmax.reduce(again) if again else None
        total = added(self.fusion, first, second, self.weights)
        return placed(total, self.fusion, self.unread(first))

    def first(self, on_progress: OnProgress | None = None) -> Floats:
        """Read with the question what the fusion puts first.

        Returns:
            Logits of all sentences, NaN where nothing was read.
        """
        chosen = shortlist(self.passages, self.fusion, FIRST_TOKENS)
        asked = self.model.layout.asked(self.question)
        return self._read(asked, chosen, "question", on_progress)

    def second(self, near: Floats, seeds: int, on_progress: OnProgress | None = None) -> list[Floats]:
        """Read again with each of the best sentences what is best so far.

        Args:
            near: Scores so far; NaN where nothing was read.
            seeds: How many sentences to ask with, each of another passage.
            on_progress: Called with tokens done and tokens in all, for each seed.

        Returns:
            For each found sentence the logits of all sentences, NaN where nothing was read.
        """
        read = sum(len(p.body) for p in self.passages if not np.isnan(near[list(p.members)]).all())
        chosen = shortlist(self.passages, near, max(SECOND_TOKENS, round(SECOND_SHARE * read)))
        found = []
        for seed in self.seeds(near, seeds):
            asked = self.model.layout.asked(again(self.question, self.texts[seed]), again=True)
            found.append(self._read(asked, chosen, "second", on_progress))
        return found

    def seeds(self, near: Floats, count: int) -> list[int]:
        """The best sentences, at most one of each passage."""
        place = {member: index for index, passage in enumerate(self.passages) for member in passage.members}
        found: dict[int, int] = {}
        for sentence in np.argsort(-np.where(np.isnan(near), -np.inf, near), kind="stable").tolist():
            if len(found) >= count or np.isnan(near[sentence]):
                break
            found.setdefault(place[sentence], sentence)
        return list(found.values())

    def unread(self, logits: Floats) -> BoolArray:
        """Which sentences could have been read and were not worth it."""
        below = np.zeros(len(self.texts), dtype=np.bool_)
        for passage in self.passages:
            if passage.readable and np.isnan(logits[list(passage.members)]).all():
                below[list(passage.members)] = True
        return below

    def _read(self, asked: IntArray, chosen: Sequence[int], kind: str, on_progress: OnProgress | None) -> Floats:
        passages = [self.passages[index] for index in chosen]
        readings = self.model.read(asked, [passage.passage() for passage in passages], on_progress)
        weights = self.model.files.sentence[kind]
        return sentence_logits(passages, readings, len(self.texts), weights)


def again(question: str, found: RankingText) -> str:
    """The question of the second pass: the first one, then a found sentence after its title."""
    title = titled(found.headings)
    return f"{question} {title}. {found.text}" if title else f"{question} {found.text}"
