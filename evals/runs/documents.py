"""From a passage of an item to a document of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.evals.types import Passage

if TYPE_CHECKING:
    from ctxpipe.compress.types import Document

_NO_TITLE = "table"
"""Titles in public sets that stand for no title."""


def document_of(passage: Passage, source: str) -> Document:
    """The document that a passage is, under a name; a file name says what kind of text it holds."""
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
