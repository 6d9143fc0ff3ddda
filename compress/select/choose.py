"""From scored pieces to a written context: what is kept, with shorter labels, chains or clauses where nothing fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.select import blend
from ctxpipe.compress.select.budget import ordered, select
from ctxpipe.compress.select.formats import Format, Fragment, Written
from ctxpipe.compress.select.labels import labels
from ctxpipe.compress.select.pieces import Pieces, pieces_of
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.select.protection import Protection
from ctxpipe.compress.select.render import Layout, Rendered, render, write
from ctxpipe.compress.select.squeeze import narrowed, squeeze
from ctxpipe.compress.select.tree import SHARE, tree_of
from ctxpipe.compress.text.counting import Estimates, Tokenizer
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import Document, Span

_NARROW = "the budget of {:,} tokens has no room for a whole row, so what was kept is cut and marked"
MATCHED, AROUND, NOISE = 2, 1, -1
"""Tiers of what matches a pattern to keep, of the rest of its sentence, and of what is chosen last."""


class Selection(NamedTuple):
    """What was kept: its text and tokens, the protected pieces of it, and what to say of it."""

    rendered: Rendered
    tokens: int
    protected: tuple[Span, ...] = ()
    notes: tuple[str, ...] = ()


class Chooser:
    """Chooses and writes what is kept of some documents.

    Args:
        collection: The documents.
        tokenizer: Counts.
        format: How excerpts are written.
        protection: What must come first.
        whole: Whether units stay whole.
        tree: Whether a tree of the documents' names stands before them.
        marks: Whether the protected pieces of what was kept are found.
    """

    def __init__(
        self,
        collection: Collection,
        tokenizer: Tokenizer,
        format: Format,
        protection: Protection,
        *,
        whole: bool,
        tree: bool = False,
        marks: bool = True,
    ) -> None:
        self.collection = collection
        self.documents = collection.documents
        self.tokenizer = tokenizer
        self.format = format
        self.protection = protection
        self.whole = whole
        self.tree = tree
        self.marks = marks

    def _layout(self, *, short: bool = False, tree: Written | None = None) -> Layout:
        """How the context is written; a single plain document needs no label."""
        needed = len(self.documents) > 1 or any(document.page_starts for document in self.documents)
        names = labels(self.documents, short=short) if needed else [""] * len(self.documents)
        return Layout(self.format, names, self.tokenizer.special_strings, tree)

    def _tree(self, budget: int) -> Written | None:
        """The tree of the documents, in its share of the budget."""
        if not self.tree:
            return None
        return tree_of(labels(self.documents), lambda text: self.tokenizer.count(text) <= SHARE * budget)

    def everything(self, budget: int, *, force: bool) -> Selection | None:
        """Everything, when it fits; the excerpts are the documents or their pages as they are."""
        layout = self._layout(tree=self._tree(budget))
        written = [
            Written(layout.labels[index], index, (page, page) if page else (), (), (Fragment(text, index, start),))
            for index, document in enumerate(self.documents)
            for page, start, text in _pages(document)
        ]
        rendered = write(self.documents, written, layout)
        tokens = self.tokenizer.count_long(rendered.text)
        if tokens > budget and not force:
            return None
        # A document that is kept whole is one stretch, its outer whitespace included.
        held = [index for index, document in enumerate(self.documents) if document.text]
        spans = tuple(Span(document=i, start=0, end=len(self.documents[i].text)) for i in held)
        note = self._tree_note(layout, budget)
        return Selection(rendered._replace(spans=spans), tokens, (), (note,) if note else ())

    def best(self, question: str, candidates: Candidates, pieces: Pieces, scores: FloatArray, budget: int) -> Selection:
        """Choose among pieces, what is protected first; with shorter labels, chains or clauses where nothing fits."""
        matched = self.protection.matched(pieces)
        held = self.protection.forced(pieces, candidates)
        tier = self._tiers(pieces, matched)
        if tier.any() or held.any():
            scores = blend.tiered(scores, pieces, tier, held)
            held = held | (tier >= MATCHED)
        # What was asked for by name is taken for its own sake, even a heading.
        pieces = replace(pieces, bare=pieces.bare & ~(matched & (pieces.candidate >= 0)))
        trails = [
            self.collection.outlines[d].trail(u) for d, u in zip(pieces.owner.tolist(), pieces.units, strict=True)
        ]
        tree = self._tree(budget)
        # Noise alone is no answer where something else could be shortened to fit.
        says = (tier != NOISE) | (tier == NOISE).all()
        for short in (False, True):
            layout = self._layout(short=short, tree=None if short else tree)
            count = partial(self._count, pieces, trails, layout)
            kept = select(scores, pieces, budget, count, self._label_costs(layout), held=held, last=tier == NOISE)
            asked = question and self.whole and not held.any()
            if kept.any() and asked and (narrow := self._narrow(question, pieces, scores, kept, layout, budget)):
                return narrow
            if (kept & says).any():
                rendered = render(pieces, kept, trails, layout)
                protected = tuple(_protected(pieces, kept)) if self.marks else ()
                notes = [self.protection.note(pieces, kept, budget), self._tree_note(layout, budget)]
                return Selection(rendered, self._tokens(rendered), protected, tuple(filter(None, notes)))
        return self._squeezed(question, candidates, pieces, scores, budget)

    def _narrow(
        self, question: str, pieces: Pieces, scores: FloatArray, kept: BoolArray, layout: Layout, budget: int
    ) -> Selection | None:
        """The best row of a wide table in some of its columns, where neither it nor another row has room as a whole."""
        order = ordered(scores, pieces)
        if pieces.units[order[0]].kind != "row" or kept[order[0]]:
            return None

        def fits(written: Written) -> bool:
            return self._tokens(write(self.documents, [written], layout)) <= budget

        found = narrowed(pieces, int(order[0]), layout.labels, question, fits)
        if found is None:
            return None
        rendered = write(self.documents, [found.written], layout)
        return Selection(rendered, self._tokens(rendered), (), (_NARROW.format(budget),))

    def _tree_note(self, layout: Layout, budget: int) -> str:
        missing = self.tree and layout.tree is None and len(self.documents) > 1
        return f"the budget of {budget:,} tokens has no room for the tree of files" if missing else ""

    def _label_costs(self, layout: Layout) -> list[int]:
        """Tokens of each document's label, about."""
        lines = [f"[{name}, p. 99]\n\n" if name else "" for name in layout.labels]
        costs: list[int] = self.tokenizer.count_many(lines).tolist()
        return costs

    def _squeezed(
        self, question: str, candidates: Candidates, pieces: Pieces, scores: FloatArray, budget: int
    ) -> Selection:
        """The best unit with a shortened chain, or a clause of it; nothing where that would not be true."""
        layout = self._layout(short=True)
        if not self.whole:
            best = np.full(len(candidates.units) + 1, -np.inf, dtype=np.float32)
            np.maximum.at(best, pieces.candidate, scores)
            estimates = Estimates(tokenizer=self.tokenizer)
            pieces = pieces_of(self.documents, self.collection.outlines, candidates, estimates, cut=False)
            scores = np.where(pieces.candidate >= 0, best[pieces.candidate], np.float32(-np.inf))

        def rendered(written: Written) -> Rendered:
            return write(self.documents, [written], layout)

        order = ordered(scores, pieces)
        squeezed = squeeze(
            pieces,
            order,
            layout.labels,
            question,
            lambda written: self._tokens(rendered(written)) <= budget,
        )
        if squeezed is None:
            note = f"the budget of {budget:,} tokens is too small to say anything true, so nothing was kept"
            return Selection(Rendered("", (), (), ()), 0, (), (note,))
        text = rendered(squeezed.written)
        note = f"the budget of {budget:,} tokens has no room for anything whole, so what was kept is cut and marked"
        return Selection(text, self._tokens(text), (), (note,))

    def _tiers(self, pieces: Pieces, matched: BoolArray) -> IntArray:
        around = np.zeros(len(pieces), dtype=np.bool_)
        if self.whole and matched.any():
            around = (pieces.candidate >= 0) & np.isin(pieces.candidate, pieces.candidate[matched])
        prepared = self.collection.prepared
        noise = np.array(
            [unit.noise or prepared[d].is_noise for unit, d in zip(pieces.units, pieces.owner.tolist(), strict=True)],
            dtype=np.bool_,
        )
        return np.where(matched, MATCHED, np.where(around, AROUND, np.where(noise, NOISE, 0)))

    def _count(self, pieces: Pieces, trails: Sequence[tuple[str, ...]], layout: Layout, kept: BoolArray) -> int:
        return self._tokens(render(pieces, kept, trails, layout))

    def _tokens(self, rendered: Rendered) -> int:
        return self.tokenizer.count(rendered.text)


def _pages(document: Document) -> Iterator[tuple[int, int, str]]:
    """Page number (0 where there are none), start and text of each page that has any."""
    starts = document.page_starts
    if not starts:
        if document.text:
            yield 0, 0, document.text
        return
    for page, (start, end) in enumerate(zip(starts, [*starts[1:], len(document.text)], strict=True), start=1):
        text = document.text[start:end]
        left = len(text) - len(text.lstrip())
        if text.strip():
            yield page, start + left, text.strip()


def _protected(pieces: Pieces, kept: BoolArray) -> Iterator[Span]:
    """What no pruner may take apart: numbers, negations and names, and rows, lines and members as a whole."""
    for index in np.flatnonzero(kept).tolist():
        document, start, end = int(pieces.owner[index]), int(pieces.start[index]), int(pieces.end[index])
        if pieces.protected[index]:
            yield Span(document=document, start=start, end=end)
        elif (start, end) == (pieces.units[index].start, pieces.units[index].end):
            for word in words(pieces.documents[document].text, start, end):
                if word.protected:
                    yield Span(document=document, start=word.start, end=word.end)
