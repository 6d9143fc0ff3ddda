"""Documents in, a context of at most so many tokens out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray
from ctxpipe.compress.select import blend
from ctxpipe.compress.select import pool as pooling
from ctxpipe.compress.select.budget import ENOUGH, check_size, priority, select
from ctxpipe.compress.select.frames import FRAME, Frames, has_frames, only
from ctxpipe.compress.select.keep import Keep
from ctxpipe.compress.select.pool import Sentences, Structure
from ctxpipe.compress.select.protection import MATCHED, Protection
from ctxpipe.compress.select.render import Pool, merge, render
from ctxpipe.compress.text.control import neutralise
from ctxpipe.compress.text.counting import Estimates, Tokenizer
from ctxpipe.compress.text.units import build_units
from ctxpipe.compress.types import CompressedContext, Document, OnStage, Ranker, Scorer, SourceInfo, Span
from ctxpipe.errors import UsageError

_POOL_WHOLE = 1.5
_POOL_PRUNED = 2.5
"""How many budgets of ranked sentences the selector sees when sentences stay whole, and when they are pruned."""
_CUT_FINELY = 3
SEPARATOR = "\n\n"
"""What stands between documents that are kept whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressor:
    """Chunk, rank, prune and select under one budget.

    Attributes:
        tokenizer: The target's; budgets count in it.
        ranker: Used when there is a question; None ranks nothing.
        scorer: Prunes inside sentences.
        rank, prune: Names of the two, for the record.
        keep: What is protected beside numbers, negations, addresses and names.
    """

    tokenizer: Tokenizer
    ranker: Ranker | None
    scorer: Scorer
    rank: str
    prune: str
    keep: Keep = field(default_factory=Keep)

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


