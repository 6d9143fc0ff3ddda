"""What was kept of each document, as the frameworks take it: a text, and where it stands."""

from __future__ import annotations

from typing import Any

from ctxpipe.compress.types import CompressedContext


def kept_texts(context: CompressedContext) -> dict[int, str]:
    """What was kept of each document, in order; a gap between two excerpts of one is marked."""
    texts: dict[int, list[str]] = {}
    for excerpt in context.excerpts:
        if any(map(str.isalnum, excerpt.text)):  # a line break alone tells nothing
            texts.setdefault(excerpt.document, []).append(excerpt.text)
    return {index: "\n…\n".join(parts) for index, parts in texts.items()}


def excerpt_metadata(context: CompressedContext, document: int) -> dict[str, Any]:
    """Where a document's kept text stands in it.

    Returns:
        ``stretches``: character offsets in the document's text, end exclusive; ``pages`` and ``trail`` (headings above
        the first kept text) where there are any.
    """
    mine = [excerpt for excerpt in context.excerpts if excerpt.document == document]
    metadata: dict[str, Any] = {"stretches": [list(stretch) for excerpt in mine for stretch in excerpt.stretches]}
    pages = sorted({page for excerpt in mine for page in excerpt.pages})
    trail = next((list(excerpt.trail) for excerpt in mine if excerpt.trail), [])
    return metadata | ({"pages": pages} if pages else {}) | ({"trail": trail} if trail else {})
