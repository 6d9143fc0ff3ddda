"""JSONL files, plain or gzipped, read line by line with errors that name the line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from ctxpipe.errors import ReadError

OnTorn = Callable[[int, int], None]
"""Called with the line number and the byte offset of an incomplete last line."""


def read_objects(path: Path, *, on_torn: OnTorn | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line number, counted from 1, and the JSON object of every line that is not blank.

    Args:
        path: A ``.jsonl`` or ``.jsonl.gz`` file.
        on_torn: Called for a last line that is not JSON, as a killed writer leaves it; the line is then skipped.
            Without it, such a line is an error.

    Raises:
        ReadError: if the file cannot be read or a line is not a JSON object.
    """
    offset = 0
    torn: tuple[int, int, str] | None = None
    for number, raw in enumerate(_lines(path), start=1):
        start, offset = offset, offset + len(raw)
        if not raw.strip():
            continue
        if torn:
            raise ReadError(f"{path}, line {torn[0]}", torn[2])
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as exc:
            torn = number, start, f"not JSON ({exc})"
            continue
        if not isinstance(value, dict):
            raise ReadError(f"{path}, line {number}", "not a JSON object")
        yield number, value
    if torn:
        if on_torn is None:
            raise ReadError(f"{path}, line {torn[0]}", torn[2])
        on_torn(torn[0], torn[1])


def _lines(path: Path) -> Iterator[bytes]:
    with _opened(path) as file:
        yield from file


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as file:
            yield file
    except EOFError as exc:
        raise ReadError(str(path), "the gzip file is cut short") from exc
    except (gzip.BadGzipFile, zlib.error) as exc:
        raise ReadError(str(path), f"not a gzip file ({exc})") from exc
    except OSError as exc:
        raise ReadError(str(path), exc.strerror or str(exc)) from exc
