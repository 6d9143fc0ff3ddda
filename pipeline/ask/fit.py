"""Answers a question about documents, with a prompt that fits the window exactly."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Protocol

from ctxpipe.compress.select.budget import check_size
from ctxpipe.compress.types import CompressedContext, OnStage, with_timing
from ctxpipe.errors import UsageError, WindowError
from ctxpipe.pipeline.ask.cite import cite, why_unanswered
from ctxpipe.pipeline.ask.parts import is_numbered
from ctxpipe.pipeline.ask.prompt import context_room, is_strict, messages
from ctxpipe.pipeline.types import Run
from ctxpipe.serving.openai.metrics import use_between
from ctxpipe.serving.types import Answer, Engine, MeasuredEngine, Message, OnText, ServerMetrics, well_read

_SLACK = 0.03
"""Share of the window that may stay empty, if a larger budget would fill it."""
_UNLIMITED = 10**12
WELL_READ = 32_768
"""Most tokens of context when nobody names a size and the engine does not say what it reads well."""
_REFUSALS = 3
_CAUTION = 0.98
"""How often a server may refuse a prompt for its length, and the reduction below its stated limit for the next try."""
_FITS = 6
"""Most attempts to fit a prompt, if the target's count differs from that of the budget's tokenizer."""


class Compress(Protocol):
    """Compresses the documents of a question under a budget or a rate."""

    def __call__(self, budget: int | None, rate: float | None, /) -> CompressedContext:
        """See ``Pipeline.compress``."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question, and everything needed to answer it.

    Attributes:
        question: The question.
        budget, rate: Most tokens of context, or share of the source's tokens, or neither.
        raw: Whether everything is sent, uncompressed.
        max_tokens: Tokens reserved for the answer.
        engine: The target.
        target: Its name, for results.
        compress: Compresses the documents.
        on_stage: Called with progress.
        on_text: Called with each piece of the answer as it arrives.
    """

    question: str
    budget: int | None
    rate: float | None
    raw: bool
    max_tokens: int
    engine: Engine
    target: str
    compress: Compress
    on_stage: OnStage
    on_text: OnText | None

    def count(self, context: CompressedContext) -> int:
        """Tokens of the whole prompt, by the target's count."""
        return self.engine.count(self.chat(context))

    def chat(self, context: CompressedContext) -> tuple[Message, ...]:
        """What is sent."""
        return messages(context.text, self.question, numbered=is_numbered(context), strict=is_strict(self.engine))


def check_request(question: str, budget: int | None, rate: float | None, raw: bool) -> None:
    """Check a question, budget and rate.

    Raises:
        UsageError: for an empty question, or an invalid budget or rate.
    """
    if not question.strip():
        raise UsageError("the question is empty")
    if raw and (budget is not None or rate is not None):
        raise UsageError("--raw sends everything, so it excludes a budget and a rate")
    if budget is not None or rate is not None:
        check_size(budget, rate)


def ask(request: Request, timings: Mapping[str, float]) -> Run:
    """Answer a request; see ``Pipeline.query``.

    Args:
        request: The request.
        timings: Seconds of the stages so far: ``read`` and ``connect``.
    """
    started = time.perf_counter()
    engine = request.engine
    room = context_room(engine, request.question, request.max_tokens)
    frame = engine.window - request.max_tokens - room
    fitted, prompt_tokens = _everything(request, room + frame) if request.raw else _fitting(request, room)
    request.on_stage("ask", 0, 0)
    asked = time.perf_counter()
    before = _metrics(engine)
    context, prompt_tokens, answer = _answered(request, fitted, prompt_tokens)
    answered = time.perf_counter()
    after = _metrics(engine) if before else None
    citations = cite(answer.text, context)
    unanswered = why_unanswered(answer.text, context, citations)
    raw_tokens = prompt_tokens if request.raw else frame + context.source_tokens
    return Run(
        question=request.question,
        context=with_timing(context, "read", timings["read"]),
        prompt_tokens=prompt_tokens,
        window=engine.window,
        max_tokens=request.max_tokens,
        target=request.target,
        answer=answer,
        citations=() if unanswered else citations,
        unanswered=unanswered,
        raw_tokens=raw_tokens,
        raw_fits=raw_tokens <= room + frame,
        spare=_spare(request, min(room, context.source_tokens)),
        server=use_between(before, after) if before and after else None,
        timings={
            **timings,
            **fitted.timings,
            "fit": max(0.0, asked - started - sum(fitted.timings.values())),
            "ask": answered - asked,
            "cite": time.perf_counter() - answered,
        },
    )


def _everything(request: Request, room: int) -> tuple[CompressedContext, int]:
    context = request.compress(None, 1.0)
    tokens = request.count(context)
    if tokens > room:
        raise WindowError(tokens, room, "leave --raw away to compress, or use a target with a larger window")
    return context, tokens


def _fitting(request: Request, room: int) -> tuple[CompressedContext, int]:
    """Compress until the prompt fits: the target counts template and context together, and may count differently."""
    rate, window = request.rate, request.engine.window
    limit = window - request.max_tokens
    enough = limit - _SLACK * window
    most = _most(request)
    tried = min(most, room)
    context = request.compress(None if rate else tried, rate)
    best: tuple[CompressedContext, int] | None = None
    notes: dict[str, None] = {}
    for _ in range(_FITS):
        notes.update(dict.fromkeys(context.notes))
        tokens = request.count(context)
        if tokens <= limit and (best is None or tokens > best[1]):
            best = context, tokens
        if tokens <= limit and (tokens >= enough or rate or context.kept_tokens >= context.source_tokens):
            break
        # Our tokens are not the target's; its count gives the ratio.
        share = room / max(1, tokens - (limit - room))
        allowed = min(most, int(context.kept_tokens * share) - (tokens > limit))
        if allowed < 1 or allowed == tried:
            break
        context, tried = request.compress(allowed, None), allowed
    if best is None:
        raise WindowError(tokens, limit, "the target counts far more tokens than the given tokenizer; set --tokenizer")
    return dataclasses.replace(best[0], notes=tuple(notes)), best[1]


def _most(request: Request) -> int:
    """Most tokens of context: those that were named, else those that the target reads well."""
    if request.budget is not None or request.rate is not None:
        return request.budget or _UNLIMITED
    return well_read(request.engine) or WELL_READ


def _spare(request: Request, most: int) -> int:
    """Tokens that the window has room for and that were left out only because nobody named a size."""
    named = request.raw or request.budget is not None or request.rate is not None
    return 0 if named else max(0, most - _most(request))


def _answered(
    request: Request, context: CompressedContext, prompt_tokens: int
) -> tuple[CompressedContext, int, Answer]:
    """Ask; if a server that cannot count refuses the prompt for its length, ask again with less context."""
    refusals = 0 if request.raw else _REFUSALS
    while True:
        chat = request.chat(context)
        try:
            answer = request.engine.answer(chat, max_tokens=request.max_tokens, on_text=request.on_text)
        except WindowError as exc:
            allowed = int(_CAUTION * context.kept_tokens * exc.room / max(1, exc.prompt_tokens))
            if refusals == 0 or allowed < 1:
                raise
        else:
            return context, prompt_tokens, answer
        refusals -= 1
        context = dataclasses.replace(request.compress(allowed, None), notes=context.notes)
        prompt_tokens = request.count(context)


def _metrics(engine: Engine) -> ServerMetrics | None:
    return engine.metrics() if isinstance(engine, MeasuredEngine) else None
