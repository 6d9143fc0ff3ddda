"""Requests and results as lines of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ctxpipe.compress.types import CompressedContext
from ctxpipe.errors import ReadError, UsageError, reason_of
from ctxpipe.pipeline.types import Run

Id = str | int
KNOWN = frozenset({"id", "question", "paths", "text", "budget", "rate"})
"""Fields of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """One line of a batch.

    Attributes:
        id: Names its result; the number of its line where it has none.
        question: What is asked.
        paths: Files, directories, patterns or corpus files; relative ones are below the folder of the requests.
        text: A text, in place of paths or beside them.
        budget, rate: Size of its context, in place of the batch's.
    """

    id: Id
    question: str
    paths: tuple[str, ...] = ()
    text: str | None = None
    budget: int | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRequest:
    """What is no request, with its id or the number of its line, and why."""

    id: Id | None
    reason: str


Requests = Iterator[BatchRequest | BadRequest]


def requests_in(path: Path) -> Requests:
    """The requests of a file, one at a time.

    Raises:
        ReadError: if the file cannot be read.
    """
    seen: set[Id | None] = set()
    for number, _, line in lines_in(path):
        made = request_in(line, number, path.parent)
        yield repeated(made, number) if made.id in seen else made
        seen.add(made.id)


def lines_in(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """The lines of a file that are not blank: number, offset in bytes, and the line.

    Raises:
        ReadError: if the file cannot be read.
    """
    offset = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, offset, line
                offset += len(line)
    except OSError as exc:
        raise ReadError(str(path), reason_of(exc)) from exc


def lines_at(path: Path, places: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """The lines at offsets and of lengths in bytes.

    Raises:
        ReadError: if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for offset, length in places:
                file.seek(offset)
                yield file.read(length)
    except OSError as exc:
        raise ReadError(str(path), reason_of(exc)) from exc


def repeated(request: BatchRequest | BadRequest, number: int) -> BadRequest:
    """What a line is whose id was there before."""
    return BadRequest(id=request.id, reason=f"line {number}: its id stands on an earlier line too")


def request_in(line: bytes, number: int, folder: Path) -> BatchRequest | BadRequest:
    """The request of a line; relative paths are below the folder."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        return BadRequest(id=number, reason=f"line {number}: not JSON")
    if not isinstance(given, dict):
        return BadRequest(id=number, reason=f"line {number}: not an object")
    name = given.get("id", number)
    name = name if isinstance(name, (str, int)) and not isinstance(name, bool) else number
    return request_of(given, name, folder, where=f"line {number}: ")


def request_of(given: dict[str, Any], name: Id, folder: Path, *, where: str = "") -> BatchRequest | BadRequest:
    """A request of its fields.

    Args:
        given: The fields.
        name: Its id.
        folder: What relative paths are below.
        where: Where it stands, for what is said of a bad one.
    """
    reason = _wrong(given)
    if reason:
        return BadRequest(id=name, reason=where + reason)
    paths = given.get("paths") or []
    listed = [paths] if isinstance(paths, str) else paths
    return BatchRequest(
        id=name,
        question=given["question"],
        paths=tuple(os.path.join(folder, path) for path in listed),
        text=given.get("text"),
        budget=given.get("budget"),
        rate=given.get("rate"),
    )


def _wrong(given: dict[str, Any]) -> str:
    """What is wrong with a request; empty if nothing is."""
    if unknown := sorted(set(given) - KNOWN):
        return f"unknown field {unknown[0]!r}; known: {', '.join(sorted(KNOWN))}"
    if not isinstance(given.get("question"), str) or not given["question"].strip():
        return "'question' must be a text that is not empty"
    paths = given.get("paths") or []
    if not (isinstance(paths, str) or (isinstance(paths, list) and all(isinstance(path, str) for path in paths))):
        return "'paths' must be a list of texts"
    if not isinstance(given.get("text"), str | None):
        return "'text' must be a text"
    for name, kind in (("budget", int), ("rate", (int, float))):
        value = given.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
            return f"{name!r} must be a number"
    return ""


def done_ids(path: Path) -> tuple[set[Id], int, int]:
    """Ids whose results are in a file, how many are errors, and bytes of a torn last line, which is cut off.

    Raises:
        UsageError: if the file holds something else.
        ReadError: if it cannot be read or mended.
    """
    done: set[Id] = set()
    whole = failed = 0
    try:
        if not path.exists():
            return done, 0, 0
        with path.open("rb+") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                if line.strip():
                    name, is_error = _result_in(line, path, number)
                    done.add(name)
                    failed += is_error
            size = file.seek(0, os.SEEK_END)
            file.truncate(whole)
    except OSError as exc:
        raise ReadError(str(path), reason_of(exc)) from exc
    return done, failed, size - whole


def _result_in(line: bytes, path: Path, number: int) -> tuple[Id, bool]:
    """The id of a result, and whether it is an error."""
    row: Any = None
    try:
        row = json.loads(line)
        name = row["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        name = None
    if not isinstance(name, (str, int)):
        raise UsageError(f"{path}: line {number} is no result of a batch; name another file with -o")
    return name, "error" in row


def context_row(name: Id, context: CompressedContext) -> dict[str, Any]:
    """The result of a request that is only compressed."""
    sources = [document.source for document in context.documents]
    return {
        "id": name,
        "context": context.text,
        "kept_tokens": context.kept_tokens,
        "source_tokens": context.source_tokens,
        "excerpts": [
            {"source": sources[e.document], "pages": list(e.pages), "stretches": [list(s) for s in e.stretches]}
            for e in context.excerpts
        ],
        "notes": list(context.notes),
        "timings": _rounded(context.timings),
    }


def answer_row(name: Id, run: Run) -> dict[str, Any]:
    """The result of a request that was answered."""
    return {
        "id": name,
        "answer": run.answer.text,
        "unanswered": run.unanswered,
        "citations": [asdict(citation) for citation in run.citations],
        "model": run.answer.model,
        "prompt_tokens": run.prompt_tokens,
        "completion_tokens": run.answer.completion_tokens,
        "finish_reason": run.answer.finish_reason,
        "kept_tokens": run.context.kept_tokens,
        "source_tokens": run.context.source_tokens,
        "notes": list(run.context.notes),
        "timings": _rounded(run.timings),
    }


def error_row(name: Id | None, reason: str) -> dict[str, Any]:
    """The result of a request that failed."""
    return {"id": name, "error": reason}


def line_of(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON."""
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _rounded(timings: Any) -> dict[str, float]:
    return {stage: round(seconds, 4) for stage, seconds in timings.items()}


def sizes_of(request: BatchRequest, budget: int | None, rate: float | None) -> Sequence[Any]:
    """Budget and rate of a request: its own, else the batch's."""
    own = request.budget is not None or request.rate is not None
    return (request.budget, request.rate) if own else (budget, rate)
