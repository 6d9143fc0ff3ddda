"""Record files: append-only JSONL, one line per item and arm, from which a stopped run resumes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ctxpipe.closing import Closing
from ctxpipe.errors import CtxpipeError, ReadError
from ctxpipe.evals.suites.jsonl import read_objects
from ctxpipe.evals.types import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRecords:
    """The records of a file in order, and notes for the user about damage."""

    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()


def load_records(path: str | Path) -> LoadedRecords:
    """Read a record file without changing it. An incomplete last line is ignored, with a note.

    Raises:
        ReadError: if the file cannot be read, or any other line is not a record; it names the line.
    """
    path = Path(path)
    notes: list[str] = []
    records = tuple(
        Record.from_mapping(value, f"{path}, line {number}")
        for number, value in read_objects(path, on_torn=lambda number, _: notes.append(torn_note(path, number)))
    )
    return LoadedRecords(records=records, notes=tuple(notes))


def torn_note(path: Path, number: int) -> str:
    """The note for an ignored last line."""
    return f"{path}: the last line, {number}, is cut short and was left out"


def latest(records: Iterable[Record]) -> dict[tuple[str, str], Record]:
    """The last record of each item and arm, which replaces an earlier error."""
    return {(record.id, record.arm): record for record in records}


class RecordFile(Closing):
    """A record file open for appending, as a context manager. Thread-safe.

    Opening creates the file or continues it. While it is open, no other process can open it.

    Args:
        path: The file; its folder is created.

    Attributes:
        records: The records in the file when it was opened.
        notes: Notes for the user: an incomplete last line of a killed writer is removed.

    Raises:
        CtxpipeError: if another run has the file open.
        ReadError: if it cannot be written, or a line other than the last is not a record.
    """

    def __init__(self, path: str | Path) -> None:
        from filelock import FileLock, Timeout

        self.path = Path(path)
        self._guard = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(f"{self.path}.lock", thread_local=False)
            self._lock.acquire(timeout=0)
        except Timeout as exc:
            raise CtxpipeError(f"{self.path}: another run is writing to this file") from exc
        except OSError as exc:
            raise ReadError(str(self.path), exc.strerror or str(exc)) from exc
        try:
            self.records, self.notes = self._resume()
            self._file: IO[bytes] = self.path.open("ab")
        except BaseException as exc:
            self._lock.release()
            if isinstance(exc, OSError):
                raise ReadError(str(self.path), exc.strerror or str(exc)) from exc
            raise

    def _resume(self) -> tuple[tuple[Record, ...], tuple[str, ...]]:
        if not self.path.exists():
            return (), ()
        torn: list[tuple[int, int]] = []
        records = tuple(
            Record.from_mapping(value, f"{self.path}, line {number}")
            for number, value in read_objects(self.path, on_torn=lambda *where: torn.append(where))
        )
        notes = []
        with self.path.open("r+b") as file:
            for number, offset in torn:
                file.truncate(offset)
                notes.append(f"{self.path}: the last line, {number}, was cut short and was removed")
            end = file.seek(0, 2)
            if end and (file.seek(end - 1), file.read(1))[1] != b"\n":
                file.write(b"\n")
        return records, tuple(notes)

    def append(self, record: Record) -> None:
        """Write one record. It is flushed to the operating system, so killing the process does not lose it.

        Raises:
            CtxpipeError: if it cannot be written, for example on a full disk.
        """
        line = record.to_json().encode(errors="surrogatepass") + b"\n"
        with self._guard:
            try:
                self._file.write(line)
                self._file.flush()
            except (OSError, ValueError) as exc:
                raise CtxpipeError(f"{self.path}: cannot write a record ({exc})") from exc

    def close(self) -> None:
        """Close the file and release its lock. A second call does nothing."""
        with self._guard:
            self._file.close()
            self._lock.release()
