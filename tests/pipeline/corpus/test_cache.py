"""The cache of documents: the second question opens no file, and no fault of the cache fails a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import prose

from ctxpipe.pipeline.corpus import cache as caching
from ctxpipe.pipeline.pipeline import Pipeline
from ctxpipe.pipeline.readers import reading

QUESTION = "What does the violet ledger say?"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where documents are kept; every document is worth it."""
    path = tmp_path / "cache" / "documents.ctx"
    monkeypatch.setenv("CTXPIPE_DOCUMENTS", str(path))
    monkeypatch.setattr(caching, "LEAST_CHARACTERS", 1)
    monkeypatch.setattr("ctxpipe.pipeline.corpus.gather.LEAST_CHARACTERS", 1)
    return path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sources of the files that were read, in order."""
    names: list[str] = []
    load = reading.load

    def noted(data: bytes, *, source: str, name: str, errors: reading.Errors = "strict") -> object:
        names.append(Path(source).name)
        return load(data, source=source, name=name, errors=errors)

    monkeypatch.setattr(reading, "load", noted)
    return names


def files(folder: Path) -> Path:
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(f"{prose(40, number)}\n\nThe violet ledger {number} says so.\n")
    return folder


def ask(folder: Path, **options: object) -> str:
    return Pipeline(rank="bm25", **options).compress(folder, question=QUESTION, budget=120).text  # type: ignore[arg-type]  # options of each test


def test_the_second_question_reads_only_what_has_changed(tmp_path: Path, kept: Path, opened: list[str]) -> None:
    folder = files(tmp_path / "files")
    first = ask(folder)
    assert opened == ["0.txt", "1.txt", "2.txt"]
    assert ask(folder) == first
    assert len(opened) == 3
    (folder / "1.txt").write_text("The violet ledger is lost.\n")
    assert "is lost" in ask(folder)
    assert opened[3:] == ["1.txt"]
    assert kept.stat().st_mode & 0o077 == 0


def test_without_a_cache_nothing_is_kept(tmp_path: Path, kept: Path, opened: list[str]) -> None:
    folder = files(tmp_path / "files")
    assert ask(folder, score_cache=0) == ask(folder, score_cache=0)
    assert len(opened) == 6
    assert not kept.exists()


@pytest.mark.parametrize("rubbish", [b"", b"rubbish", b"SQLite format 3\x00" + b"\x00" * 4000])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, kept: Path, opened: list[str], rubbish: bytes) -> None:
    folder = files(tmp_path / "files")
    kept.parent.mkdir()
    kept.write_bytes(rubbish)
    first = ask(folder)
    assert ask(folder) == first
    assert len(opened) == 3


def test_a_cache_that_cannot_be_written_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctxpipe.pipeline.corpus.gather.LEAST_CHARACTERS", 1)
    monkeypatch.setenv("CTXPIPE_DOCUMENTS", "/dev/null/none")
    folder = files(tmp_path / "files")
    assert ask(folder) == ask(folder, score_cache=0)


def test_the_oldest_are_deleted_above_the_limit(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = files(tmp_path / "files")
    monkeypatch.setattr(caching.DocumentCache.__init__, "__kwdefaults__", {"path": None, "limit": 12_000})
    ask(folder)
    database = caching.Store(kept)
    assert 0 < database.rows("SELECT count(*) FROM document")[0][0] < 3
