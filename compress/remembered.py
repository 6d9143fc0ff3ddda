"""Scorers, embedders and the pruner's network in front of which the score cache stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ctxpipe.compress.embedding import Embedder
from ctxpipe.compress.learned.files import PrunerFiles
from ctxpipe.compress.learned.model import Passage, Reader, Reading
from ctxpipe.compress.learned.rows import Layout
from ctxpipe.compress.score_cache import OnNote, ScoreCache
from ctxpipe.compress.types import (
    FloatArray,
    Identity,
    IntArray,
    KeptScorer,
    OnProgress,
    Scorer,
    Scores,
    ScoringText,
    TokenScorer,
    TokenScores,
)

T = TypeVar("T")
_FORMAT = "1"
"""Of the values; another one makes everything kept before unknown."""
_TOKEN_BYTES = 12


class RememberingScorer:
    """Scores from the cache; what is not there comes from the scorer and is kept.

    Of a ``TokenScorer`` one number is kept per token of its model, so units cut otherwise find it too; of another
    ``KeptScorer`` one per unit, found for the same units only. Any other scorer is asked each time.

    Args:
        scorer: What scores.
        cache: Where scores are kept.
        on_note: Called with a line when the cache had to be set aside.
    """

    def __init__(self, scorer: Scorer, cache: ScoreCache, on_note: OnNote | None = None) -> None:
        self.scorer = scorer
        self.cache = cache
        self.on_note = on_note

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> Sequence[Scores]:
        """Score units; see ``Scorer.score``. Progress is that of what was not in the cache."""
        identity = self.scorer.identity() if isinstance(self.scorer, KeptScorer) else None
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
    ) -> list[Scores]:
        found = remembered(
            self.cache,
            [_key("tokens", identity, text, question) for text in texts],
            lambda missing: scorer.score_tokens([texts[i] for i in missing], question, on_progress),
            _pack_tokens,
            lambda place, value: _unpack_tokens(value, len(texts[place].text)),
            self.on_note,
        )
        return [scorer.from_tokens(text, tokens) for text, tokens in zip(texts, found, strict=True)]

    def _by_unit(
        self,
        scorer: Scorer,
        identity: Identity,
        texts: Sequence[ScoringText],
        question: str | None,
        on_progress: OnProgress | None,
    ) -> list[Scores]:
        def make(missing: Sequence[int]) -> list[FloatArray]:
            return [s.values for s in scorer.score([texts[i] for i in missing], question, on_progress)]

        found = remembered(
            self.cache,
            [_key("units", identity, text, question, text.start.tobytes(), text.end.tobytes()) for text in texts],
            make,
            _pack_floats,
            lambda place, value: _unpack_floats(value, len(texts[place].start)),
            self.on_note,
        )
        made = {"scorer": identity.scorer, "model": identity.model, "revision": identity.revision}
        return [Scores(values=values, **made) for values in found]


class RememberingEmbedder:
    """Embeddings from the cache; what is not there comes from the embedder, loaded when first needed, and is kept.

    A text keeps the row that it got first, so its row does not depend on the texts that stand beside it later.

    Args:
        load: Makes the embedder.
        identify: Names model, revision and precision without loading anything.
        cache: Where rows are kept.
        on_note: Called with a line when the cache had to be set aside.
    """

    def __init__(
        self,
        load: Callable[[], Embedder],
        identify: Callable[[], Identity],
        cache: ScoreCache,
        on_note: OnNote | None = None,
    ) -> None:
        self._load = load
        self._identify = identify
        self._cache = cache
        self._on_note = on_note
        self._embedder: Embedder | None = None

    @classmethod
    def of(cls, name: str, cache: ScoreCache, on_note: OnNote | None = None) -> RememberingEmbedder:
        """In front of the embedder of a model, int8."""
        from ctxpipe.compress.embedder import MAX_TOKENS, OnnxEmbedder
        from ctxpipe.compress.models import revision

        def identify() -> Identity:
            return Identity(scorer="embedding", revision=revision(name), dtype="int8", settings=str(MAX_TOKENS))

        return cls(lambda: OnnxEmbedder.load(name), identify, cache, on_note)

    def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
        """Embed texts; see ``Embedder.encode``."""
        place = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        distinct = list(place)
        identity = self._identify()
        if not distinct or not identity.revision:
            return self._made(texts, on_progress)
        rows = remembered(
            self._cache,
            [_digest("vector", *_named(identity), text) for text in distinct],
            lambda missing: list(self._made([distinct[i] for i in missing], on_progress)),
            _pack_floats,
            lambda _, value: _unpack_floats(value, len(value) // 4),
            self._on_note,
        )
        found: FloatArray = np.stack([rows[place[text]] for text in texts])
        return found

    def _made(self, texts: Sequence[str], on_progress: OnProgress | None) -> FloatArray:
        if self._embedder is None:
            self._embedder = self._load()
        return self._embedder.encode(texts, on_progress=on_progress)


class RememberingReader:
    """What the pruner's network said of a passage under a question, from the cache; what is not there it reads.

    Args:
        load: Makes what reads, when first needed.
        files, layout: Of the same pruner.
        cache: Where readings are kept.
        on_note: Called with a line when the cache had to be set aside.
    """

    def __init__(
        self,
        load: Callable[[], Reader],
        files: PrunerFiles,
        layout: Layout,
        cache: ScoreCache,
        on_note: OnNote | None = None,
    ) -> None:
        self.files = files
        self.layout = layout
        self._load = load
        self._cache = cache
        self._on_note = on_note
        self._model: Reader | None = None

    def read(
        self, question: IntArray, passages: Sequence[Passage], on_progress: OnProgress | None = None
    ) -> list[Reading]:
        """Read passages; see ``LearnedModel.read``. Progress is that of what was not in the cache."""
        asked = self.files.revision, question.tobytes()
        return remembered(
            self._cache,
            [_digest("reading", *asked, *(b"" if part is None else part.tobytes() for part in p)) for p in passages],
            lambda missing: self._read(question, [passages[i] for i in missing], on_progress),
            lambda reading: _pack_floats(np.concatenate(reading)),
            lambda place, value: _unpack_reading(value, len(passages[place].body)),
            self._on_note,
        )

    def _read(
        self, question: IntArray, passages: Sequence[Passage], on_progress: OnProgress | None
    ) -> Sequence[Reading]:
        if self._model is None:
            self._model = self._load()
        return self._model.read(question, passages, on_progress)


def remembered(
    cache: ScoreCache,
    keys: Sequence[bytes],
    make: Callable[[Sequence[int]], Sequence[T]],
    pack: Callable[[T], bytes],
    unpack: Callable[[int, bytes], T | None],
    on_note: OnNote | None = None,
) -> list[T]:
    """What belongs to keys: from the cache, or made and then kept.

    Args:
        cache: Where to look first.
        keys: One for each result.
        make: Makes the results at some places, in the order of the places.
        pack, unpack: To bytes and back; unpacking for a place gives None for bytes that cannot be what was kept.
        on_note: As for ``ScoreCache``.
    """
    known = cache.get(keys, on_note)
    found = [unpack(place, known[key]) if key in known else None for place, key in enumerate(keys)]
    first = {key: place for place, key in reversed(list(enumerate(keys))) if found[place] is None}
    missing = sorted(first.values())
    if missing:
        made = dict(zip((keys[place] for place in missing), make(missing), strict=True))
        cache.put({key: pack(value) for key, value in made.items()}, on_note)
        found = [made[key] if value is None else value for key, value in zip(keys, found, strict=True)]
    return [value for value in found if value is not None]


def _key(what: str, identity: Identity, text: ScoringText, question: str | None, *more: bytes) -> bytes:
    asked = ("asked", question) if question is not None else ("unasked",)
    return _digest(what, *_named(identity), *asked, str(len(text.headings)), *text.headings, text.text, *more)


def _named(identity: Identity) -> tuple[str, ...]:
    return identity.scorer, identity.revision, identity.dtype, identity.settings


def _digest(*parts: str | bytes) -> bytes:
    """A hash of parts that no other parts share: each is preceded by its length."""
    digest = hashlib.sha256(_FORMAT.encode())
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()


def _pack_floats(values: FloatArray) -> bytes:
    return np.asarray(values, dtype="<f4").tobytes()


def _unpack_floats(value: bytes, size: int) -> FloatArray | None:
    return np.frombuffer(value, dtype="<f4").astype(np.float32) if len(value) == 4 * size else None


def _unpack_reading(value: bytes, size: int) -> Reading | None:
    both = _unpack_floats(value, 2 * size)
    return None if both is None else Reading(both[:size], both[size:])


def _pack_tokens(tokens: TokenScores) -> bytes:
    places = [np.asarray(column, dtype="<i4").tobytes() for column in (tokens.start, tokens.end)]
    return b"".join([*places, _pack_floats(tokens.values)])


def _unpack_tokens(value: bytes, length: int) -> TokenScores | None:
    size, rest = divmod(len(value), _TOKEN_BYTES)
    if rest:
        return None
    start, end = np.frombuffer(value, dtype="<i4", count=2 * size).astype(np.int64).reshape(2, size)
    if size and (start.min() < 0 or end.max() > length):
        return None
    return TokenScores(start=start, end=end, values=np.frombuffer(value, dtype="<f4", offset=8 * size).copy())
