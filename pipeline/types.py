"""What a question put to documents gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ctxpipe.compress.types import CompressedContext
from ctxpipe.serving.types import Answer, ServerUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A stretch of a source that supports the answer.

    Attributes:
        source: Path or name of the document.
        start, end: Character offsets in the document's text, end exclusive.
        page: Page, counted from 1, where the document has pages.
        text: The text there.
        support: Share of what the answer's sentence says that is found in it, 0 to 1, rare words weighing more.
    """

    source: str
    start: int
    end: int
    page: int | None
    text: str
    support: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One question asked of some documents.

    Attributes:
        question: The question.
        context: What the target read.
        prompt_tokens: Tokens of the whole prompt by the target's count, before it was sent.
        window: The target's window in tokens.
        max_tokens: Room left for the answer.
        target: ``"local"`` or the server's URL.
        answer: What the target said.
        citations: What in the sources supports it, best first.
        raw_tokens: Tokens that the prompt would have had with everything in it.
        raw_fits: Whether that would have fitted.
        timings: Seconds per stage.
        server: What the server counted about itself while it answered; None for targets that tell no such thing.
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
    timings: Mapping[str, float] = field(default_factory=dict)
    server: ServerUse | None = None
