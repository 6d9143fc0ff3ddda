"""The cross-encoder behind the score cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ctxpipe.arrays import IntArray
from ctxpipe.compress.cache.remembered import digest, pack_floats, remembered, unpack_floats
from ctxpipe.compress.cache.score_cache import OnNote, ScoreCache
from ctxpipe.compress.learned.files import PrunerFiles
from ctxpipe.compress.learned.model import PassageReader, PassageReading, PassageTokens
from ctxpipe.compress.learned.rows import RowLayout
from ctxpipe.compress.types import OnProgress


class RememberingReader:
    """Readings of passages from the score cache; missing ones are computed.

    Args:
        load: Loads the model, when first needed.
        files, layout: Files and row layout of the same pruner.
        cache: The score cache.
        on_note: Called with a line if the cache file had to be replaced.
    """

    def __init__(
        self,
        load: Callable[[], PassageReader],
        files: PrunerFiles,
        layout: RowLayout,
        cache: ScoreCache,
        on_note: OnNote | None = None,
    ) -> None:
        self.files = files
        self.layout = layout
        self._load = load
        self._cache = cache
        self._on_note = on_note
        self._model: PassageReader | None = None

    def read(
        self, question: IntArray, passages: Sequence[PassageTokens], on_progress: OnProgress | None = None
    ) -> list[PassageReading]:
        """Read passages; see ``LearnedModel.read``. Progress counts only passages that are not cached."""
        asked = self.files.revision, question.tobytes()
        return remembered(
            self._cache,
            [digest("reading", *asked, *(b"" if part is None else part.tobytes() for part in p)) for p in passages],
            lambda missing: self._read(question, [passages[i] for i in missing], on_progress),
            lambda reading: pack_floats(np.concatenate(reading)),
            lambda place, value: _unpack_reading(value, len(passages[place].body)),
            self._on_note,
        )

    def _read(
        self, question: IntArray, passages: Sequence[PassageTokens], on_progress: OnProgress | None
    ) -> Sequence[PassageReading]:
        if self._model is None:
            self._model = self._load()
        return self._model.read(question, passages, on_progress)


def _unpack_reading(value: bytes, size: int) -> PassageReading | None:
    both = unpack_floats(value, 2 * size)
    return None if both is None else PassageReading(both[:size], both[size:])
