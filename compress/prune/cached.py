"""A scorer behind the score cache."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.cache.remembered import digest, named, pack_floats, remembered, unpack_floats
from ctxpipe.compress.cache.score_cache import OnNote, ScoreCache
from ctxpipe.compress.prune.per_unit import by_unit
from ctxpipe.compress.types import (
    CacheableScorer,
    Identity,
    OnProgress,
    Scorer,
    ScoringText,
    TokenScorer,
    TokenScores,
)

_TOKEN_BYTES = 12
"""Two int32 offsets and a float32 value."""


class RememberingScorer:
    """Scores from the cache; missing ones are computed and stored.

    Of a ``TokenScorer`` one number is kept per token of its model, so units cut otherwise find it too; of another
    ``CacheableScorer`` one per unit, found for the same units only. Any other scorer is asked each time.

    Args:
        scorer: The scorer.
        cache: The score cache.
        on_note: Called with a line if the cache file had to be replaced.
    """

    def __init__(self, scorer: Scorer, cache: ScoreCache, on_note: OnNote | None = None) -> None:
        self.scorer = scorer
        self.cache = cache
        self.on_note = on_note

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> Sequence[FloatArray]:
        """Score units; see ``Scorer.score``. Progress is that of what was not in the cache."""
        identity = self.scorer.identity() if isinstance(self.scorer, CacheableScorer) else None
        if identity is None or not identity.revision or (identity.asks and not question):
            return self.scorer.score(texts, question, on_progress)
        asked = question if identity.asks else None
        if isinstance(self.scorer, TokenScorer):
            return self._by_token(self.scorer, identity, texts, asked, on_progress)
        return self._by_unit(self.scorer, identity, texts, asked, on_progress)

    def _by_token(
        self,
        scorer: TokenScorer,
        identity: Identity,
        texts: Sequence[ScoringText],
        question: str | None,
        on_progress: OnProgress | None,
    ) -> list[FloatArray]:
        tokens = remembered(
            self.cache,
            [_key("tokens", identity, text, question) for text in texts],
            lambda missing: scorer.score_tokens([texts[i] for i in missing], question, on_progress),
            _pack_tokens,
            lambda place, value: _unpack_tokens(value, len(texts[place].text)),
            self.on_note,
        )
        return by_unit(texts, tokens)

    def _by_unit(
        self,
        scorer: Scorer,
        identity: Identity,
        texts: Sequence[ScoringText],
        question: str | None,
        on_progress: OnProgress | None,
    ) -> list[FloatArray]:
        return remembered(
            self.cache,
            [_key("units", identity, text, question, text.start.tobytes(), text.end.tobytes()) for text in texts],
            lambda missing: scorer.score([texts[i] for i in missing], question, on_progress),
            pack_floats,
            lambda place, value: unpack_floats(value, len(texts[place].start)),
            self.on_note,
        )


def _key(what: str, identity: Identity, text: ScoringText, question: str | None, *more: bytes) -> bytes:
    asked = ("asked", question) if question is not None else ("unasked",)
    return digest(what, *named(identity), *asked, str(len(text.headings)), *text.headings, text.text, *more)


def _pack_tokens(tokens: TokenScores) -> bytes:
    places = [np.asarray(column, dtype="<i4").tobytes() for column in (tokens.start, tokens.end)]
    return b"".join([*places, pack_floats(tokens.values)])


def _unpack_tokens(value: bytes, length: int) -> TokenScores | None:
    size, rest = divmod(len(value), _TOKEN_BYTES)
    if rest:
        return None
    start, end = np.frombuffer(value, dtype="<i4", count=2 * size).astype(np.int64).reshape(2, size)
    if size and (start.min() < 0 or end.max() > length):
        return None
    return TokenScores(start=start, end=end, values=np.frombuffer(value, dtype="<f4", offset=8 * size).copy())
