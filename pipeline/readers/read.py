"""Reads documents from files, patterns, directories and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, get_args

from ctxpipe.compress.text.noise import noise_kind
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError, UsageError
from ctxpipe.pipeline.readers.find import FoundFile, find, os_reason, shown
from ctxpipe.pipeline.readers.kinds import REFUSED, by_name
from ctxpipe.pipeline.readers.load import EMPTY, load
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.repository.passed import PassedOver, Reason, summary
from ctxpipe.pipeline.readers.repository.secrets import is_secret_head
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
    if isinstance(paths, str | os.PathLike | Document):
        paths = [paths]
    if not paths:
        raise UsageError("nothing to read: give a file, a directory, a pattern, or - for standard input")
    if errors not in get_args(Errors):
        raise UsageError(f"errors must be 'strict' or 'replace', not {errors!r}")
    arguments = [path if isinstance(path, Document) else _argument(path) for path in paths]
    notes: list[str] = []
    plan = [(argument, _jobs(argument, all_files, notes.append)) for argument in arguments]
    total = sum(not isinstance(job, PassedOver) for _, jobs in plan for job in jobs)
    reader = _Reader(errors, stdin, all_files)
    done = 0
    for argument, jobs in plan:
        outcomes, skipped, passed = reader.outcomes, len(reader.skipped), len(reader.passed)
        for job in jobs:
            if isinstance(job, PassedOver):
                reader.pass_over(job)
                continue
            if on_progress is not None:
                on_progress(job if isinstance(job, str) else job.source, done, total)
            reader.take(job)
            done += 1
        if reader.outcomes == outcomes:
            reason = _nothing_read(len(reader.skipped) - skipped, [*reader.passed.values()][passed:])
            reader.failures.append(ReadError(_name(argument), reason))
    if on_progress is not None:
        on_progress("", total, total)
    if line := summary(reader.passed.values()):
        notes.append(line)
    return ReadResult(
        documents=tuple(reader.documents),
        failures=tuple(reader.failures),
        skipped=tuple(reader.skipped),
        passed_over=tuple(reader.passed.values()),
        notes=tuple(dict.fromkeys(notes)),
    )


_Job = Document | FoundFile | PassedOver | ReadError | str
_NOISE = {"lock": Reason.LOCK, "minified": Reason.MINIFIED, "generated": Reason.GENERATED}


def _argument(path: str | os.PathLike[str]) -> str:
    try:
        return os.fsdecode(path)
    except TypeError as exc:
        raise UsageError(f"a path or a Document is needed, not {type(path).__name__}") from exc


def _name(argument: str | Document) -> str:
    return argument.source if isinstance(argument, Document) else shown(argument)


def _jobs(argument: str | Document, all_files: bool, on_note: Callable[[str], None]) -> list[_Job]:
    if isinstance(argument, Document):
        return [argument]
    return [STDIN] if argument == "-" else list(find(argument, all_files=all_files, on_note=on_note))


def _nothing_read(without_text: int, passed: Sequence[PassedOver]) -> str:
    """Why an argument gave no document."""
    others = [one for one in passed if one.reason not in (Reason.BINARY, Reason.UNREADABLE)]
    if others:
        return f"nothing to read in it: {summary(passed)}"
    return f"no text files in it (passed over: {without_text})"


class _Reader:
    """Reads one file after the other and collects documents and failures."""

    def __init__(self, errors: Errors, stdin: BinaryIO | None, all_files: bool) -> None:
        self.documents: list[Document] = []
        self.failures: list[ReadError] = []
        self.skipped: list[ReadError] = []
        self.passed: dict[str, PassedOver] = {}
        self._all_files = all_files
        self._errors = errors
        self._stdin = stdin
        self._seen: set[str] = set()
        self._passed_over: set[str] = set()
        self._repeated = 0

    @property
    def outcomes(self) -> int:
        """Number of files with a document or a failure, or read before."""
        return len(self.documents) + len(self.failures) + self._repeated

    def pass_over(self, job: PassedOver) -> None:
        """Remember what is not read, unless another argument had it read."""
        key = os.path.realpath(job.path)
        if key not in self._seen or key in self._passed_over:
            self.passed[key] = job

    def take(self, job: Document | FoundFile | ReadError | str) -> None:
        """Read one, or take what is no file as it is."""
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
        self.passed.pop(key, None)
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
                head = file.read(HEAD)
                secret = not asked.named and is_secret_head(head)
                reason = _unreadable(asked, head)
                file.seek(0)
                data = b"" if reason or secret else file.read()
        except OSError as exc:
            raise ReadError(asked.source, os_reason(exc)) from exc
        if secret:
            self._pass_over(asked, Reason.SECRET)
            return None
        if reason or data.isspace():
            self._without_text(asked, ReadError(asked.source, reason or EMPTY))
            return None
        try:
            document = load(data, source=asked.source, name=asked.path, errors=self._errors)
        except ReadError as exc:
            if not exc.reason.startswith(EMPTY):
                raise
            self._without_text(asked, exc)
            return None
        kind = "" if asked.named or self._all_files else noise_kind(document)
        if not kind:
            return document
        self._pass_over(asked, _NOISE[kind])
        return None

    def _without_text(self, asked: FoundFile, error: ReadError) -> None:
        if asked.named:
            raise error
        self.skipped.append(error)
        self._pass_over(asked, _why_without_text(error.reason))

    def _pass_over(self, asked: FoundFile, reason: Reason | None) -> None:
        key = os.path.realpath(asked.path)
        self._passed_over.add(key)
        if reason is not None:
            self.passed[key] = PassedOver(path=asked.path, source=asked.source, reason=reason)


def _why_without_text(reason: str) -> Reason | None:
    """How a file without text is counted; an empty one is not."""
    if reason.startswith(EMPTY):
        return None
    return Reason.UNREADABLE if reason in REFUSED.values() else Reason.BINARY


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
