"""What a ranker gets to read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe import Document
from ctxpipe.arrays import FloatArray
from ctxpipe.compress import RankingText
from ctxpipe.compress.select.pool import Candidates, rank
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Chunk, OnProgress

TEXT = "Keys hang here. Keys ........ 12 Locks rust."


class _Lengths:
    """Scores a text by its length, below zero."""

    name = "lengths"

    def __init__(self) -> None:
        self.read: list[str] = []

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        self.read += [text.text for text in texts]
        return np.array([-len(text.text) for text in texts], dtype=np.float32)


def _candidates(noise: Sequence[bool]) -> Candidates:
    edges = [(0, 15), (16, 32), (33, 44)]
    units = [Unit(a, b, "sentence", noise=quiet) for (a, b), quiet in zip(edges, noise, strict=True)]
    passage = Chunk(document=0, start=0, end=len(TEXT))
    return Candidates(units=units, document=[0] * 3, passage=[0] * 3, passages=[passage])


def _ranked(noise: Sequence[bool]) -> tuple[list[str], list[float]]:
    ranker = _Lengths()
    ranked = rank([Document(source="doc", text=TEXT)], _candidates(noise), ranker, "Where?", None)
    assert ranked.score is not None
    return ranker.read, ranked.score.tolist()


def test_noise_is_not_read_and_scores_lowest() -> None:
    read, scores = _ranked([False, True, False])
    assert read == ["Keys hang here.", "Locks rust."]
    assert scores == [-15.0, -15.0, -11.0]


def test_noise_alone_is_ranked() -> None:
    read, scores = _ranked([True, True, True])
    assert len(read) == 3
    assert scores == [-15.0, -16.0, -11.0]
