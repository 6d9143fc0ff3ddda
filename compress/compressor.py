"""Documents in, a context of at most so many tokens out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.select import blend
from ctxpipe.compress.select import pool as pooling
from ctxpipe.compress.select.budget import check_size
from ctxpipe.compress.select.choose import Choice, Chooser
from ctxpipe.compress.select.duplicates import duplicates, repetition
from ctxpipe.compress.select.exact import exact_bonus, named_bonus
from ctxpipe.compress.select.formats import Format, Labelled
from ctxpipe.compress.select.keep import Keep
from ctxpipe.compress.select.labels import labels
from ctxpipe.compress.select.pieces import Pieces, pieces_of
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.select.protection import Protection
from ctxpipe.compress.text.counting import Estimates, Tokenizer
from ctxpipe.compress.text.outline import Outline, outline
from ctxpipe.compress.types import CompressedContext, Document, OnStage, Ranker, Scorer, SourceInfo
from ctxpipe.errors import UsageError

_POOL_WHOLE = 2.0
_POOL_PRUNED = 2.5
"""How many budgets of ranked units the selector sees when units stay whole, and when they are pruned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressor:
    """Chunk, rank, prune and select under one budget.

    Attributes:
        tokenizer: The target's; budgets count in it.
        ranker: Used when there is a question; None ranks nothing.
        scorer: Prunes inside sentences.
        rank, prune: Names of the two, for the record.
        keep: What is protected beside numbers, negations, addresses and names.
        format: How excerpts are written.
        tree: Whether a tree of the documents' names stands before them, in at most a tenth of the budget.
    """

    tokenizer: Tokenizer
    ranker: Ranker | None
    scorer: Scorer
    rank: str
    prune: str
    keep: Keep = field(default_factory=Keep)
    format: Format = field(default_factory=Labelled)
    tree: bool = False

    def compress(
        self,
        documents: Sequence[Document],
        *,
        question: str | None = None,
        budget: int | None = None,
        rate: float | None = None,
        on_stage: OnStage | None = None,
    ) -> CompressedContext:
        """Keep what matters most, in at most ``budget`` tokens.

        Args:
            documents: In the order in which they should be read.
            question: What will be asked; without one nothing is ranked.
            budget: Most tokens, or
            rate: Share of the source's tokens, above 0 and at most 1.
            on_stage: Called as work goes on.

        Raises:
            UsageError: for a budget below 1, a rate outside (0, 1], both or neither, or no documents.
        """
        check_size(budget, rate)
        if not documents:
            raise UsageError("there is no document to compress")
        return Job(self, tuple(documents), question or None, on_stage or _nothing).run(budget, rate)


def _nothing(stage: str, done: int, total: int) -> None:
    return None


