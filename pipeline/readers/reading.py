"""Reads one document after the other, so that none need be held while the next is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from ctxpipe.compress.text.prose.noise import noise_kind
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError, UsageError
from ctxpipe.pipeline.readers.content import FileContent
from ctxpipe.pipeline.readers.find import FoundFile, find, os_reason, shown
from ctxpipe.pipeline.readers.held import opened
from ctxpipe.pipeline.readers.kinds import REFUSED, by_name
from ctxpipe.pipeline.readers.load import EMPTY, load
from ctxpipe.pipeline.readers.reader import Errors, check_errors
from ctxpipe.pipeline.readers.repository.passed import PassedOver, Reason, summary
from ctxpipe.pipeline.readers.repository.secrets import is_secret_head
from ctxpipe.pipeline.readers.text.decode import HEAD, binary_reason

STDIN = "stdin"
"""Source of a document from standard input."""


_Job = Document | FoundFile | PassedOver | ReadError | str
_NOISE = {"lock": Reason.LOCK, "minified": Reason.MINIFIED, "generated": Reason.GENERATED}


def _nothing(source: str, done: int, total: int) -> None:
    return None


def _unknown(file: FoundFile) -> bool:
    return False


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
    return f"no text files in it (passed over: {without_text})" if without_text else "no files in it"


class ReadFile(NamedTuple):
    """A document and the file that it was read from, None for standard input and documents that were given."""

    file: FoundFile | None
    document: Document


class Reading:
    """Reads one file after the other. Iterating gives what was read, and files that need not be read.

    Args:
        paths, errors, all_files, stdin, on_progress: See ``read``.
        is_known: Whether a file's document is known already, so that it need not be opened.

    Attributes:
        failures, skipped, notes: See ``ReadResult``.
        passed: What was passed over, by real path.

    Raises:
        UsageError: see ``read``.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str] | Document],
        *,
        errors: Errors = "strict",
        all_files: bool = False,
        stdin: BinaryIO | None = None,
        on_progress: Callable[[str, int, int], None] | None = None,
        is_known: Callable[[FoundFile], bool] | None = None,
    ) -> None:
        if isinstance(paths, str | os.PathLike | Document):
            paths = [paths]
        if not paths:
            raise UsageError("nothing to read: give a file, a directory, a pattern, or - for standard input")
        check_errors(errors)
        self._arguments = [path if isinstance(path, Document) else _argument(path) for path in paths]
        self.failures: list[ReadError] = []
        self.skipped: list[ReadError] = []
        self.passed: dict[str, PassedOver] = {}
        self.notes: list[str] = []
        self._all_files = all_files
        self._errors = errors
        self._stdin = stdin
        self._on_progress = on_progress or _nothing
        self._is_known = is_known or _unknown
        self._seen: set[str] = set()
        self._passed_over: set[str] = set()
        self._repeated = 0
        self._read = 0

    def __iter__(self) -> Iterator[ReadFile | FoundFile]:
        notes: dict[str, None] = {}
        plan = [
            (argument, _jobs(argument, self._all_files, lambda note: notes.update({note: None})))
            for argument in self._arguments
        ]
        total = sum(not isinstance(job, PassedOver) for _, jobs in plan for job in jobs)
        done = 0
        for argument, jobs in plan:
            outcomes, skipped, passed = self._outcomes, len(self.skipped), len(self.passed)
            for job in jobs:
                if isinstance(job, PassedOver):
                    self._leave(job)
                    continue
                self._on_progress(job if isinstance(job, str) else job.source, done, total)
                if (read := self._taken(job)) is not None:
                    self._read += 1
                    yield read
                done += 1
            if self._outcomes == outcomes:
                reason = _nothing_read(len(self.skipped) - skipped, [*self.passed.values()][passed:])
                self.failures.append(ReadError(_name(argument), reason))
        self._on_progress("", total, total)
        if line := summary(self.passed.values()):
            notes[line] = None
        self.notes.extend(notes)

    @property
    def _outcomes(self) -> int:
        """Number of files with a document or a failure, or read before."""
        return self._read + len(self.failures) + self._repeated

    def _leave(self, job: PassedOver) -> None:
        """Remember what is not read, unless another argument had it read."""
        key = os.path.realpath(job.path)
        if key not in self._seen or key in self._passed_over:
            self.passed[key] = job

    def _taken(self, job: Document | FoundFile | ReadError | str) -> ReadFile | FoundFile | None:
        """Read one, or take what is no file as it is."""
        if isinstance(job, Document):
            return ReadFile(None, job)
        if isinstance(job, ReadError):
            self.failures.append(job)
        elif self._is_new(job):
            source = job if isinstance(job, str) else job.source
            try:
                if isinstance(job, str):
                    return ReadFile(None, self._read_stdin())
                if self._is_known(job):
                    return job
                document = self._read_file(job)
                return None if document is None else ReadFile(job, document)
            except ReadError as exc:
                self.failures.append(exc)
            except MemoryError:
                self.failures.append(ReadError(source, "too large for the memory of this machine"))
        return None

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
            with opened(asked.path) as file:
                content = FileContent(file, asked.path, asked.source)
                head = content.head(HEAD)
                secret = not asked.named and is_secret_head(head)
                reason = _unreadable(content.name, asked.named, head)
                data = b"" if reason or secret else content.data()
        except OSError as exc:
            raise ReadError(asked.source, os_reason(exc)) from exc
        except ReadError as exc:
            if by_name(os.path.splitext(asked.path)[0]) is not None:  # a compressed document, and no other data
                raise
            self._without_text(asked, exc)
            return None
        if secret:
            self._pass_over(asked, Reason.SECRET)
            return None
        if reason or data.isspace():
            self._without_text(asked, ReadError(asked.source, reason or EMPTY))
            return None
        try:
            document = load(data, source=asked.source, name=content.name, errors=self._errors)
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


def _unreadable(name: str, named: bool, head: bytes) -> str:
    """Why a file has no text, by its name and head; empty if it may have text."""
    if not head:
        return EMPTY
    if advice := REFUSED.get(os.path.splitext(name)[1].lower()):
        return advice
    format = by_name(name)
    if format is not None and format.reader not in ("text", "html"):
        return ""
    # Without a known extension, a PDF is recognised by its head, and a named ZIP archive may be an office file.
    if format is None and head.startswith((b"%PDF-", b"PK\x03\x04") if named else b"%PDF-"):
        return ""
    return binary_reason(head)