class _Choice(NamedTuple):
    """What was kept of a pool: its tokens, and what to say of it."""

    pool: Pool
    kept: BoolArray
    tokens: int
    notes: tuple[str, ...]


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

    def run(self, budget: int | None, rate: float | None) -> CompressedContext:
        """Do it; exactly one of the two is given and has been checked."""
        with self._stage("count"):
            sources = self._sources()
        total = sum(source.tokens for source in sources)
        allowed = budget if budget is not None else max(1, math.floor((rate or 0.0) * total))
        if rate == 1 or total <= allowed:
            whole = self._whole(sources, allowed, force=rate == 1)
            if whole is not None:
                return whole
        with self._stage("chunk"):
            structures = [pooling.structure_of(document) for document in self.documents]
            found = self._sentences(structures, sources, total, allowed)
        ranked = self._ranked(found)
        with self._stage("prune"):
            found, pool = self._pooled(structures, ranked, total, allowed)
            scores = self._scored(pool, found)
        with self._stage("select"):
            choice = self._select(structures, found, pool, scores, allowed)
            if choice.tokens < allowed * ENOUGH and choice.tokens < total * ENOUGH:
                choice = self._cut_finely(structures, found, pool, scores, choice, allowed)
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

    def _whole(self, sources: tuple[SourceInfo, ...], budget: int, *, force: bool) -> CompressedContext | None:
        """Everything, when it fits; text and spans are the documents as they are."""
        held = [(i, d) for i, d in enumerate(self.documents) if d.text]
        text = neutralise(SEPARATOR.join(d.text for _, d in held), self.owner.tokenizer.special_strings)
        tokens = self.owner.tokenizer.count_long(text)
        if tokens > budget and not force:
            return None
        spans = tuple(Span(document=i, start=0, end=len(d.text)) for i, d in held)
        return self._result(text, spans, (), sources, tokens, max(budget, tokens))

    def _sentences(
        self, structures: Sequence[Structure], sources: Sequence[SourceInfo], total: int, budget: int
    ) -> Sentences:
        ratios = [max(0.25, s.characters / max(1, s.tokens)) for s in sources]
        passages = pooling.passages(self.documents, structures, ratios)
        if self.question and self.owner.ranker is not None:
            average = sum(s.characters for s in sources) / max(1, total)
            protected = self.protection.of_passages(passages)
            passages = pooling.shortlist(self.documents, passages, self.question, budget, average, protected)
        return pooling.sentences_of(self.documents, structures, passages)

    def _ranked(self, found: Sentences) -> Sentences:
        if not self.question or self.owner.ranker is None:
            return found
        with self._stage("rank"):
            progress = partial(self.on_stage, "rank")
            return pooling.rank(self.documents, found, self.owner.ranker, self.question, progress)

    def _pooled(
        self, structures: Sequence[Structure], ranked: Sentences, total: int, budget: int
    ) -> tuple[Sentences, Pool]:
        """The sentences that the selector sees, and their units: all, or the best few budgets' worth."""
        whole = self.owner.prune == "none"
        if ranked.score is None and not whole:
            return ranked, self._pool(structures, ranked, budget)
        wanted = (_POOL_WHOLE if whole else _POOL_PRUNED) * budget
        characters = wanted * sum(len(d.text) for d in self.documents) / max(1, total) + 2000
        protected = self.protection.of_segments(ranked)
        while True:
            found = pooling.best(ranked, characters, protected)
            pool = self._pool(structures, found, budget)
            # Characters a token differ between documents, so the average may have promised too much.
            if len(found.segments) == len(ranked.segments) or pool.units.cost.sum() >= min(wanted, 1.25 * budget):
                return found, pool
            characters *= 2

    def _scored(self, pool: Pool, found: Sentences) -> FloatArray:
        texts, members = blend.scoring_texts(pool, found)
        own = self.owner.scorer.score(texts, self.question, partial(self.on_stage, "prune"))
        return blend.unit_scores(pool, found, members, own)

    def _pool(
        self,
        structures: Sequence[Structure],
        found: Sentences,
        budget: int,
        fine: frozenset[int] = frozenset(),
        *,
        opened: bool = False,
    ) -> Pool:
        parts = []
        bounds = np.searchsorted(np.asarray(found.document), np.arange(len(self.documents) + 1))
        for index, document in enumerate(self.documents):
            first, last = int(bounds[index]), int(bounds[index + 1])
            if first == last and not has_frames(structures[index]):
                continue
            units = build_units(
                document,
                structures[index],
                found.segments[first:last],
                Estimates(tokenizer=self.owner.tokenizer),
                whole=budget,
                fine=frozenset(i - first for i in fine if first <= i < last),
                opened=opened,
                also=self.protection.spans[index],
            )
            parts.append((index, units, first))
        return merge(self.documents, parts)

    def _select(
        self, structures: Sequence[Structure], found: Sentences, pool: Pool, scores: FloatArray, budget: int
    ) -> _Choice:
        """Choose among the units of a pool, what is protected first."""
        tier = self.protection.tiers(pool, whole=self.owner.prune == "none")
        held = self.protection.forced(pool, found)
        notes: list[str] = []
        frames = Frames(pool, structures)
        if frames.fixed.any():
            allowed = frames.fitting(scores, budget, partial(self._count, pool))
            notes.append(frames.note(allowed, budget))
            if allowed is not None:
                pool, scores, tier, held = only(pool, allowed), scores[allowed], tier[allowed], held[allowed]
                tier = np.where(frames.fixed[allowed], FRAME, tier)
        if tier.any() or held.any():
            scores = blend.tiered(scores, pool.units, tier, held)
            held = held | (tier >= MATCHED)
        kept = select(scores, pool.units, budget, partial(self._count, pool), held)
        notes.append(self.protection.note(pool, kept, budget))
        return _Choice(pool, kept, self._count(pool, kept), tuple(filter(None, notes)))

    def _count(self, pool: Pool, kept: BoolArray) -> int:
        return self.owner.tokenizer.count(self._text(pool, kept)[0])

    def _cut_finely(
        self,
        structures: Sequence[Structure],
        found: Sentences,
        pool: Pool,
        scores: FloatArray,
        choice: _Choice,
        budget: int,
    ) -> _Choice:
        """Cut the first few segments that did not fit into small pieces, when nothing whole fills the budget.

        Rows, lines and short JSON strings stay whole unless none of anything fits.
        """
        spans = set(
            zip(choice.pool.owner[choice.kept].tolist(), choice.pool.units.start[choice.kept].tolist(), strict=True)
        )
        order = priority(scores, pool.units)
        places = zip(pool.owner[order].tolist(), pool.units.start[order].tolist(), strict=True)
        left = [index for index, place in zip(order.tolist(), places, strict=True) if place not in spans]
        waiting = pool.units.segment[np.asarray(left, dtype=np.int64)]
        fine = frozenset(list(dict.fromkeys(waiting[waiting >= 0].tolist()))[:_CUT_FINELY])
        finer = self._pool(structures, found, budget, fine, opened=choice.tokens == 0)
        if len(finer.units) == len(pool.units) or not fine:
            return choice
        again = self._select(structures, found, finer, blend.carried(pool, scores, finer, fine), budget)
        return again if again.tokens > choice.tokens else choice

    def _text(self, pool: Pool, kept: BoolArray) -> tuple[str, tuple[Span, ...]]:
        rendered = render(pool, kept)
        return neutralise(rendered.text, self.owner.tokenizer.special_strings), rendered.spans

    def _context(self, choice: _Choice, sources: tuple[SourceInfo, ...], budget: int) -> CompressedContext:
        pool = choice.pool
        text, spans = self._text(pool, choice.kept)
        shielded = np.flatnonzero(choice.kept & pool.units.protected)
        protected = tuple(
            Span(document=int(pool.owner[i]), start=int(pool.units.start[i]), end=int(pool.units.end[i]))
            for i in shielded
        )
        return self._result(text, spans, protected, sources, choice.tokens, budget, choice.notes)

    def _result(
        self,
        text: str,
        spans: tuple[Span, ...],
        protected: tuple[Span, ...],
        sources: tuple[SourceInfo, ...],
        tokens: int,
        budget: int,
        notes: tuple[str, ...] = (),
    ) -> CompressedContext:
        return CompressedContext(
            text=text,
            spans=spans,
            documents=self.documents,
            sources=sources,
            source_tokens=sum(source.tokens for source in sources),
            kept_tokens=tokens,
            budget=budget,
            question=self.question,
            rank=self.owner.rank if self.question else "none",
            prune=self.owner.prune,
            tokenizer=self.owner.tokenizer.name,
            protected=protected,
            timings=dict(self.timings),
            notes=notes,
        )
