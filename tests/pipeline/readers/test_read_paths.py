"""Which files a path, a pattern or a directory names, and what is said of those that cannot be read."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ctxpipe.compress.types import Document
from ctxpipe.errors import UsageError
from ctxpipe.pipeline.readers.read import ReadResult, read
from ctxpipe.pipeline.readers.reading import STDIN
from ctxpipe.pipeline.readers.repository.passed import Reason

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a small tree of documents in it."""
    for name in ("docs/b.md", "docs/a.txt", "docs/sub/c.py", "docs/sub/deep/d.txt", "docs/Z.txt", "top.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}")
    for name in ("docs/.hidden.txt", "docs/.git/config", "docs/~$b.docx"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("not to be read")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sources(result: ReadResult) -> list[str]:
    return [document.source for document in result.documents]


def reasons(result: ReadResult) -> dict[str, str]:
    assert all("\n" not in str(failure) for failure in result.failures)
    return {failure.source: failure.reason for failure in result.failures}


WALKED = ["docs/Z.txt", "docs/a.txt", "docs/b.md", "docs/sub/c.py", "docs/sub/deep/d.txt"]


def test_a_directory_is_walked_in_sorted_order_without_hidden_files(folder: Path) -> None:
    result = read(["docs"])
    assert sources(result) == WALKED
    assert result.failures == result.skipped == ()
    assert sources(read([folder / "docs"])) == [str(folder / name) for name in WALKED]
    assert sources(read(["docs/"])) == WALKED
    assert sources(read(["./docs"])) == [f"./{name}" for name in WALKED]
    assert sources(read(["docs/.git"])) == ["docs/.git/config"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("docs/*.txt", ["docs/Z.txt", "docs/a.txt"]),
        ("docs/?.md", ["docs/b.md"]),
        ("docs/[ab].*", ["docs/a.txt", "docs/b.md"]),
        ("docs/**/*.txt", ["docs/Z.txt", "docs/a.txt", "docs/sub/deep/d.txt"]),
        ("**/c.py", ["docs/sub/c.py"]),
        ("do*/sub", ["docs/sub/c.py", "docs/sub/deep/d.txt"]),
        ("docs/.h*", ["docs/.hidden.txt"]),
        ("./t*.txt", ["./top.txt"]),
    ],
)
def test_patterns(folder: Path, pattern: str, found: list[str]) -> None:
    result = read([pattern])
    assert sorted(sources(result)) == sorted(name.removeprefix("./") for name in found)
    absolute = read([str(folder / pattern)])
    assert sorted(sources(absolute)) == sorted(str(folder / name) for name in found)


def test_a_pattern_that_is_a_files_name_is_that_file(folder: Path) -> None:
    (folder / "[1]*.txt").write_text("literal")
    (folder / "1x.txt").write_text("pattern")
    assert [document.text for document in read(["[1]*.txt"]).documents] == ["literal"]
    (folder / "[1]*.txt").unlink()
    assert [document.text for document in read(["[1]*.txt"]).documents] == ["pattern"]


def test_patterns_that_match_nothing(folder: Path) -> None:
    assert reasons(read(["*.pdf", "nowhere/**/*.txt", "docs/[.txt", "docs/**x**/y"])) == {
        "*.pdf": "no file matches this pattern",
        "nowhere/**/*.txt": "no file matches this pattern",
        "docs/[.txt": "no file matches this pattern",
        "docs/**x**/y": reasons(read(["docs/**x**/y"]))["docs/**x**/y"],
    }


@pytest.mark.usefixtures("folder")
def test_a_file_named_twice_is_read_once() -> None:
    os.symlink("top.txt", "link.txt")
    result = read(["docs/b.md", "top.txt", "docs", "./top.txt", "docs/../docs/a.txt", "link.txt", "docs/*.md", "docs"])
    assert sources(result) == [
        "docs/b.md",
        "top.txt",
        "docs/Z.txt",
        "docs/a.txt",
        "docs/sub/c.py",
        "docs/sub/deep/d.txt",
    ]
    assert result.failures == ()


