"""Stands in for ``langchain_core.documents``, from which the splitters import two classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class BaseDocumentTransformer:
    """What a splitter derives from; nothing of it is used here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text with metadata.

    Attributes:
        page_content: The text.
        metadata: Anything.
    """

    page_content: str
    metadata: dict[str, Any] = field(default_factory=dict)
