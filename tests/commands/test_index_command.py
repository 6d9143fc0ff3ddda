"""``ctxpipe index``, and corpus files in the other commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands_support import Command
from samples import prose


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capfd, monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "travel.md").write_text(f"# Travel\n\n{prose(30)}\n\nThe violet ledger signs for travel.\n")
    (folder / "sick.txt").write_text(f"{prose(30, 1)}\n\nThe crimson ledger signs for sick leave.\n")
    return folder


def test_a_corpus_is_made_asked_shown_and_updated(run: Command, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "handbook.ctx"
    made = run("index", folder, "-o", file)
    assert (made.code, made.out) == (0, "")
    assert f"{file}: 2 documents" in made.err
    asked = run("compress", file, "-q", "Who signs for travel?", "--budget", 60, "--rank", "bm25")
    assert asked.code == 0
    assert "violet ledger" in asked.out
    direct = run("compress", folder, "-q", "Who signs for travel?", "--budget", 60, "--rank", "bm25")
    assert asked.out == direct.out
    (folder / "new.txt").write_text("The amber ledger signs for books.")
    assert "1 new or changed, 2 unchanged, 0 gone" in run("index", "-o", file).err
    shown = run("index", "--show", file)
    assert shown.code == 0
    assert len(shown.out.splitlines()) == 3
    assert "amber" not in shown.out
    assert "3 documents" in shown.err


def test_vectors_are_counted_and_can_be_left_out(run: Command, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "handbook.ctx"
    assert "passages embedded" in run("index", folder, "-o", file).err
    every = re.search(r"(\d+), (\d+) of them with a vector", run("index", "--show", file).err)
    assert every is not None
    assert every[1] == every[2] != "0"
    assert "embedded" not in run("index", "-o", file, "--no-dense").err
    assert f"{every[1]}, 0 of them with a vector" in run("index", "--show", file).err


def test_one_bad_file_among_many_is_one_line_and_exit_1(run: Command, folder: Path, tmp_path: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    made = run("index", folder, "-o", tmp_path / "handbook.ctx")
    assert made.code == 1
    assert "Traceback" not in made.err
    assert sum(line.startswith("error:") for line in made.err.splitlines()) == 1
    assert "2 documents" in made.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name the corpus file"),
        (("handbook",), "name the corpus file"),
        (("handbook", "-o", "-"), "cannot go to standard output"),
        (("-o", "new.ctx"), "nothing was indexed into it yet"),
        (("--show", "new.ctx"), "there is no such file"),
        (("missing", "-o", "new.ctx"), "missing"),
        (("--show", "a.ctx", "-o", "b.ctx"), "goes with nothing else"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "handbook").mkdir()
    outcome = run("index", *arguments)
    assert outcome.code in (1, 2)
    assert says in outcome.err
    assert "Traceback" not in outcome.err