def test_links_in_a_directory(folder: Path) -> None:
    shutil.rmtree(folder / "docs/.git")  # links out of a repository are not read
    os.symlink("..", folder / "docs/sub/up")
    os.symlink(".", folder / "docs/self")
    os.symlink("../top.txt", folder / "docs/file-link.txt")
    os.symlink("nowhere", folder / "docs/dangling")
    os.symlink("circle", folder / "docs/circle")
    result = read(["docs"])
    assert sources(result) == ["docs/Z.txt", "docs/a.txt", "docs/b.md", "docs/file-link.txt", *WALKED[3:]]
    assert reasons(result) == {}
    assert [(one.source, one.reason) for one in result.passed_over] == [
        ("docs/circle", Reason.BROKEN),
        ("docs/dangling", Reason.BROKEN),
    ]
    assert reasons(read(["docs/dangling"])) == {"docs/dangling": "no such file or directory"}
    assert sources(read(["docs/self"])) == [name.replace("docs", "docs/self") for name in sources(result)]
    assert "docs/a.txt" in sources(read(["**/*.txt"]))


def test_what_holds_no_text_in_a_directory_is_skipped_and_counted(folder: Path) -> None:
    (folder / "docs/image.png").write_bytes(PNG)
    (folder / "docs/image").write_bytes(PNG)
    (folder / "docs/data.bin").write_bytes(bytes(range(256)) * 10)
    (folder / "docs/archive.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    (folder / "docs/old.doc").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(100))
    (folder / "docs/sub/__init__.py").write_bytes(b"")
    (folder / "docs/sub/blank.txt").write_bytes(b"\n\n")
    result = read(["docs"])
    assert sources(result) == WALKED
    assert result.failures == ()
    assert len(result.skipped) == 7
    assert len(read(["docs/*"]).skipped) == 7
    assert reasons(read(["docs/image.png", "docs/sub/__init__.py"])) == {
        "docs/image.png": "a binary file (a PNG image), not text",
        "docs/sub/__init__.py": "empty",
    }


def test_a_file_that_was_passed_over_and_is_then_named_fails_once(folder: Path) -> None:
    (folder / "docs/image.png").write_bytes(PNG)
    result = read(["docs", "docs/image.png", "docs/image.png", "docs"])
    assert sources(result) == WALKED
    assert list(reasons(result)) == ["docs/image.png"]
    assert len(result.failures) == len(result.skipped) == 1


def test_one_bad_file_does_not_stop_the_rest(folder: Path) -> None:
    (folder / "docs/broken.txt").write_bytes(b"one \xff byte")
    (folder / "docs/broken.pdf").write_bytes(b"%PDF-1.4 no")
    (folder / "docs/zero.txt").write_bytes(b"one \0 byte")
    result = read(["docs", "missing.txt", "top.txt"])
    assert sources(result) == [*WALKED, "top.txt"]
    assert sorted(reasons(result)) == ["docs/broken.pdf", "docs/broken.txt", "docs/zero.txt", "missing.txt"]


def test_a_directory_without_text(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "images").mkdir()
    (folder / "images/a.png").write_bytes(PNG)
    assert reasons(read(["empty", "images", "images/*.png", "docs"])) == {
        "empty": "no files in it",
        "images": "no text files in it (passed over: 1)",
    }
    assert reasons(read(["images/*.png"])) == {"images/*.png": "no text files in it (passed over: 1)"}


def test_what_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "docs/pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        found = reasons(
            read(["pipe", "socket", os.devnull, "missing", "top.txt/below", "n" * 300, "a\0b", "", "two\nlines"])
        )
    assert found == {
        "pipe": "a named pipe, not a file; pipe its content in and read '-'",
        "socket": "a socket, not a file; pipe its content in and read '-'",
        os.devnull: "a device, not a file; pipe its content in and read '-'",
        "missing": "no such file or directory",
        "top.txt/below": "not a directory",
        "n" * 300: "file name too long",
        "a\\x00b": "embedded null byte",
        "''": "no such file or directory",
        "two\\nlines": "no such file or directory",
    }
    assert sources(read(["docs"])) == WALKED


