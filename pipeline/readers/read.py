"""Reads documents from files, patterns, directories and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, get_args

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError, UsageError
from ctxpipe.pipeline.readers.find import FoundFile, find, os_reason, shown
from ctxpipe.pipeline.readers.kinds import REFUSED, by_name
from ctxpipe.pipeline.readers.load import EMPTY, load
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.text.decode import HEAD, binary_reason

STDIN = "stdin"
"""Source of a document from standard input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """Documents that were read, and failures.

    Attributes:
        documents: The documents, in the order of the paths, those of a directory in sorted order.
        failures: One error per path that could not be read.
        skipped: Files from a directory or a pattern without text (binary or empty), with the reason.
    """

    documents: tuple[Document, ...]
    failures: tuple[ReadError, ...]
    skipped: tuple[ReadError, ...] = ()


def read(
    paths: Sequence[str | os.PathLike[str] | Document],
    *,
    errors: Literal["strict", "replace"] = "strict",
    stdin: BinaryIO | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> ReadResult:
    """Read documents; a failure does not stop the others.

    The text of a plain file (text, Markdown, code, JSON, CSV) is exactly the decoded file without its byte-order mark:
    newlines are unchanged, and offsets are file offsets. HTML, PDF and office files are converted to readable text, and
    offsets count its characters.

    Args:
        paths: Files, directories (read recursively), patterns (``docs/**/*.md``), ``"-"`` for standard input, or
            documents, which are returned unchanged. A file that is named twice is read once.
        errors: ``"replace"`` replaces undecodable bytes by U+FFFD instead of failing.
        stdin: Stream for ``"-"``; the process's standard input by default.
        on_progress: Called with (source, files done, total files) before each file, and once at the end.

    Returns:
        The documents and the failures. A path that cannot be read raises nothing.

    Raises:
        UsageError: if there are no paths, one is neither path nor document, or ``errors`` is unknown.
    """
    if isinstance(paths, str | os.PathLike | Document):
        paths = [paths]
    if not paths:
        raise UsageError("nothing to read: give a file, a directory, a pattern, or - for standard input")
    if errors not in get_args(Errors):
        raise UsageError(f"errors must be 'strict' or 'replace', not {errors!r}")
    arguments = [path if isinstance(path, Document) else _argument(path) for path in paths]
    plan = [(argument, _jobs(argument)) for argument in arguments]
    total = sum(len(jobs) for _, jobs in plan)
    reader = _Reader(errors, stdin)
    done = 0
    for argument, jobs in plan:
        outcomes, skipped = reader.outcomes, len(reader.skipped)
        for job in jobs:
            if on_progress is not None:
                on_progress(job if isinstance(job, str) else job.source, done, total)
            reader.take(job)
            done += 1
        if reader.outcomes == outcomes:
            reason = f"no text files in it (passed over: {len(reader.skipped) - skipped})"
            reader.failures.append(ReadError(_name(argument), reason))
    if on_progress is not None:
        on_progress("", total, total)
    return ReadResult(documents=tuple(reader.documents), failures=tuple(reader.failures), skipped=tuple(reader.skipped))


_Job = Document | FoundFile | ReadError | str


def _argument(path: str | os.PathLike[str]) -> str:
    try:
        return os.fsdecode(path)
    except TypeError as exc:
        raise UsageError(f"a path or a Document is needed, not {type(path).__name__}") from exc


def _name(argument: str | Document) -> str:
    return argument.source if isinstance(argument, Document) else shown(argument)


def _jobs(argument: str | Document) -> list[_Job]:
    if isinstance(argument, Document):
        return [argument]
    return [STDIN] if argument == "-" else list(find(argument))


class _Reader:
    """Reads one file after the other and collects documents and failures."""

    def __init__(self, errors: Errors, stdin: BinaryIO | None) -> None:
        self.documents: list[Document] = []
        self.failures: list[ReadError] = []
        self.skipped: list[ReadError] = []
        self._errors = errors
        self._stdin = stdin
        self._seen: set[str] = set()
        self._passed_over: set[str] = set()
        self._repeated = 0

    @property
    def outcomes(self) -> int:
        """Number of files with a document or a failure, or read before."""
        return len(self.documents) + len(self.failures) + self._repeated

    def take(self, job: _Job) -> None:
        if isinstance(job, Document):
            self.documents.append(job)
        elif isinstance(job, ReadError):
            self.failures.append(job)
        elif self._is_new(job):
            source = job if isinstance(job, str) else job.source
            try:
                document = self._read_stdin() if isinstance(job, str) else self._read_file(job)
            except ReadError as exc:
                self.failures.append(exc)
            except MemoryError:
                self.failures.append(ReadError(source, "too large for the memory of this machine"))
            else:
                self.documents.extend([document] if document else [])

    def _is_new(self, job: FoundFile | str) -> bool:
        """Whether a file must be read: it is new, or it was skipped and is now named."""
        key = STDIN if isinstance(job, str) else os.path.realpath(job.path)
        named = isinstance(job, str) or job.named
        if key in self._seen and not (named and key in self._passed_over):
            self._repeated += 1
            return False
        self._seen.add(key)
        self._passed_over.discard(key)
        return True

    def _read_stdin(self) -> Document:
        stream = self._stdin or getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise ReadError(STDIN, "there is no standard input")
        try:
            data = stream.read()
        except (OSError, ValueError) as exc:
            raise ReadError(STDIN, os_reason(exc)) from exc
        return load(data, source=STDIN, name="", errors=self._errors)

    def _read_file(self, asked: FoundFile) -> Document | None:
        """The document of a file; None if it is skipped.

        The head is checked first, so that a video in a directory is not read to its end.
        """
        try:
            with open(asked.path, "rb") as file:
                reason = _unreadable(asked, file.read(HEAD))
                file.seek(0)
                data = b"" if reason else file.read()
        except OSError as exc:
            raise ReadError(asked.source, os_reason(exc)) from exc
        if not reason and not data.isspace():
            return load(data, source=asked.source, name=asked.path, errors=self._errors)
        error = ReadError(asked.source, reason or EMPTY)
        if asked.named:
            raise error
        self.skipped.append(error)
        self._passed_over.add(os.path.realpath(asked.path))
        return None


def _unreadable(asked: FoundFile, head: bytes) -> str:
    """Why a file has no text, by its name and head; empty if it may have text."""
    if not head:
        return EMPTY
    if advice := REFUSED.get(os.path.splitext(asked.path)[1].lower()):
        return advice
    format = by_name(asked.path)
    if format is not None and format.reader not in ("text", "html"):
        return ""
    # Without a known extension, a PDF is recognised by its head, and a named ZIP archive may be an office file.
    if format is None and head.startswith((b"%PDF-", b"PK\x03\x04") if asked.named else b"%PDF-"):
        return ""
    return binary_reason(head)
