"""Files that are written whole or not at all."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from ctxpipe.commands.shared.files import write_file


def test_a_new_file_has_the_permissions_of_any_other_and_an_old_one_its_own(tmp_path: Path) -> None:
    plain, written = tmp_path / "plain", tmp_path / "written"
    plain.write_text("x")
    write_file(written, "caf\udce9\r\n")
    assert written.read_bytes() == b"caf\xe9\r\n"
    assert written.stat().st_mode == plain.stat().st_mode
    written.chmod(0o640)
    write_file(written, b"\x00")
    assert (written.read_bytes(), written.stat().st_mode & 0o777) == (b"\x00", 0o640)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    old = tmp_path / "old.txt"
    old.write_text("old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            write_file(old, "x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.filename == str(old)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]