def test_a_text_given_as_a_path_makes_no_huge_line() -> None:
    result = read(["word " * 1_000_000])
    assert result.failures[0].reason == "file name too long"
    assert len(str(result.failures[0])) < 200


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(folder: Path) -> None:
    for name in ("docs/a.txt", "docs/sub"):
        (folder / name).chmod(0)
    try:
        assert reasons(read(["docs"])) == {"docs/a.txt": "permission denied", "docs/sub": "permission denied"}
    finally:
        (folder / "docs/sub").chmod(0o700)


def test_an_entry_that_the_system_refuses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("ctxpipe.pipeline.readers.find.os.scandir", refuse)
    result = read(["docs"])
    assert sources(result) == WALKED[:3]
    assert reasons(result) == {"docs/sub": "permission denied"}


def test_names_that_no_encoding_holds(folder: Path) -> None:
    (folder / "odd").mkdir()
    with open(os.path.join(os.fsencode(folder), b"odd", b"caf\xe9.txt"), "wb") as file:
        file.write(b"text")
    (folder / "odd/今天 👨‍👩‍👧.txt").write_text("text")
    (folder / "odd/two\nlines.txt").write_text("text")
    result = read(["odd"])
    assert sorted(sources(result)) == ["odd/caf\ufffd.txt", "odd/two\\nlines.txt", "odd/今天 👨‍👩‍👧.txt"]
    assert all(source.encode() for source in sources(result))


def test_documents_pass_through() -> None:
    note = Document(text="", source="note")
    result = read([note, note])
    assert all(document is note for document in result.documents)
    assert len(result.documents) == 2


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sources(read(["-", "-"], stdin=io.BytesIO(b"piped"))) == [STDIN]
    assert reasons(read(["-"], stdin=io.BytesIO(b""))) == {STDIN: "empty"}
    closed = io.BytesIO()
    closed.close()
    assert "closed file" in reasons(read(["-"], stdin=closed))[STDIN]
    monkeypatch.setattr(sys, "stdin", None)
    assert reasons(read(["-"])) == {STDIN: "there is no standard input"}


def test_the_process_reads_its_own_standard_input() -> None:
    code = "from ctxpipe.pipeline.readers.read import read; print(ascii(read(['-']).documents[0].text))"
    done = subprocess.run([sys.executable, "-c", code], input="größe\r\n".encode(), capture_output=True, check=True)
    assert done.stdout.decode().strip() == ascii("größe\r\n")


@pytest.mark.usefixtures("folder")
def test_progress_names_each_file_before_it_is_read() -> None:
    calls: list[tuple[str, int, int]] = []
    read(["docs/a.txt", "missing", Document(text="x", source="note")], on_progress=lambda *call: calls.append(call))
    assert calls == [("docs/a.txt", 0, 3), ("missing", 1, 3), ("note", 2, 3), ("", 3, 3)]


@pytest.mark.usefixtures("folder")
def test_requests_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match="nothing to read"):
        read([])
    with pytest.raises(UsageError, match="a path or a Document is needed, not int"):
        read([3])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="decode_errors must be"):
        read(["top.txt"], errors="ignore")  # type: ignore[arg-type]
    assert sources(read("top.txt")) == ["top.txt"]


def test_reading_text_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ctxpipe.pipeline.readers.read import read; read([sys.argv[1]]);"
        "print(sorted({'pypdfium2', 'selectolax', 'markitdown', 'openpyxl', 'torch', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, __file__], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
