"""Scores kept between calls: found again, shared by processes, bounded, and never in the way."""

from __future__ import annotations

import itertools
import json
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from samples import prose

from ctxpipe.compress import remembered, score_cache
from ctxpipe.compress.fake import FakeScorer
from ctxpipe.compress.remembered import RememberingEmbedder, RememberingScorer
from ctxpipe.compress.score_cache import ScoreCache
from ctxpipe.compress.types import (
    Document,
    Identity,
    KeptScorer,
    OnProgress,
    Scores,
    ScoringText,
    TokenScorer,
    TokenScores,
)
from ctxpipe.compress.words import words
from ctxpipe.pipeline.pipeline import Pipeline

WRITER = """
import sys
from pathlib import Path
from ctxpipe.compress.score_cache import ScoreCache
cache, name = ScoreCache(Path(sys.argv[1])), sys.argv[2]
for index in range(40):
    cache.put({f"{name} {index}".encode(): f"{name} {index}".encode() * 50})
    assert cache.get([f"{name} {index}".encode()])
"""


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
    ) -> list[Scores]:
        return [self.from_tokens(t, s) for t, s in zip(texts, self.score_tokens(texts, question), strict=True)]

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        self.asked.extend(text.text for text in texts)
        return [self._tokens(text.text + (question or "")[:0]) for text in texts]

    def from_tokens(self, text: ScoringText, tokens: TokenScores) -> Scores:
        values = [tokens.values[a:b].sum() for a, b in zip(text.start, text.end, strict=True)]
        return Scores(values=np.array(values, dtype=np.float32), scorer=self.name)

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
    ) -> list[Scores]:
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
    assert isinstance(Units(), KeptScorer)
    assert not isinstance(Units(), TokenScorer)
    assert not isinstance(FakeScorer(), KeptScorer)


def test_a_text_is_scored_once_however_its_units_are_cut(cache: ScoreCache) -> None:
    inner = Letters()
    texts = [scoring("a river of stone"), scoring("not the market")]
    first = RememberingScorer(inner, cache).score(texts, None)
    other = [scoring(text.text, every=2) for text in texts]
    again = RememberingScorer(inner, ScoreCache(cache.path)).score([*other, *texts], None)
    assert inner.asked == ["a river of stone", "not the market"]
    for found, plain in zip([*again], Letters().score([*other, *texts], None), strict=True):
        np.testing.assert_array_equal(found.values, plain.values)
    assert [list(s.values) for s in again[2:]] == [list(s.values) for s in first]


def test_without_tokens_the_same_units_are_found_and_others_scored(cache: ScoreCache) -> None:
    inner = Units()
    scorer = RememberingScorer(inner, cache)
    text, other = scoring("a river of stone"), scoring("a river of stone", every=2)
    for asked in ([text], [text, text], [text, other], [other]):
        for found, plain in zip(scorer.score(asked, None), FakeScorer().score(asked, None), strict=True):
            np.testing.assert_array_equal(found.values, plain.values)
            assert (found.scorer, found.revision) == ("units", "1")
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
    keys = {remembered._key("tokens", made, text, question) for text in texts for question in (None, "", "c")}
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
    back = remembered._unpack_tokens(remembered._pack_tokens(tokens), len(values) + shift)
    assert back is not None
    assert back.values.tobytes() == values.tobytes()
    assert (back.start.tolist(), back.end.tolist()) == (start.tolist(), (start + 1).tolist())


@given(st.binary(max_size=60), st.integers(0, 20))
def test_bytes_that_cannot_be_scores_are_not_taken_for_some(value: bytes, length: int) -> None:
    back = remembered._unpack_tokens(value, length)
    if back is not None:
        assert 12 * len(back.values) == len(value)
        assert all(a >= 0 for a in back.start)
        assert all(b <= length for b in back.end)
    assert (remembered._unpack_floats(value, length) is None) == (len(value) != 4 * length)


def test_values_spoilt_in_the_file_are_made_again(cache: ScoreCache) -> None:
    RememberingScorer(Letters(), cache).score([scoring("a river")], None)
    with sqlite3.connect(cache.path) as database:
        database.execute("UPDATE entry SET value = substr(value, 1, 7)")
    database.close()
    inner = Letters()
    (found,) = RememberingScorer(inner, cache).score([scoring("a river")], None)
    assert inner.asked == ["a river"]
    assert found.values.tolist() == Letters().score([scoring("a river")], None)[0].values.tolist()


def test_many_processes_and_threads_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "scores.sqlite3"
    names = [f"p{index}" for index in range(4)]
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stderr=subprocess.PIPE, text=True)
        for name in names
    ]
    cache = ScoreCache(path)
    threads = [
        threading.Thread(target=lambda n=n: [cache.put({f"t{n} {i}".encode(): b"x" * 99}) for i in range(40)])
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.communicate()[1] for process in running] == [""] * 4
    keys = [f"{name} {i}".encode() for name in (*names, "t0", "t1", "t2") for i in range(40)]
    assert len(ScoreCache(path).get(keys)) == len(keys)
    assert [p.name for p in tmp_path.iterdir() if "aside" in p.name] == []


