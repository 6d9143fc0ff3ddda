"""One JSON line for each request, without its text and without its key."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ctxpipe.errors import UsageError
from ctxpipe.pipeline.gateway.decide import Decision

_LONGEST_NAME = 100


class Log:
    """Appends lines to a file; when that fails, says so once and serves on.

    Args:
        path: The file; None for none.
        on_note: Called with a line for the operator.

    Raises:
        UsageError: if the file cannot be opened.
    """

    def __init__(self, path: Path | None, on_note: Callable[[str], None]) -> None:
        self._path = path
        self._on_note = on_note
        self._failed = False
        try:
            self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as exc:
            raise UsageError(f"--log {path}: {exc.strerror}") from exc

    def write(self, *, kind: str, model: object, status: int, total: float, decision: Decision | None) -> None:
        """Write a line."""
        if self._file is None:
            return
        line = {
            "time": round(time.time(), 3),
            "kind": kind,
            "status": status,
            "total_seconds": round(total, 4),
            **({"model": model[:_LONGEST_NAME]} if isinstance(model, str) else {}),
            **(decision.summary() if decision else {}),
        }
        try:
            os.write(self._file, json.dumps(line).encode() + b"\n")
            self._failed = False
        except OSError as exc:
            if not self._failed:
                self._on_note(f"{self._path} cannot be written ({exc.strerror}); requests go on")
            self._failed = True

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None
