"""One question about all of some documents: what it needs, what was asked so far."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.types import Document, OnStage
from ctxpipe.errors import CtxpipeError
from ctxpipe.pipeline.cover.prompts import is_counting, is_listing
from ctxpipe.pipeline.cover.reading import CompressTo
from ctxpipe.pipeline.cover.store import AnswerStore
from ctxpipe.pipeline.cover.types import Cover
from ctxpipe.serving.types import Answer, Engine, Message, OnText

NOTE_TOKENS, LIST_TOKENS = 200, 600
"""Most tokens that a window's answer may have, as notes and as a list."""
_CONCURRENT = 8
_HOPELESS = 8
"""Failures without any answer after which the rest is not asked."""


@dataclass(slots=True)
class RequestCounts:
    """What was asked so far; changed under its lock."""

    calls: int = 0
    stored: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failures: list[CtxpipeError] = field(default_factory=list)
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def hopeless(self) -> bool:
        """Whether nothing works: many failures, and no answer."""
        return not self.calls + self.stored and len(self.failures) >= _HOPELESS

    def add(self, answer: Answer) -> None:
        """Count a request that was answered."""
        with self.lock:
            self.calls += 1
            self.prompt_tokens += answer.prompt_tokens
            self.completion_tokens += answer.completion_tokens

    def used(self) -> dict[str, int]:
        """The fields of ``CoverUse``."""
        names = ("calls", "stored", "prompt_tokens", "completion_tokens")
        return {"failed": len(self.failures), **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One question about all of some documents.

    Attributes:
        documents, question: What is asked of what.
        engine, target: What answers, and its name for results.
        max_tokens: Tokens reserved for the answer.
        tokenizer: Counts windows.
        compress: Compresses documents for the question.
        store: Stores windows' answers.
        options: How the documents are read.
        on_stage, on_text, on_note: Called with progress, pieces of the answer, and lines for the user.
    """

    documents: tuple[Document, ...]
    question: str
    engine: Engine
    target: str
    max_tokens: int
    tokenizer: Tokenizer
    compress: CompressTo
    store: AnswerStore
    options: Cover
    on_stage: OnStage
    on_text: OnText | None
    on_note: Callable[[str], None]
    counts: RequestCounts = field(default_factory=RequestCounts)

    @property
    def listing(self) -> bool:
        """Whether windows are asked for lists, which are merged and counted here."""
        return is_listing(self.question) or is_counting(self.question)

    @property
    def note_tokens(self) -> int:
        """Most tokens of a window's answer."""
        return min(LIST_TOKENS if self.listing else NOTE_TOKENS, self.engine.window // 4)

    @property
    def threads(self) -> int:
        """Requests at a time."""
        return self.options.concurrency or (1 if self.engine.name == "local" else _CONCURRENT)


def asked(job: Job, chat: Sequence[Message]) -> Answer:
    """The stored answer about a window or notes, or the target's, which is stored.

    Raises:
        EngineError: if the target does not answer.
    """
    known = job.store.get(chat, job.note_tokens)
    if known is not None:
        with job.counts.lock:
            job.counts.stored += 1
        return known
    answer = job.engine.answer(chat, max_tokens=job.note_tokens)
    job.counts.add(answer)
    job.store.put(chat, job.note_tokens, answer)
    return answer