class Job:
    """One compression: its documents, what is known of them so far, and the time each stage took."""

    def __init__(
        self, owner: Compressor, documents: tuple[Document, ...], question: str | None, on_stage: OnStage
    ) -> None:
        self.owner = owner
        self.documents = documents
        self.question = question
        self.on_stage = on_stage
        self.timings: dict[str, float] = {}
        self.protection = Protection(documents, owner.keep)
        whole = owner.prune == "none"
        self.chooser = Chooser(documents, owner.tokenizer, owner.format, self.protection, whole=whole, tree=owner.tree)
        self.notes: list[str] = []

    def run(self, budget: int | None, rate: float | None) -> CompressedContext:
        """Do it; exactly one of the two is given and has been checked."""
        with self._stage("count"):
            sources = self._sources()
        total = sum(source.tokens for source in sources)
        allowed = budget if budget is not None else max(1, math.floor((rate or 0.0) * total))
        if rate == 1 or total <= allowed:
            whole = self.chooser.everything(allowed, force=rate == 1)
            if whole is not None:
                return self._context(whole, sources, max(allowed, whole.tokens))
        with self._stage("chunk"):
            outlines = [outline(document) for document in self.documents]
            candidates = self._candidates(outlines, sources, total, allowed)
        ranked = self._distinct(self._ranked(candidates))
        with self._stage("prune"):
            candidates, pieces = self._pooled(outlines, ranked, total, allowed)
            scores = self._scored(pieces, candidates)
        with self._stage("select"):
            choice = self.chooser.best(self.question or "", outlines, candidates, pieces, scores, allowed)
        return self._context(choice, sources, allowed)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        self.on_stage(name, 0, 0)
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started

    def _sources(self) -> tuple[SourceInfo, ...]:
        result = []
        for index, document in enumerate(self.documents):
            self.on_stage("count", index, len(self.documents))
            tokens = self.owner.tokenizer.count_long(document.text)
            result.append(
                SourceInfo(source=document.source, kind=document.kind, characters=len(document.text), tokens=tokens)
            )
        return tuple(result)

    def _candidates(
        self, outlines: Sequence[Outline], sources: Sequence[SourceInfo], total: int, budget: int
    ) -> Candidates:
        ratios = [max(0.25, s.characters / max(1, s.tokens)) for s in sources]
        passages = pooling.passages_of(self.documents, outlines, ratios)
        if self.question and self.owner.ranker is not None:
            average = sum(s.characters for s in sources) / max(1, total)
            protected = self.protection.of_passages(passages)
            passages = pooling.shortlist(self.documents, passages, self.question, budget, average, protected)
        return pooling.candidates_of(outlines, passages)

    def _ranked(self, candidates: Candidates) -> Candidates:
        if not self.question or self.owner.ranker is None or not candidates.units:
            return candidates
        with self._stage("rank"):
            progress = partial(self.on_stage, "rank")
            ranked = pooling.rank(self.documents, candidates, self.owner.ranker, self.question, progress)
            bonus = self._bonus(self.question, ranked)
            return pooling.adjusted(ranked, bonus, repetition(self.documents, ranked, bonus))

    def _bonus(self, question: str, ranked: Candidates) -> FloatArray | None:
        """What exact rare words, and names of what units stand under, add to their scores."""
        names = labels(self.documents)
        texts = [self.documents[d].text[u.start : u.end] for u, d in zip(ranked.units, ranked.document, strict=True)]
        trails = [
            (names[d], *ranked.passages[p].headings) for d, p in zip(ranked.document, ranked.passage, strict=True)
        ]
        parts = [exact_bonus(question, texts, [" ".join(trail) for trail in trails]), named_bonus(question, trails)]
        given = [part for part in parts if part is not None]
        return np.sum(given, axis=0) if given else None

    def _distinct(self, candidates: Candidates) -> Candidates:
        """Without what is said twice."""
        repeated = duplicates(self.documents, candidates)
        protected = self.protection.of_candidates(candidates)
        if protected is not None:
            repeated &= ~protected
        count = int(repeated.sum())
        if not count:
            return candidates
        self.notes.append(f"{count:,} repeated sentences or rows were kept once")
        return candidates.subset(np.flatnonzero(~repeated).tolist())

    def _pooled(
        self, outlines: Sequence[Outline], ranked: Candidates, total: int, budget: int
    ) -> tuple[Candidates, Pieces]:
        """The units that the selector sees, and their pieces: all, or the best few budgets' worth."""
        whole = self.owner.prune == "none"
        estimates = Estimates(tokenizer=self.owner.tokenizer)
        made = partial(pieces_of, self.documents, outlines, tokenizer=estimates, cut=not whole)
        if ranked.score is None and not whole:
            return ranked, made(ranked)
        wanted = (_POOL_WHOLE if whole else _POOL_PRUNED) * budget
        characters = wanted * sum(len(d.text) for d in self.documents) / max(1, total) + 2000
        protected = self.protection.of_candidates(ranked)
        while True:
            candidates = pooling.best(ranked, characters, protected)
            pieces = made(candidates)
            # Characters a token differ between documents, so the average may have promised too much.
            if len(candidates.units) == len(ranked.units) or pieces.cost.sum() >= min(wanted, 1.25 * budget):
                return candidates, pieces
            characters *= 2

    def _scored(self, pieces: Pieces, candidates: Candidates) -> FloatArray:
        texts, members = blend.scoring_texts(pieces, candidates)
        own = self.owner.scorer.score(texts, self.question, partial(self.on_stage, "prune"))
        return blend.piece_scores(pieces, candidates, members, own)

    def _context(self, choice: Choice, sources: tuple[SourceInfo, ...], budget: int) -> CompressedContext:
        return CompressedContext(
            text=choice.rendered.text,
            spans=choice.rendered.spans,
            documents=self.documents,
            sources=sources,
            source_tokens=sum(source.tokens for source in sources),
            kept_tokens=choice.tokens,
            budget=budget,
            question=self.question,
            rank=self.owner.rank if self.question else "none",
            prune=self.owner.prune,
            tokenizer=self.owner.tokenizer.name,
            protected=choice.protected,
            excerpts=choice.rendered.excerpts,
            frames=choice.rendered.frames,
            timings=dict(self.timings),
            notes=(*self.notes, *choice.notes),
        )