def test_what_was_unused_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(1000.0, 10.0)
    monkeypatch.setattr(score_cache.time, "time", lambda: next(clock))
    monkeypatch.setattr(score_cache, "_FRESH", 0.0)
    cache = ScoreCache(tmp_path / "s", megabytes=1)
    keys = [bytes([i]) for i in range(40)]
    for key in keys[:8]:
        cache.put({key: os.urandom(100_000)})
    assert set(cache.get([keys[0]])) == {keys[0]}
    for key in keys[8:14]:
        cache.put({key: os.urandom(100_000)})
    left = {key for key in keys if cache.get([key])}
    assert keys[0] in left
    assert keys[1] not in left
    assert keys[13] in left
    assert 0 < cache.size() <= 1_000_000
    assert cache.path.stat().st_size <= 1_100_000
    cache.put({b"huge": os.urandom(2_000_000)})
    assert cache.get([b"huge"]) == {}
    assert keys[13] in cache.get(keys)


@pytest.mark.parametrize("kind", ["text", "truncated", "scrambled", "foreign", "other tables"])
def test_what_is_no_cache_is_set_aside_with_a_note(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "scores.sqlite3"
    if kind == "text":
        path.write_text("these are no scores " * 1000)
    elif kind in ("foreign", "other tables"):
        with sqlite3.connect(path) as database:
            if kind == "other tables":
                database.execute(f"PRAGMA application_id = {score_cache._APPLICATION}")
            database.execute("CREATE TABLE bookmarks (url TEXT)")
        database.close()
    else:
        ScoreCache(path).put({bytes([i]): os.urandom(5000) for i in range(30)})
        data = path.read_bytes()
        path.write_bytes(data[:5000] if kind == "truncated" else data[:100] + os.urandom(len(data) - 100))
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    before = path.read_bytes()
    notes: list[str] = []
    cache = ScoreCache(path)
    assert cache.get([b"key"], notes.append) == {}
    cache.put({b"key": b"value"}, notes.append)
    cache.put({b"key": b"value"}, notes.append)
    assert cache.get([b"key"], notes.append) == {b"key": b"value"}
    assert len(notes) == 1
    assert "renamed to" in notes[0]
    assert "\n" not in notes[0]
    (aside,) = (p for p in tmp_path.iterdir() if ".aside-" in p.name and not p.name.endswith(("-wal", "-shm")))
    assert aside.read_bytes() == before


def test_a_place_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "scores", tmp_path / "folder", Path("/proc/none/scores")):
        cache = ScoreCache(path)
        cache.put({b"key": b"value"})
        assert cache.get([b"key"]) == {}
        (found,) = RememberingScorer(Letters(), cache).score([scoring("a river")], None)
        assert len(found.values) == 2


def test_a_full_disk_fails_nothing(tmp_path: Path) -> None:
    """No file may grow beyond a megabyte in the child, which SQLite sees as a disk that is full."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ctxpipe.compress.score_cache import ScoreCache\n"
        "cache = ScoreCache(Path(sys.argv[1]))\n"
        "for i in range(60):\n"
        "    cache.put({bytes([i]): os.urandom(100_000)})\n"
        "print(len(cache.get([bytes([i]) for i in range(60)])))\n"
    )
    limit = 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "s")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.stderr == ""
    assert 1 <= int(done.stdout) < 60
    assert ScoreCache(tmp_path / "s").get([b"\0"]) != {}


def test_a_busy_file_is_waited_for_and_then_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_cache, "_WAIT", 0.05)
    cache = ScoreCache(tmp_path / "s")
    cache.put({b"a": b"1"})
    holder = sqlite3.connect(cache.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    cache.put({b"b": b"2"})
    assert cache.get([b"a"]) == {b"a": b"1"}
    holder.execute("ROLLBACK")
    holder.close()
    assert cache.get([b"a", b"b"]) == {b"a": b"1"}


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


def test_a_second_budget_of_a_new_process_loads_no_model(tmp_path: Path, tiny_causal: Path) -> None:
    """Both budgets, one below and one above the first, in a process of its own that must not import torch."""
    (tmp_path / "note.txt").write_text(prose(40), encoding="utf-8")
    code = (
        "import json, sys\n"
        "from ctxpipe import Pipeline\n"
        "pipeline = Pipeline(prune='surprisal', scorer=sys.argv[1])\n"
        "texts = [pipeline.compress(sys.argv[2], budget=int(b)).text for b in sys.argv[3:]]\n"
        "print(json.dumps([texts, 'torch' in sys.modules]))\n"
    )

    def run(*budgets: int, scores: str) -> tuple[list[str], bool]:
        done = subprocess.run(
            [sys.executable, "-c", code, str(tiny_causal), str(tmp_path / "note.txt"), *map(str, budgets)],
            env={**os.environ, "CTXPIPE_SCORES": str(tmp_path / scores)},
            capture_output=True,
            text=True,
            check=True,
        )
        texts, torch = json.loads(done.stdout)
        return texts, torch

    assert run(200, scores="a")[1] is True
    texts, torch = run(90, 400, scores="a")
    assert torch is False
    assert texts == run(90, 400, scores="b")[0]


def test_no_cache_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTXPIPE_SCORES", str(tmp_path / "s"))
    document = Document(text=prose(40))
    kept = Pipeline(rank="embedding").compress(document, question="Which market?", budget=60)
    assert (tmp_path / "s").exists()
    (tmp_path / "s").unlink()
    again = Pipeline(rank="embedding", score_cache=0).compress(document, question="Which market?", budget=60)
    assert not (tmp_path / "s").exists()
    assert kept.text == again.text


def test_a_damaged_cache_is_a_note_of_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s").write_bytes(os.urandom(9000))
    monkeypatch.setenv("CTXPIPE_SCORES", str(tmp_path / "s"))
    pipeline = Pipeline(rank="embedding")
    document = Document(text=prose(40))
    (note,) = pipeline.compress(document, question="Which market?", budget=60).notes
    assert "renamed" in note
    assert pipeline.compress(document, question="Which market?", budget=60).notes == ()
