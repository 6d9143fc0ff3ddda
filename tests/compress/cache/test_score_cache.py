"""The file that scores are kept in: shared, held to a size, and never in the way."""

from __future__ import annotations

import itertools
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ctxpipe.compress.cache import score_cache
from ctxpipe.compress.cache.score_cache import ScoreCache

WRITER = """
import sys
from pathlib import Path
from ctxpipe.compress.cache.score_cache import ScoreCache
cache, name = ScoreCache(Path(sys.argv[1])), sys.argv[2]
for index in range(40):
    cache.put({f"{name} {index}".encode(): f"{name} {index}".encode() * 50})
    assert cache.get([f"{name} {index}".encode()])
"""


@pytest.fixture
def cache(tmp_path: Path) -> ScoreCache:
    return ScoreCache(tmp_path / "folder" / "scores.sqlite3")


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
    assert 0 < sum(map(len, cache.get(keys).values())) <= 1_000_000
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


def test_a_full_disk_fails_nothing(tmp_path: Path) -> None:
    """No file may grow beyond a megabyte in the child, which SQLite sees as a disk that is full."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ctxpipe.compress.cache.score_cache import ScoreCache\n"
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
