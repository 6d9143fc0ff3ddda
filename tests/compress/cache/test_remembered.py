"""Scores and embeddings in front of which the cache stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.cache import remembered
from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.compress.fake import FakeScorer
from ctxpipe.compress.prune import cached as prune_cached
from ctxpipe.compress.prune.cached import RememberingScorer
from ctxpipe.compress.prune.per_unit import by_unit
from ctxpipe.compress.rank.cached import RememberingEmbedder
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import (
    CacheableScorer,
    Identity,
    OnProgress,
    ScoringText,
    TokenScorer,
    TokenScores,
)


class Letters:
    """A token scorer whose tokens are characters; it counts what it is asked for."""

    name = "letters"

    def __init__(self, *, revision: str = "1", dtype: str = "", settings: str = "", asks: bool = False) -> None:
        self.made = Identity(scorer=self.name, revision=revision, dtype=dtype, settings=settings, asks=asks)
        self.asked: list[str] = []

    def identity(self) -> Identity | None:
        return self.made

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        return by_unit(texts, self.score_tokens(texts, question))

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        self.asked.extend(text.text for text in texts)
        return [self._tokens(text.text + (question or "")[:0]) for text in texts]

    def _tokens(self, text: str) -> TokenScores:
        at = np.arange(len(text), dtype=np.int64)
        return TokenScores(start=at, end=at + 1, values=np.array([ord(c) % 97 for c in text], dtype=np.float32))


class Units(FakeScorer):
    """A scorer that may be kept, but has no tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def identity(self) -> Identity | None:
        return Identity(scorer="units", revision="1")

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        self.asked += len(texts)
        return super().score(texts, question, on_progress)


def scoring(text: str, headings: tuple[str, ...] = (), every: int = 1) -> ScoringText:
    found = words(text, 0, len(text))[::every]
    start, end = (np.array([getattr(w, side) for w in found], dtype=np.int64) for side in ("start", "end"))
    return ScoringText(text=text, headings=headings, start=start, end=end)


@pytest.fixture
def cache(tmp_path: Path) -> ScoreCache:
    return ScoreCache(tmp_path / "folder" / "scores.sqlite3")


def test_the_scorers_say_what_they_offer() -> None:
    assert isinstance(Letters(), TokenScorer)
    assert isinstance(Units(), CacheableScorer)
    assert not isinstance(Units(), TokenScorer)
    assert not isinstance(FakeScorer(), CacheableScorer)


def test_a_text_is_scored_once_however_its_units_are_cut(cache: ScoreCache) -> None:
    inner = Letters()
    texts = [scoring("a river of stone"), scoring("not the market")]
    first = RememberingScorer(inner, cache).score(texts, None)
    other = [scoring(text.text, every=2) for text in texts]
    again = RememberingScorer(inner, ScoreCache(cache.path)).score([*other, *texts], None)
    assert inner.asked == ["a river of stone", "not the market"]
    for found, plain in zip([*again], Letters().score([*other, *texts], None), strict=True):
        np.testing.assert_array_equal(found, plain)
    assert [list(s) for s in again[2:]] == [list(s) for s in first]


def test_without_tokens_the_same_units_are_found_and_others_scored(cache: ScoreCache) -> None:
    inner = Units()
    scorer = RememberingScorer(inner, cache)
    text, other = scoring("a river of stone"), scoring("a river of stone", every=2)
    for asked in ([text], [text, text], [text, other], [other]):
        for found, plain in zip(scorer.score(asked, None), FakeScorer().score(asked, None), strict=True):
            np.testing.assert_array_equal(found, plain)
    assert inner.asked == 2


