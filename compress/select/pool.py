"""Which sentences the selector gets to see: all of them, or what ranking leaves."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray
from ctxpipe.compress.rank.bm25 import bm25
from ctxpipe.compress.text import json_tree
from ctxpipe.compress.text.chat import mark_frames
from ctxpipe.compress.text.chunk import chunks
from ctxpipe.compress.text.structure import Outline, Segment, outline, segments
from ctxpipe.compress.types import Chunk, Document, OnProgress, Ranker, RankingText

PASSAGE_TOKENS = 200
"""Size of a passage, within the 256 tokens that MiniLM reads."""
SHORTLIST_BUDGETS = 10
SHORTLIST_TOKENS = 49_152
"""Passages beyond the larger of these (in budgets, in tokens) are ranked by BM25 alone and not embedded."""

Structure = Outline | list[json_tree.Node]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """Segments of all documents, in order, with where they belong.

    Attributes:
        segments: The segments.
        document: Index of the document of each.
        chunk: Index of the passage of each, into ``chunks``.
        chunks: The passages.
        score: float32 of shape (n,), higher is more relevant; None when nothing was ranked.
    """

    segments: Sequence[Segment]
    document: Sequence[int]
    chunk: Sequence[int]
    chunks: Sequence[Chunk]
    score: FloatArray | None = None

    def subset(self, index: Sequence[int]) -> Sentences:
        """The segments at ``index``, which ascends."""
        return Sentences(
            segments=[self.segments[i] for i in index],
            document=[self.document[i] for i in index],
            chunk=[self.chunk[i] for i in index],
            chunks=self.chunks,
            score=None if self.score is None else self.score[np.asarray(index, dtype=np.int64)],
        )


def structure_of(document: Document) -> Structure:
    """The document's outline, or its nodes when it is valid JSON."""
    if document.kind == "json" and json_tree.is_json(document.text):
        nodes = json_tree.scan(document.text)
        mark_frames(document.text, nodes)
        return nodes
    return outline(document)


def passages(
    documents: Sequence[Document], structures: Sequence[Structure], characters_per_token: Sequence[float]
) -> list[Chunk]:
    """The passages of all documents, in order."""
    found: list[Chunk] = []
    for index, document in enumerate(documents):
        ratio = characters_per_token[index]
        found.extend(chunks(document, index, structures[index], tokens=PASSAGE_TOKENS, characters_per_token=ratio))
    return found


def shortlist(
    documents: Sequence[Document],
    found: Sequence[Chunk],
    question: str,
    budget: int,
    characters_per_token: float,
    protected: BoolArray | None = None,
) -> list[Chunk]:
    """The passages that BM25 puts first, up to ``SHORTLIST_BUDGETS`` budgets or ``SHORTLIST_TOKENS`` tokens.

    All of them when the documents are no longer than that. Passages without any word of the question fill what room
    is left, evenly over the documents. Passages that are ``protected`` are there in any case.
    """
    limit = max(SHORTLIST_BUDGETS * budget, SHORTLIST_TOKENS) * characters_per_token
    sizes = np.array([c.end - c.start for c in found], dtype=np.int64)
    if sizes.sum() <= limit:
        return list(found)
    scores = bm25([" ".join((*c.headings, documents[c.document].text[c.start : c.end])) for c in found], question)
    # A stride that shares no factor with the count visits every passage once, spread over all documents.
    spread = (np.arange(len(found)) * 7919) % len(found)
    order = np.lexsort((spread, -scores))
    kept = order[: int(np.searchsorted(np.cumsum(sizes[order]), limit, side="right"))]
    if protected is not None:
        kept = np.union1d(kept, np.flatnonzero(protected))
    return [found[i] for i in np.sort(kept)]


def sentences_of(documents: Sequence[Document], structures: Sequence[Structure], found: Sequence[Chunk]) -> Sentences:
    """The segments of some passages."""
    result: list[Segment] = []
    document: list[int] = []
    chunk: list[int] = []
    trees: dict[int, tuple[list[Segment], list[int]]] = {}
    for i, piece in enumerate(found):
        structure = structures[piece.document]
        if isinstance(structure, list):
            if piece.document not in trees:
                members = json_tree.segments(documents[piece.document].text, structure)
                trees[piece.document] = (members, [member.start for member in members])
            tree, starts = trees[piece.document]
            pieces = tree[bisect.bisect_left(starts, piece.start) : bisect.bisect_left(starts, piece.end)]
        else:
            pieces = segments(documents[piece.document], structure, piece.start, piece.end)
        result.extend(pieces)
        document.extend([piece.document] * len(pieces))
        chunk.extend([i] * len(pieces))
    return Sentences(segments=result, document=document, chunk=chunk, chunks=list(found))


def rank(
    documents: Sequence[Document], found: Sentences, ranker: Ranker, question: str, on_progress: OnProgress | None
) -> Sentences:
    """Score the segments against the question."""
    return replace(found, score=ranker.rank(ranking_texts(documents, found), question, on_progress))


def ranking_texts(documents: Sequence[Document], found: Sentences) -> list[RankingText]:
    """The segments as a ranker sees them."""
    return [
        RankingText(
            text=documents[d].text[s.start : s.end],
            headings=found.chunks[c].headings,
            group=c,
            kind=found.chunks[c].kind,
        )
        for s, d, c in zip(found.segments, found.document, found.chunk, strict=True)
    ]


def best(found: Sentences, characters: float, protected: BoolArray | None = None) -> Sentences:
    """The highest-scored segments that together have about ``characters`` characters; the first ones if unranked.

    Segments that are ``protected`` are there in any case.
    """
    sizes = np.array([s.end - s.start + 1 for s in found.segments], dtype=np.int64)
    if sizes.sum() <= characters:
        return found
    order = np.arange(len(sizes)) if found.score is None else np.argsort(-found.score, kind="stable")
    kept = order[: 1 + int(np.searchsorted(np.cumsum(sizes[order]), characters))]
    if protected is not None:
        kept = np.union1d(kept, np.flatnonzero(protected))
    return found.subset(np.sort(kept).tolist())
