"""Files that are either whole or not there, and progress lines with the time left."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click


def replace_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file beside its place, bring it to the disk, then rename it; a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON, indented, atomically."""
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    replace_atomically(path, lambda file: file.write(text.encode("utf-8")))


def read_json(path: Path) -> Any:
    """Read JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    """Hash of a file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Progress:
    """Lines on standard error: what is done, of how much, and how long the rest takes at the speed so far.

    Args:
        label: What is being done.
        every: Seconds between two lines.
    """

    def __init__(self, label: str, *, every: float = 15.0) -> None:
        self._label, self._every = label, every
        self._started = self._said = time.monotonic()
        self._first: int | None = None

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is; at most once in ``every`` seconds, and at the end."""
        now = time.monotonic()
        if self._first is None:
            self._first = done
        if now - self._said < self._every and done < total:
            return
        self._said = now
        gone = done - self._first
        left = (now - self._started) / gone * (total - done) if gone else 0.0
        rest = f", {left / 60:.1f} min left" if gone and done < total else ""
        click.echo(f"{self._label}: {done:,} of {total:,}{rest}{note}", err=True)
