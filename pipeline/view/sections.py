"""What a page shows of each document. The page knows sections alone, not how a context holds what was kept."""

from __future__ import annotations

from dataclasses import dataclass

from ctxpipe.compress.types import CompressedContext, Kind
from ctxpipe.pipeline.view.pieces import Piece, pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One document.

    Attributes:
        number: Its place among the documents, from 1.
        source: Path or name.
        kind: What its text is.
        tokens, characters: Size of the whole text.
        kept: Characters that were kept.
        pieces: The whole text, or both ends of what is too long.
    """

    number: int
    source: str
    kind: Kind
    tokens: int
    characters: int
    kept: int
    pieces: tuple[Piece, ...]


def sections(context: CompressedContext, *, longest: int | None = None) -> tuple[Section, ...]:
    """A section for each document, in their order.

    Args:
        context: What was kept.
        longest: Most characters of a dropped stretch that is given whole; of a longer one, both ends are.
    """
    bodies: list[list[Piece]] = [[] for _ in context.documents]
    for piece in pieces(context.documents, context.spans, context.protected, longest=longest):
        bodies[piece.document].append(piece)
    kept = [0] * len(bodies)
    for span in context.spans:
        kept[span.document] += span.end - span.start
    return tuple(
        Section(
            number=number,
            source=info.source,
            kind=info.kind,
            tokens=info.tokens,
            characters=info.characters,
            kept=kept[number - 1],
            pieces=tuple(body),
        )
        for number, (info, body) in enumerate(zip(context.sources, bodies, strict=True), start=1)
    )
