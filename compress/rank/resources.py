"""Resources that a pipeline lends its ranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.cache.score_cache import OnNote, ScoreCache
from ctxpipe.compress.types import OnProgress, Ranker
from ctxpipe.errors import UnknownNameError

DEFAULT_EMBEDDER = "minilm-l6"
"""The model of questions and sentences, and of a corpus's passages, whose vectors are compared with a question's."""
Effort = Literal["fast", "default", "high"]
"""How much a ranker may read before it decides."""
EFFORTS: tuple[Effort, ...] = get_args(Effort)


def effort_of(name: str) -> Effort:
    """An effort by its name.

    Raises:
        UnknownNameError: if there is none of that name.
    """
    for effort in EFFORTS:
        if name == effort:
            return effort
    raise UnknownNameError("effort", name, EFFORTS)


class Embedder(Protocol):
    """Maps texts to unit-length rows; ``ctxpipe.compress.rank.embedder.OnnxEmbedder`` is one."""

    def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
        """Embed texts, float32 of shape (len(texts), dimension)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Resources that a pipeline lends its ranker.

    Attributes:
        embedder: Sentence embeddings, behind the score cache; the model is loaded when first needed.
        cache: The score cache; None if it is off.
        on_note: Called with a line for the user; None if notes are not wanted.
        effort: How much may be read.
    """

    embedder: Embedder
    cache: ScoreCache | None = None
    on_note: OnNote | None = None
    effort: Effort = "default"


@runtime_checkable
class BorrowingRanker(Ranker, Protocol):
    """A ranker that uses the pipeline's resources."""

    def with_resources(self, resources: Resources) -> Ranker:
        """A copy that uses these resources, except those it was made with."""
        ...
