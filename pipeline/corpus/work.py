"""Prepares documents in several processes, in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from ctxpipe.compress.prepare.passages import Passages
from ctxpipe.compress.prepare.prepared import Prepared
from ctxpipe.compress.prepare.words import Stemmer, Words
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.types import Document
from ctxpipe.errors import CtxpipeError
from ctxpipe.pipeline.corpus.parts import (
    fields_out,
    outline_in,
    outline_out,
    passages_in,
    passages_out,
    text_out,
    words_in,
    words_out,
)
from ctxpipe.pipeline.processes import Processes

T = TypeVar("T")
WORTH_A_POOL = 4_000_000
"""Characters from which further processes save more time than their start takes."""
_AHEAD = 4
"""Most documents per process that wait."""


class StoredParts(NamedTuple):
    """What is stored of a document: its parts by name, its tokens by tokenizer, and how many passages it has."""

    values: dict[str, bytes]
    tokens: dict[str, int]
    passages: int


class MadeElsewhere(Prepared):
    """A document that another process prepared; its parts are read when they are needed."""

    def __init__(self, document: Document, parts: StoredParts) -> None:
        super().__init__(document)
        self.parts = parts
        self._tokens = dict(parts.tokens)

    @property
    def is_new(self) -> bool:
        """False: its structure is stored."""
        return False

    @cached_property
    def outline(self) -> Outline:
        """Its structure."""
        return outline_in(self.parts.values["outline"], self.document)

    @cached_property
    def passages(self) -> Passages:
        """Its passages."""
        return passages_in(self.parts.values["passages"])

    @property
    def words(self) -> Words:
        """The words of its passages."""
        return words_in(self.parts.values["words"])


def parts_of(prepared: Prepared, tokenizer: Tokenizer | None) -> StoredParts:
    """Prepare a document, unless it is prepared."""
    tokens = {} if tokenizer is None else {tokenizer.name: prepared.tokens(tokenizer)}
    if isinstance(prepared, MadeElsewhere):
        return prepared.parts._replace(tokens=prepared.parts.tokens | tokens)
    values = {
        "fields": fields_out(prepared.document),
        "text": text_out(prepared.document.text),
        "outline": outline_out(prepared.outline),
        "passages": passages_out(prepared.passages),
        "words": words_out(prepared.words),
    }
    return StoredParts(values, tokens, len(prepared.passages.start))


class PreparingWorkers(Generic[T]):
    """Prepares documents, in further processes once there is enough to do. Each result comes with the caller's key.

    Args:
        tokenizer: Name of the tokenizer that counts; None counts nothing.
        processes: How many work at the same time. With more than one, each imports the calling program, which must be
            safe to import.
    """

    def __init__(self, tokenizer: str | None, processes: int) -> None:
        self._tokenizer = tokenizer
        self._stemmer = Stemmer()
        self._pool: Processes | None = None
        self._waiting: deque[tuple[T, Future[StoredParts] | StoredParts]] = deque()
        self._size = processes
        self._seen = 0

    def close(self) -> None:
        """End the processes and drop what waits."""
        if self._pool is not None:
            self._pool.end()

    def give(self, known_by: T, document: Document) -> Iterator[tuple[T, StoredParts]]:
        """Take a document, and yield finished ones in order.

        Raises:
            CtxpipeError: if a process died.
        """
        self._seen += len(document.text)
        if self._size > 1 and self._seen >= WORTH_A_POOL:
            with _deaths():
                self._waiting.append((known_by, self._executor().submit(in_worker, document)))
        else:
            self._waiting.append((known_by, parts_of(Prepared(document, self._stemmer), _loaded(self._tokenizer))))
        while len(self._waiting) > _AHEAD * self._size or (self._waiting and _is_done(self._waiting[0][1])):
            yield self._next()

    def rest(self) -> Iterator[tuple[T, StoredParts]]:
        """Yield all that is not yielded yet.

        Raises:
            CtxpipeError: if a process died.
        """
        while self._waiting:
            yield self._next()

    def _next(self) -> tuple[T, StoredParts]:
        known_by, made = self._waiting.popleft()
        with _deaths():
            return known_by, made.result() if isinstance(made, Future) else made

    def _executor(self) -> Processes:
        if self._pool is None:
            self._pool = Processes(self._size, begin, (self._tokenizer,))
        return self._pool


@contextmanager
def _deaths() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as exc:
        raise CtxpipeError(
            "a process that prepared documents died, perhaps because memory ran out; what was done before is kept"
        ) from exc


def _is_done(made: Future[StoredParts] | StoredParts) -> bool:
    return made.done() if isinstance(made, Future) else True


_TOKENIZERS: dict[str, Tokenizer] = {}
_STEMMERS: list[Stemmer] = []
_COUNTS_WITH: list[str | None] = [None]


def _loaded(name: str | None) -> Tokenizer | None:
    if name is None:
        return None
    if name not in _TOKENIZERS:
        from ctxpipe.models.tokenizer import TargetTokenizer

        _TOKENIZERS[name] = TargetTokenizer.load(name)
    return _TOKENIZERS[name]


def begin(tokenizer: str | None) -> None:
    """Make a worker process ready."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # every core has a process of its own
    _STEMMERS.append(Stemmer())
    _COUNTS_WITH[0] = tokenizer


def in_worker(document: Document) -> StoredParts:
    """Prepare a document in a worker process."""
    return parts_of(Prepared(document, _STEMMERS[0]), _loaded(_COUNTS_WITH[0]))
