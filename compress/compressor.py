"""Documents in, a context of at most so many tokens out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.find.shortlist import shortlist, spread_out
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.prepare.prepared import Prepared
from ctxpipe.compress.rank.resources import Effort, Embedder
from ctxpipe.compress.select import blend
from ctxpipe.compress.select import pool as pooling
from ctxpipe.compress.select.bonus import bonus, leads
from ctxpipe.compress.select.budget import check_size
from ctxpipe.compress.select.choose import Chooser, Selection
from ctxpipe.compress.select.cohesion import cohesive
from ctxpipe.compress.select.duplicates import distinct, repetition
from ctxpipe.compress.select.formats import Format, Labelled
from ctxpipe.compress.select.keep import Keep
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.select.pooled import pooled
from ctxpipe.compress.select.protection import Protection
from ctxpipe.compress.stages import Stages
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.types import CompressedContext, Document, OnProgress, OnStage, Ranker, Scorer, SourceInfo
from ctxpipe.errors import UsageError

LONG = 4_000_000
"""Characters of documents that hardly fit any budget, so that their structure is needed whatever they count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressor:
    """Find, rank, prune and select under one budget.

    Attributes:
        tokenizer: The target's; budgets count in it.
        ranker: Used when there is a question; None ranks nothing.
        unasked: The ranker used without a question; None keeps the beginning.
        scorer: Prunes inside sentences.
        rank, unasked_rank, prune: Their names, for the record.
        embedder: Embeds the question for a search of passages that have vectors; None searches by words alone.
        effort: How much is ranked; see ``shortlist``.
        keep: What is protected beside numbers, negations, addresses and names.
        format: How excerpts are written.
        tree: Whether a tree of the documents' names stands before them, in at most a tenth of the budget.
        marks: Whether the context says which of its pieces are protected; to find them takes time.
    """

    tokenizer: Tokenizer
    ranker: Ranker | None
    scorer: Scorer
    rank: str
    prune: str
    unasked: Ranker | None = None
    unasked_rank: str = "none"
    embedder: Embedder | None = None
    effort: Effort = "default"
    keep: Keep = field(default_factory=Keep)
    format: Format = field(default_factory=Labelled)
    tree: bool = False
    marks: bool = True

    def compress(
        self,
        documents: Sequence[Document | Prepared] | Collection,
        *,
        question: str | None = None,
        budget: int | None = None,
        rate: float | None = None,
        on_stage: OnStage | None = None,
    ) -> CompressedContext:
        """Keep what matters most, in at most ``budget`` tokens.

        Args:
            documents: In the order in which they should be read.
            question: What will be asked; without one, ``unasked`` ranks.
            budget: Most tokens; this or ``rate``.
            rate: Share of the source's tokens, above 0 and at most 1.
            on_stage: Called as work goes on.

        Raises:
            UsageError: for a budget below 1, a rate outside (0, 1], both or neither, or no documents.
        """
        check_size(budget, rate)
        collection = documents if isinstance(documents, Collection) else Collection.of(documents)
        if not collection.prepared:
            raise UsageError("there is no document to compress")
        stages = Stages(on_stage)
        sources = self._counted(collection, stages)
        total = sum(source.tokens for source in sources)
        allowed = budget if budget is not None else max(1, math.floor((rate or 0.0) * total))
        protection = Protection(collection.documents, self.keep)
        chooser = Chooser(
            collection,
            self.tokenizer,
            self.format,
            protection,
            whole=self._whole,
            tree=self.tree,
            marks=self.marks,
        )
        notes: list[str] = []
        selection = None
        if rate == 1 or total <= allowed:
            selection = chooser.everything(allowed, force=rate == 1)
            allowed = max(allowed, selection.tokens) if selection else allowed
        if selection is None:
            with stages.stage("chunk") as progress:
                collection.prepare(progress)
            selection, notes = self._ask(collection, question or None, total, allowed, chooser, stages)
        return self._context(collection, selection, sources, question or None, allowed, notes, stages)

    def _counted(self, collection: Collection, stages: Stages) -> tuple[SourceInfo, ...]:
        """The size of each document. The structure of long ones is found meanwhile, which keeps another core busy."""
        if collection.new_characters < LONG:
            with stages.stage("count") as progress:
                return collection.sources(self.tokenizer, progress)
        with collection.counting(self.tokenizer) as sizes:
            with stages.stage("chunk") as progress:
                collection.find_structure(progress)
            with stages.stage("count"):
                return sizes()

    @property
    def _whole(self) -> bool:
        """Whether sentences stay whole."""
        return self.prune == "none"

    def _ask(
        self,
        collection: Collection,
        question: str | None,
        total: int,
        budget: int,
        chooser: Chooser,
        stages: Stages,
    ) -> tuple[Selection, list[str]]:
        protection = chooser.protection
        with stages.stage("find"):
            chosen = self._found(collection, question, total, budget, protection)
            candidates = pooling.candidates_of(collection.outlines, collection.chunks(chosen))
        ranker = self.ranker if question else self.unasked
        if ranker is not None and candidates.units:
            with stages.stage("rank") as progress:
                room = budget * collection.characters / max(1, total)
                # A corpus that is not searched gives what its paths give, which have no vectors.
                searched = question and len(chosen) < len(collection.passages.start)
                embeds = searched and self.embedder is not None
                vectors = collection.sentence_vectors(chosen) if embeds else {}
                candidates = self._ranked(collection, candidates, ranker, question or "", progress, room, vectors)
        candidates, note = distinct(collection.documents, candidates, protection.of_candidates(candidates))
        with stages.stage("prune") as progress:
            candidates, pieces = pooled(
                collection,
                candidates,
                self.tokenizer,
                budget=budget,
                characters_per_token=collection.characters / max(1, total),
                protected=protection.of_candidates(candidates),
                whole=self._whole,
            )
            texts, members = blend.scoring_texts(pieces, candidates)
            scores = blend.piece_scores(pieces, candidates, members, self.scorer.score(texts, question, progress))
        with stages.stage("select"):
            return chooser.best(question or "", candidates, pieces, scores, budget), [note] if note else []

    def _found(
        self, collection: Collection, question: str | None, total: int, budget: int, protection: Protection
    ) -> IntArray:
        average = collection.characters / max(1, total)
        if question and self.ranker is not None:
            protected = protection.of_passages(collection.passages)
            return shortlist(collection, question, budget, average, protected, self.embedder, self.effort)
        if not question and self.unasked is not None:
            return spread_out(collection, budget, average, protection.of_passages(collection.passages))
        return np.arange(len(collection.passages.start))

    def _ranked(
        self,
        collection: Collection,
        candidates: Candidates,
        ranker: Ranker,
        question: str,
        progress: OnProgress,
        room: float,
        vectors: Mapping[int, FloatArray],
    ) -> Candidates:
        documents = collection.documents
        ranked = pooling.rank(documents, candidates, ranker, question, progress, vectors)
        added: FloatArray | None = bonus(documents, collection.outlines, ranked, question) if question else None
        before = leads(documents, ranked, question) if question else None
        adjusted = pooling.adjusted(ranked, added, repetition(documents, ranked, added, before))
        return replace(adjusted, score=cohesive(documents, collection.outlines, adjusted, room))

    def _context(
        self,
        collection: Collection,
        selection: Selection,
        sources: tuple[SourceInfo, ...],
        question: str | None,
        budget: int,
        notes: Sequence[str],
        stages: Stages,
    ) -> CompressedContext:
        return CompressedContext(
            text=selection.rendered.text,
            spans=selection.rendered.spans,
            documents=collection.documents,
            sources=sources,
            source_tokens=sum(source.tokens for source in sources),
            kept_tokens=selection.tokens,
            budget=budget,
            question=question,
            rank=self.rank if question else self.unasked_rank,
            prune=self.prune,
            tokenizer=self.tokenizer.name,
            protected=selection.protected,
            excerpts=selection.rendered.excerpts,
            frames=selection.rendered.frames,
            timings=dict(stages.timings),
            notes=(*notes, *selection.notes),
        )
