"""What a pipeline lends its ranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.cache.score_cache import OnNote, ScoreCache
from ctxpipe.compress.types import OnProgress, Ranker


class Embedder(Protocol):
    """Texts to unit-length rows; ``ctxpipe.compress.rank.embedder.OnnxEmbedder`` is one."""

    def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
        """Embed texts, float32 of shape (len(texts), dimension)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a pipeline lends its ranker.

    Attributes:
        embedder: Sentence embeddings, with the score cache in front of them; the model is loaded when first needed.
        cache: Where what models compute is kept between calls; None keeps nothing.
        on_note: Called with a line for whoever reads the result; None where nobody asked.
    """

    embedder: Embedder
    cache: ScoreCache | None = None
    on_note: OnNote | None = None


@runtime_checkable
class BorrowingRanker(Ranker, Protocol):
    """A ranker that uses what a pipeline lends."""

    def with_resources(self, resources: Resources) -> Ranker:
        """The same ranker with these resources, save what it was made with; this one is left as it is."""
        ...
