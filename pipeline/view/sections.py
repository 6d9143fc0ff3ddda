"""The part of a page about one document. The page depends only on sections, not on a context."""

from __future__ import annotations

from dataclasses import dataclass

from ctxpipe.compress.types import CompressedContext, Kind
from ctxpipe.pipeline.view.pieces import Piece, pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One document.

    Attributes:
        number: Its number among the documents, from 1.
        source: Path or name.
        kind: Kind of its text.
        tokens, characters: Size of the whole text.
        kept: Share of the text that was kept, white space around it aside.
        pages: Pages with kept text, ascending; empty where there are none.
        pieces: The whole text, or both ends of stretches that are too long.
    """

    number: int
    source: str
    kind: Kind
    tokens: int
    characters: int
    kept: float
    pages: tuple[int, ...]
    pieces: tuple[Piece, ...]


def sections(context: CompressedContext, *, longest: int | None = None) -> tuple[Section, ...]:
    """A section for each document, in their order.

    Args:
        context: The context.
        longest: Most characters of a dropped stretch that is returned whole; of a longer one, only both ends.
    """
    bodies: list[list[Piece]] = [[] for _ in context.documents]
    for piece in pieces(context.documents, context.spans, context.protected, longest=longest):
        bodies[piece.document].append(piece)
    kept = [0] * len(bodies)
    for span in context.spans:
        kept[span.document] += span.end - span.start
    pages: list[set[int]] = [set() for _ in bodies]
    for excerpt in context.excerpts:
        pages[excerpt.document].update(range(min(excerpt.pages), max(excerpt.pages) + 1) if excerpt.pages else ())
    return tuple(
        Section(
            number=number,
            source=info.source,
            kind=info.kind,
            tokens=info.tokens,
            characters=info.characters,
            kept=min(1.0, kept[number - 1] / max(1, len(document.text.strip()))),
            pages=tuple(sorted(pages[number - 1])),
            pieces=tuple(body),
        )
        for number, (info, document, body) in enumerate(zip(context.sources, context.documents, bodies, strict=True), 1)
    )
