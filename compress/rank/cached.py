"""An embedder behind the score cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.cache.remembered import digest, named, pack_floats, remembered, unpack_floats
from ctxpipe.compress.cache.score_cache import OnNote, ScoreCache
from ctxpipe.compress.rank.resources import Embedder
from ctxpipe.compress.types import Identity, OnProgress


class RememberingEmbedder:
    """Embeddings from the cache; missing ones are computed and stored. The embedder is loaded when first needed.

    A text keeps its first row, so the row does not depend on later batches.

    Args:
        load: Loads the embedder.
        identify: Returns model, revision and precision without loading the model.
        cache: The score cache; None for none.
        on_note: Called with a line if the cache file had to be replaced.
    """

    def __init__(
        self,
        load: Callable[[], Embedder],
        identify: Callable[[], Identity],
        cache: ScoreCache | None,
        on_note: OnNote | None = None,
    ) -> None:
        self._load = load
        self._identify = identify
        self._cache = cache
        self._on_note = on_note
        self._embedder: Embedder | None = None

    @classmethod
    def of(cls, name: str, cache: ScoreCache | None, on_note: OnNote | None = None) -> RememberingEmbedder:
        """The cached int8 embedder of a model."""
        from ctxpipe.compress.rank.embedder import MAX_TOKENS, OnnxEmbedder
        from ctxpipe.models.ready import revision

        def identify() -> Identity:
            return Identity(scorer="embedding", revision=revision(name), dtype="int8", settings=str(MAX_TOKENS))

        return cls(lambda: OnnxEmbedder.load(name), identify, cache, on_note)

    def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
        """Embed texts; see ``Embedder.encode``."""
        if self._cache is None:
            return self._made(texts, on_progress)
        place = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        distinct = list(place)
        identity = self._identify()
        if not distinct or not identity.revision:
            return self._made(texts, on_progress)
        rows = remembered(
            self._cache,
            [digest("vector", *named(identity), text) for text in distinct],
            lambda missing: list(self._made([distinct[i] for i in missing], on_progress)),
            pack_floats,
            lambda _, value: unpack_floats(value, len(value) // 4),
            self._on_note,
        )
        embeddings: FloatArray = np.stack([rows[place[text]] for text in texts])
        return embeddings

    def _made(self, texts: Sequence[str], on_progress: OnProgress | None) -> FloatArray:
        if self._embedder is None:
            self._embedder = self._load()
        return self._embedder.encode(texts, on_progress=on_progress)