@pytest.mark.parametrize(
    "other",
    [
        {"revision": "2"},
        {"dtype": "float32"},
        {"settings": "512"},
        {"text": "a river of stones"},
        {"headings": ("On rivers",)},
        {"question": "What?", "asks": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_whatever_changes_a_score_is_part_of_its_key(cache: ScoreCache, other: dict[str, object]) -> None:
    text, headings = str(other.pop("text", "a river of stone")), other.pop("headings", ())
    question = other.pop("question", None)
    RememberingScorer(Letters(asks=bool(other.get("asks"))), cache).score([scoring("a river of stone")], "Which?")
    inner = Letters(**other)
    RememberingScorer(inner, cache).score([scoring(text, headings)], question)
    assert inner.asked == [text]


def test_a_question_that_does_not_matter_finds_what_another_left(cache: ScoreCache) -> None:
    RememberingScorer(Letters(), cache).score([scoring("a river")], "Which?")
    inner = Letters()
    RememberingScorer(inner, cache).score([scoring("a river")], None)
    assert inner.asked == []


def test_headings_and_text_are_told_apart() -> None:
    made = Identity(scorer="s", revision="1")
    texts = [scoring("c", ("a", "b")), scoring("c", ("ab",)), scoring("bc", ("a",)), scoring("abc")]
    keys = {prune_cached._key("tokens", made, text, question) for text in texts for question in (None, "", "c")}
    assert len(keys) == 12


def test_a_model_without_a_revision_is_asked_each_time(cache: ScoreCache) -> None:
    inner = Letters(revision="")
    for _ in range(2):
        RememberingScorer(inner, cache).score([scoring("a river")], None)
    assert len(inner.asked) == 2
    assert not cache.path.exists()


@given(hnp.arrays(np.float32, st.integers(0, 30)), st.integers(0, 5))
def test_tokens_come_back_to_the_bit(values: np.ndarray, shift: int) -> None:
    start = np.arange(len(values), dtype=np.int64) + shift
    tokens = TokenScores(start=start, end=start + 1, values=values)
    back = prune_cached._unpack_tokens(prune_cached._pack_tokens(tokens), len(values) + shift)
    assert back is not None
    assert back.values.tobytes() == values.tobytes()
    assert (back.start.tolist(), back.end.tolist()) == (start.tolist(), (start + 1).tolist())


@given(st.binary(max_size=60), st.integers(0, 20))
def test_bytes_that_cannot_be_scores_are_not_taken_for_some(value: bytes, length: int) -> None:
    back = prune_cached._unpack_tokens(value, length)
    if back is not None:
        assert 12 * len(back.values) == len(value)
        assert all(a >= 0 for a in back.start)
        assert all(b <= length for b in back.end)
    assert (remembered.unpack_floats(value, length) is None) == (len(value) != 4 * length)


def test_scores_are_had_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (found,) = RememberingScorer(Letters(), ScoreCache(tmp_path / "file" / "scores")).score([scoring("a river")], None)
    assert len(found) == 2


def test_values_spoilt_in_the_file_are_made_again(cache: ScoreCache) -> None:
    RememberingScorer(Letters(), cache).score([scoring("a river")], None)
    with sqlite3.connect(cache.path) as database:
        database.execute("UPDATE entry SET value = substr(value, 1, 7)")
    database.close()
    inner = Letters()
    (found,) = RememberingScorer(inner, cache).score([scoring("a river")], None)
    assert inner.asked == ["a river"]
    assert found.tolist() == Letters().score([scoring("a river")], None)[0].tolist()


class Codes:
    """An embedder that counts."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> np.ndarray:
        self.texts.extend(texts)
        return np.array([[len(t), ord(t[0]) if t else 0] for t in texts], dtype=np.float32).reshape(len(texts), 2)


def test_embeddings_are_made_once_a_text(cache: ScoreCache) -> None:
    made: list[Codes] = []

    def load() -> Codes:
        made.append(Codes())
        return made[-1]

    def embedder(revision: str = "1") -> RememberingEmbedder:
        return RememberingEmbedder(load, lambda: Identity(scorer="codes", revision=revision), cache)

    first = embedder().encode(["one", "three", "one"])
    assert first.tolist() == [[3, 111], [5, 116], [3, 111]]
    assert made[0].texts == ["one", "three"]
    assert embedder().encode(["three", "one"]).tolist() == [[5, 116], [3, 111]]
    assert len(made) == 1
    assert embedder().encode(["two", "one"]).tolist() == [[3, 116], [3, 111]]
    assert made[1].texts == ["two"]
    assert embedder("2").encode(["one"]).tolist() == [[3, 111]]
    assert embedder().encode([]).shape == (0, 2)
