"""Passages of items as documents of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.evals.types import Passage

if TYPE_CHECKING:
    from ctxpipe.compress.types import Document

_NO_TITLE = "table"
"""A title that public sets use for passages without one."""


def document_of(passage: Passage, source: str) -> Document:
    """A passage as a document; the ending of a file name decides its kind."""
    from ctxpipe.compress.types import Document
    from ctxpipe.pipeline.readers.kinds import TEXT, by_name

    format = (by_name(passage.source) if passage.source else None) or TEXT
    return Document(
        text=passage.text,
        source=source,
        title="" if passage.title == _NO_TITLE else passage.title,
        kind=format.kind,
        language=format.language,
        page_starts=passage.page_starts,
    )
