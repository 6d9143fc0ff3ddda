"""Results of a question about documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ctxpipe.compress.types import CompressedContext
from ctxpipe.serving.types import Answer, ServerUse

Unanswered = Literal["said", "unrelated"]
"""Why there is no answer: the model says so, or the context has nothing to do with the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A stretch of a source that supports the answer.

    Attributes:
        source: Path or name of the document.
        start, end: Character offsets in the document's text, end exclusive.
        page: Page, counted from 1; None if the document has no pages.
        text: The text there.
        support: Share of the words of the answer's sentence that occur in it, 0 to 1, rare words weighing more.
        number: The number by which the answer cites its excerpt; None if it was found by shared words.
    """

    source: str
    start: int
    end: int
    page: int | None
    text: str
    support: float
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverUse:
    """The requests of an answer from all of the documents.

    Attributes:
        windows: Windows that the documents were cut into.
        notes: Windows that said something on the question; for lists, their entries.
        failed: Windows without an answer.
        calls: Requests that were answered.
        stored: Answers of earlier runs that were used.
        prompt_tokens, completion_tokens: Of those requests, by the target's count.
    """

    windows: int
    notes: int
    failed: int
    calls: int
    stored: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One question about documents, and its answer.

    Attributes:
        question: The question.
        context: The compressed context that the target read.
        prompt_tokens: Tokens of the whole prompt by the target's count, before it was sent.
        window: The target's window in tokens.
        max_tokens: Tokens reserved for the answer.
        target: ``"local"`` or the server's URL.
        answer: The target's answer.
        citations: Stretches of the sources that support it, in its order.
        unanswered: ``"said"`` if the model says that the documents hold no answer; ``"unrelated"`` if nothing supports
            the answer and the context has nothing to do with the question. There are then no citations. Else None.
        raw_tokens: Tokens of the prompt with the uncompressed documents.
        raw_fits: Whether that prompt would fit the window.
        spare: Tokens of the source that the window has room for and that were left out because nobody named a size.
        timings: Seconds per stage.
        server: The server's counters for the answer; None for targets without counters.
        cover: For an answer from all of the documents, what it took; ``context`` then holds the sentences that were
            cited on the way.
    """

    question: str
    context: CompressedContext
    prompt_tokens: int
    window: int
    max_tokens: int
    target: str
    answer: Answer
    citations: tuple[Citation, ...]
    raw_tokens: int
    raw_fits: bool
    spare: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)
    server: ServerUse | None = None
    cover: CoverUse | None = None
    unanswered: Unanswered | None = None
