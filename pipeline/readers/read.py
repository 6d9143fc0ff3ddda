"""Reads documents from files, patterns, directories and standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.reading import ReadFile, Reading
from ctxpipe.pipeline.readers.repository.passed import PassedOver


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """Documents that were read, and failures.

    Attributes:
        documents: The documents, in the order of the paths, those of a directory in sorted order.
        failures: One error per path that could not be read.
        skipped: Files from a directory or a pattern without text (binary or empty), with the reason.
        passed_over: Files and folders from a directory or a pattern that were not read, empty files aside.
        notes: What must be known of what was not read, one line each.
    """

    documents: tuple[Document, ...]
    failures: tuple[ReadError, ...]
    skipped: tuple[ReadError, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    notes: tuple[str, ...] = ()


def read(
    paths: Sequence[str | os.PathLike[str] | Document],
    *,
    errors: Literal["strict", "replace"] = "strict",
    all_files: bool = False,
    stdin: BinaryIO | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> ReadResult:
    """Read documents; a failure does not stop the others.

    The text of a plain file (text, Markdown, code, JSON, CSV) is exactly the decoded file without its byte-order mark:
    newlines are unchanged, and offsets are file offsets. In a chat that was exported as text, a line break inside a
    message is a space; one that was exported as JSON is its messages, one a line. HTML, PDF, office files and the other
    formats are converted to readable text, and offsets count its characters.

    Args:
        paths: Files, directories (read recursively), patterns (``docs/**/*.md``), ``"-"`` for standard input, or
            documents, which are returned unchanged. A file that is named twice is read once.
        errors: ``"replace"`` replaces undecodable bytes by U+FFFD instead of failing.
        all_files: Reads what is passed over in directories and patterns, and names that begin with a dot; still not
            binary files, secrets, and the folders of version control.
        stdin: Stream for ``"-"``; the process's standard input by default.
        on_progress: Called with (source, files done, total files) before each file, and once at the end.

    Returns:
        The documents and the failures. A path that cannot be read raises nothing.

    Raises:
        UsageError: if there are no paths, one is neither path nor document, or ``errors`` is unknown.
    """
    reading = Reading(paths, errors=errors, all_files=all_files, stdin=stdin, on_progress=on_progress)
    documents = tuple(one.document for one in reading if isinstance(one, ReadFile))
    return ReadResult(
        documents=documents,
        failures=tuple(reading.failures),
        skipped=tuple(reading.skipped),
        passed_over=tuple(reading.passed.values()),
        notes=tuple(reading.notes),
    )
