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
"""The builder of ``datasets`` for each file extension."""


def ending_of(file: str) -> str:
    """The extension of a file, including that before a compression suffix."""
    suffixes = Path(file).suffixes
    return "".join(suffixes[-2:] if suffixes[-1:] == [".gz"] else suffixes[-1:])


def rows_of(sources: Sequence[tuple[Path, str]], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number, counted from 1, and the object of every row, without null fields.

    Args:
        sources: Files, each with the member to read if it is a zip file, else with an empty string.
        name: Their name in errors.

    Raises:
        ReadError: if a file is damaged, or rows differ too much to form a table.
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

        # Types are inferred from the first block, in which a field can be null throughout; so the block is the whole
        # file.
        options = {"chunksize": _size(path, member) + 1} if builder == "json" else {}
        try:
            return iter(load_dataset(builder, data_files=place, split="train", streaming=True, **options))
        except StopIteration:  # what datasets raises for an empty file
            return iter(())


def _size(path: Path, member: str) -> int:
    """Number of bytes to read."""
    if member:
        with zipfile.ZipFile(path) as archive:
            return archive.getinfo(member).file_size
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            return sum(len(block) for block in iter(lambda: file.read(2**20), b""))
    return path.stat().st_size


@contextmanager
def _no_ping() -> Iterator[None]:
    """Keep ``datasets`` from reporting its builders to a server."""
    from datasets import config

    told = config.HF_UPDATE_DOWNLOAD_COUNTS
    config.HF_UPDATE_DOWNLOAD_COUNTS = False
    try:
        yield
    finally:
        config.HF_UPDATE_DOWNLOAD_COUNTS = told


@contextmanager
def _said(name: str) -> Iterator[None]:
    """Turn errors of ``datasets``, pyarrow, fsspec and zlib, which have no common base, into one line."""
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
