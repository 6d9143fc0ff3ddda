"""Documents in pieces, each kept or dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from ctxpipe.compress.types import CompressedContext, Document, Span

Fate = Literal["kept", "protected", "dropped", "elided"]


class Piece(NamedTuple):
    """A kept or dropped stretch of a document; an elided one has a remark instead of the text."""

    document: int
    text: str
    fate: Fate


def pieces(
    documents: Sequence[Document], spans: Sequence[Span], protected: Sequence[Span] = (), *, longest: int | None = None
) -> Iterator[Piece]:
    """Walk all documents, kept and dropped.

    Args:
        documents: The documents of the spans.
        spans: Kept spans: disjoint, in the order of the documents.
        protected: Protected spans, in the same order.
        longest: Most characters of a dropped stretch that is returned whole; of a longer one, only both ends.
    """
    kept, marked = _by_document(spans, len(documents)), _by_document(protected, len(documents))
    for index, document in enumerate(documents):
        yield from _walk(index, document.text, kept[index], marked[index], longest)


def sent(context: CompressedContext) -> Iterator[tuple[str, bool]]:
    """The context as it is sent, in stretches: the text of each, and whether it is a frame (a label, a mark)."""
    at = 0
    for start, end in context.frames:
        if start > at:
            yield context.text[at:start], False
        yield context.text[start:end], True
        at = end
    if at < len(context.text):
        yield context.text[at:], False


def _by_document(spans: Sequence[Span], count: int) -> list[list[Span]]:
    by_document: list[list[Span]] = [[] for _ in range(count)]
    for span in spans:
        by_document[span.document].append(span)
    return by_document


def _walk(index: int, text: str, kept: list[Span], protected: list[Span], longest: int | None) -> Iterator[Piece]:
    at = 0
    marks = iter(protected)
    mark = next(marks, None)
    for span in kept:
        yield from _dropped(index, text[at : span.start], longest)
        at = span.start
        while mark is not None and mark.start < span.end:
            if mark.start > at:
                yield Piece(index, text[at : mark.start], "kept")
            yield Piece(index, text[max(at, mark.start) : mark.end], "protected")
            at = max(at, mark.end)
            mark = next(marks, None)
        if span.end > at:
            yield Piece(index, text[at : span.end], "kept")
        at = max(at, span.end)
    yield from _dropped(index, text[at:], longest)


def _dropped(index: int, text: str, longest: int | None) -> Iterator[Piece]:
    if longest is None or len(text) <= longest:
        if text:
            yield Piece(index, text, "dropped")
        return
    side = longest // 2
    yield Piece(index, text[:side], "dropped")
    yield Piece(index, f" [... {len(text) - 2 * side:,} characters dropped ...] ", "elided")
    yield Piece(index, text[-side:], "dropped")
