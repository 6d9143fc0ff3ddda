"""From documents and a question to an answer, within the window to the token."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from ctxpipe.compress.compressor import check_size
from ctxpipe.compress.control import neutralise
from ctxpipe.compress.job import SEPARATOR
from ctxpipe.compress.types import CompressedContext, Document
from ctxpipe.errors import UsageError, WindowError
from ctxpipe.pipeline.cite import cite
from ctxpipe.pipeline.prompt import context_room, messages
from ctxpipe.pipeline.types import Run
from ctxpipe.serving.metrics import ServerMetrics, use_between
from ctxpipe.serving.types import Answer, Engine, MeasuredEngine, OnText

if TYPE_CHECKING:
    from ctxpipe.pipeline.pipeline import Pipeline, Sources

_SLACK = 0.01
"""Share of the window that may stay empty, when more can be had by asking for more."""
_UNLIMITED = 10**12
_REFUSALS = 3
_CAUTION = 0.98
"""How often a server may refuse a prompt for its length, and how much below what it then says the next one aims."""
_FITS = 6
"""Most attempts to make a prompt fit, when the target counts other than the tokenizer that budgets count in."""


def ask(
    pipeline: Pipeline,
    documents: Sources,
    question: str,
    budget: int | None,
    rate: float | None,
    raw: bool,
    on_text: OnText | None,
) -> Run:
    """See ``Pipeline.query``."""
    if not question.strip():
        raise UsageError("the question is empty")
    if raw and (budget is not None or rate is not None):
        raise UsageError("--raw sends everything; it goes with neither a budget nor a rate")
    if budget is not None or rate is not None:
        check_size(budget, rate)
    started = time.perf_counter()
    found = pipeline.read(documents)
    reading = time.perf_counter() - started
    pipeline.on_stage("connect", 0, 0)
    room = context_room(pipeline.engine, question, pipeline.max_tokens)
    frame = pipeline.engine.window - pipeline.max_tokens - room
    if raw:
        context, prompt_tokens = _everything(pipeline, found, question, room + frame)
    else:
        context, prompt_tokens = _fitting(pipeline, found, question, budget, rate, room)
    pipeline.on_stage("ask", 0, 0)
    asked = time.perf_counter()
    before = _metrics(pipeline.engine)
    refusals = 0 if raw else _REFUSALS
    context, prompt_tokens, answer = _answered(pipeline, found, question, context, prompt_tokens, on_text, refusals)
    answered = time.perf_counter()
    after = _metrics(pipeline.engine) if before else None
    citations = cite(answer.text, context)
    raw_tokens = prompt_tokens if raw else frame + context.source_tokens
    return Run(
        question=question,
        context=with_timing(context, "read", reading),
        prompt_tokens=prompt_tokens,
        window=pipeline.engine.window,
        max_tokens=pipeline.max_tokens,
        target=pipeline.target,
        answer=answer,
        citations=citations,
        raw_tokens=raw_tokens,
        raw_fits=raw_tokens <= room + frame,
        server=use_between(before, after) if before and after else None,
        timings={"read": reading, **context.timings, "ask": answered - asked, "cite": time.perf_counter() - answered},
    )


def with_timing(context: CompressedContext, stage: str, seconds: float) -> CompressedContext:
    """The same context with one more stage in front of its timings."""
    return dataclasses.replace(context, timings={stage: seconds, **context.timings})


def _everything(
    pipeline: Pipeline, documents: tuple[Document, ...], question: str, room: int
) -> tuple[CompressedContext, int]:
    text = neutralise(SEPARATOR.join(d.text for d in documents), pipeline.tokenizer.special_strings)
    tokens = pipeline.engine.count(messages(text, question))
    if tokens > room:
        raise WindowError(tokens, room, "leave --raw away to compress, or use a target with a larger window")
    return pipeline._compress(documents, question, None, 1.0), tokens


def _fitting(
    pipeline: Pipeline,
    documents: tuple[Document, ...],
    question: str,
    budget: int | None,
    rate: float | None,
    room: int,
) -> tuple[CompressedContext, int]:
    """Compress until the whole prompt fits: the target counts template and context together, and may count other."""
    limit = pipeline.engine.window - pipeline.max_tokens
    enough = limit - _SLACK * pipeline.engine.window
    tried = room if budget is None else min(budget, room)
    most = _UNLIMITED if budget is None else budget
    context = pipeline._compress(documents, question, None if rate else tried, rate)
    best: tuple[CompressedContext, int] | None = None
    notes: dict[str, None] = {}
    for _ in range(_FITS):
        notes.update(dict.fromkeys(context.notes))
        tokens = pipeline.engine.count(messages(context.text, question))
        if tokens <= limit and (best is None or tokens > best[1]):
            best = context, tokens
        if tokens <= limit and (tokens >= enough or rate or context.kept_tokens >= context.source_tokens):
            break
        # Our tokens are not the target's: what it counted says how many of ours one of its is worth.
        share = room / max(1, tokens - (limit - room))
        allowed = min(most, int(context.kept_tokens * share) - (tokens > limit))
        if allowed < 1 or allowed == tried:
            break
        context, tried = pipeline._compress(documents, question, allowed, None), allowed
    if best is None:
        raise WindowError(tokens, limit, "the target counts far more tokens than the tokenizer named; set --tokenizer")
    return dataclasses.replace(best[0], notes=tuple(notes)), best[1]


def _answered(
    pipeline: Pipeline,
    documents: tuple[Document, ...],
    question: str,
    context: CompressedContext,
    prompt_tokens: int,
    on_text: OnText | None,
    refusals: int,
) -> tuple[CompressedContext, int, Answer]:
    """Ask, with less context when a server that could not count before says that its window does not hold it."""
    while True:
        chat = messages(context.text, question)
        try:
            return context, prompt_tokens, pipeline.engine.answer(chat, max_tokens=pipeline.max_tokens, on_text=on_text)
        except WindowError as exc:
            allowed = int(_CAUTION * context.kept_tokens * exc.room / max(1, exc.prompt_tokens))
            if refusals == 0 or allowed < 1:
                raise
        refusals -= 1
        notes = context.notes
        context = dataclasses.replace(pipeline._compress(documents, question, allowed, None), notes=notes)
        prompt_tokens = pipeline.engine.count(messages(context.text, question))


def _metrics(engine: Engine) -> ServerMetrics | None:
    return engine.metrics() if isinstance(engine, MeasuredEngine) else None
