"""Parquet files of requests, and folders of Parquet files of results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ctxpipe.errors import ReadError, UsageError, reason_of
from ctxpipe.pipeline.batch.rows import Id

SUFFIX = ".parquet"


def ids_in(path: Path) -> list[Id]:
    """The ids of requests in a file or a folder of files.

    Raises:
        ReadError: if it cannot be read.
        UsageError: if a request has no id, or two have the same.
    """
    ids: list[Any] = []
    for file in _files(path):
        ids += _columns(file, path, "id")["id"].to_pylist()
    if None in ids:
        raise UsageError(f"{path}: every request of a Parquet file needs an 'id'; row {ids.index(None) + 1} has none")
    name, times = Counter(ids).most_common(1)[0] if ids else ("", 1)
    if times > 1:
        raise UsageError(f"{path}: ids must differ; {name!r} stands there {times} times")
    return ids


def done_in(folder: Path) -> tuple[set[Id], int, int]:
    """Ids whose results are in a folder, how many are errors, and bytes of torn files, which are removed.

    Raises:
        UsageError: if the folder holds something else.
        ReadError: if it cannot be read or mended.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; results in Parquet are a folder of files: name another with -o")
    done: set[Id] = set()
    torn = failed = 0
    for file in _files(folder) if folder.exists() else ():
        if _torn(file):  # Ray writes to the file's own name, so a writer that was killed leaves a part of it
            torn += file.stat().st_size
            file.unlink()
        else:
            columns = _columns(file, folder, "id", "error")
            done.update(columns["id"].to_pylist())
            failed += len(columns) - columns["error"].null_count
    return done, failed, torn


def errors_in(folder: Path, before: set[Id]) -> Iterator[tuple[Id, str | None]]:
    """Id and error, or None, of each result that was not there before."""
    for file in _files(folder):
        for row in _columns(file, folder, "id", "error").to_pylist():
            if row["id"] not in before:
                yield row["id"], row["error"]


def _files(path: Path) -> list[Path]:
    return sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]


def _torn(file: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(file)
    except pa.ArrowInvalid:
        return True
    except OSError as exc:
        raise ReadError(str(file), reason_of(exc)) from exc
    return False


def _columns(file: Path, of: Path, *names: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            if missing := [name for name in names if name not in opened.schema_arrow.names]:
                raise UsageError(f"{of}: {file.name} has no column {missing[0]!r}")
            return opened.read(columns=list(names))
    except (OSError, pa.ArrowInvalid) as exc:
        raise ReadError(str(file), reason_of(exc)) from exc
