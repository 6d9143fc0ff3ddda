"""Rows of JSON and Parquet files, through ``datasets``."""

from __future__ import annotations

import gzip
import textwrap
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ctxpipe.errors import ReadError

BUILDERS = {".jsonl": "json", ".json": "json", ".jsonl.gz": "json", ".json.gz": "json", ".parquet": "parquet"}
"""The builder of ``datasets`` for each ending."""


def ending_of(file: str) -> str:
    """The ending of a file's name, that of what was compressed included."""
    suffixes = Path(file).suffixes
    return "".join(suffixes[-2:] if suffixes[-1:] == [".gz"] else suffixes[-1:])


def rows_of(sources: Sequence[tuple[Path, str]], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number, counted from 1, and the object of every row. A field that is null is left out.

    Args:
        sources: Files, each with the member to read where it is a zip file, else with an empty text.
        name: What errors call them.

    Raises:
        ReadError: if a file is damaged, or rows differ so much that they make no table.
    """
    number = 0
    for path, member in sources:
        rows = _opened(path, member, name)
        while True:
            with _said(name):
                row = next(rows, None)
            if row is None:
                break
            number += 1
            yield number, {field: value for field, value in row.items() if value is not None}
    if not number:
        raise ReadError(name, "holds no rows")


def _opened(path: Path, member: str, name: str) -> Iterator[dict[str, Any]]:
    builder = BUILDERS[ending_of(member or path.name)]
    place = f"zip://{member}::{path}" if member else str(path)
    with _said(name), _no_ping():
        from datasets import load_dataset

        # Types are those of the first stretch that is read, in which a field may be null everywhere: so it is all.
        options = {"chunksize": _size(path, member) + 1} if builder == "json" else {}
        try:
            return iter(load_dataset(builder, data_files=place, split="train", streaming=True, **options))
        except StopIteration:  # what datasets lets out for an empty file
            return iter(())


def _size(path: Path, member: str) -> int:
    """Bytes of what is read."""
    if member:
        with zipfile.ZipFile(path) as archive:
            return archive.getinfo(member).file_size
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            return sum(len(block) for block in iter(lambda: file.read(2**20), b""))
    return path.stat().st_size


@contextmanager
def _no_ping() -> Iterator[None]:
    """Keep ``datasets`` from telling a server which of its builders is used."""
    from datasets import config

    told = config.HF_UPDATE_DOWNLOAD_COUNTS
    config.HF_UPDATE_DOWNLOAD_COUNTS = False
    try:
        yield
    finally:
        config.HF_UPDATE_DOWNLOAD_COUNTS = told


@contextmanager
def _said(name: str) -> Iterator[None]:
    """Turn what goes wrong in ``datasets``, pyarrow, fsspec or zlib into one line; they share no base."""
    import logging

    logger = logging.getLogger("datasets")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    except Exception as exc:
        reason = textwrap.shorten(str(exc), 160, placeholder=" ...") or type(exc).__name__
        raise ReadError(name, f"cannot be read ({reason})") from exc
    finally:
        logger.setLevel(level)
