"""Asks the target for notes on every window, and for an answer from the notes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ctxpipe.compress.types import CompressedContext, SourceInfo
from ctxpipe.errors import CancelledAnswer, CtxpipeError
from ctxpipe.pipeline.ask.cite import cite, why_unanswered
from ctxpipe.pipeline.ask.prompt import is_strict, messages
from ctxpipe.pipeline.cover.contexts import ContextWriter
from ctxpipe.pipeline.cover.fitted import cost_of, fitted
from ctxpipe.pipeline.cover.job import Job, asked
from ctxpipe.pipeline.cover.joining import Last, answered, direct
from ctxpipe.pipeline.cover.notes import Note, distinct, entries_of, finished, note_of
from ctxpipe.pipeline.cover.picking import picked
from ctxpipe.pipeline.cover.prompts import says_nothing, window_messages
from ctxpipe.pipeline.cover.reading import Window, Windows
from ctxpipe.pipeline.types import CoverUse, Run
from ctxpipe.remote.cancel import in_threads
from ctxpipe.serving.types import Answer


class _Said(NamedTuple):
    """The answer about a window, and what was sent."""

    answer: Answer
    context: CompressedContext


def cover(job: Job, timings: Mapping[str, float]) -> Run:
    """Answer from all of the documents; see ``Pipeline.cover``.

    Args:
        job: What is asked.
        timings: Seconds of the stages so far.
    """
    started = time.perf_counter()
    job.on_stage("chunk", 0, 0)
    writer = _writer(job)
    windows = fitted(job, writer)
    cut = time.perf_counter()
    last, notes = direct(job, windows), 1
    if last is None:
        window_notes = picked(job) or _notes(_read(job, windows), job.listing)
        notes = len(window_notes)
    read = time.perf_counter()
    if last is None:
        job.on_stage("ask", 0, 0)
        last = answered(job, writer, window_notes)
    spent = {"chunk": cut - started, "cover": read - cut, "ask": time.perf_counter() - read}
    return _run(
        job, last, CoverUse(windows=len(windows.windows), notes=notes, **job.counts.used()), {**timings, **spent}
    )


def _run(job: Job, last: Last, use: CoverUse, timings: Mapping[str, float]) -> Run:
    context = last.context
    raw_tokens = (
        job.engine.count(messages("", job.question, numbered=True, strict=is_strict(job.engine)))
        + context.source_tokens
    )
    citations = cite(last.answer.text, context)
    unanswered = why_unanswered(last.answer.text, context, citations)
    return Run(
        question=job.question,
        context=context,
        prompt_tokens=last.prompt_tokens,
        window=job.engine.window,
        max_tokens=job.max_tokens,
        target=job.target,
        answer=last.answer,
        citations=() if unanswered else citations,
        raw_tokens=raw_tokens,
        raw_fits=raw_tokens + job.max_tokens <= job.engine.window,
        timings=timings,
        cover=use,
        unanswered=unanswered,
    )


def _writer(job: Job) -> ContextWriter:
    sources = tuple(
        SourceInfo(
            source=document.source,
            kind=document.kind,
            characters=len(document.text),
            tokens=job.tokenizer.count_long(document.text),
        )
        for document in job.documents
    )
    return ContextWriter(documents=job.documents, question=job.question, tokenizer=job.tokenizer, sources=sources)


def _read(job: Job, windows: Windows) -> list[_Said]:
    """What the target says of each window that bears on the question, in order."""
    if job.options.on_cost is not None:
        job.on_stage("agree", 0, 0)
        job.options.on_cost(cost_of(job, windows))
    total = len(windows.windows)
    job.on_stage("cover", 0, total)

    def ask(window: Window) -> _Said | CtxpipeError:
        if job.counts.hopeless:
            raise job.counts.failures[-1]
        try:
            context = windows.context(window)
            said = _Said(asked(job, window_messages(context.text, job.question, listing=job.listing)), context)
        except CancelledAnswer:
            raise
        except CtxpipeError as exc:
            with job.counts.lock:
                job.counts.failures.append(exc)
            return exc
        with job.counts.lock:
            job.counts.done += 1
            job.on_stage("cover", job.counts.done, total)
        return said

    results = in_threads(ask, windows.windows, threads=job.threads)
    failed = [index for index, one in enumerate(results) if isinstance(one, CtxpipeError)]
    if len(failed) == len(results):
        raise job.counts.failures[-1]
    # A server that answers most windows is likely to answer the others a moment later.
    job.counts.failures.clear()
    for index, one in zip(
        failed, in_threads(ask, [windows.windows[i] for i in failed], threads=job.threads), strict=True
    ):
        results[index] = one
        if isinstance(one, CtxpipeError):
            job.on_note(_left_out(job, windows.windows[index], one))
    return [one for one in results if isinstance(one, _Said) and not says_nothing(one.answer.text)]


def _left_out(job: Job, window: Window, exc: CtxpipeError) -> str:
    """A line that says which window's answer is missing, and why."""
    first, last = window.blocks[0], window.blocks[-1]
    document = job.documents[first.document]
    page = document.page(first.start)
    place = f"page {page}" if page else f"character {first.start:,}"
    until = "" if last.document == first.document else f" to {job.documents[last.document].source}"
    return f"left out: {document.source}{until}, from {place}: {exc}"


def _notes(said: Sequence[_Said], listing: bool) -> list[Note]:
    """What was said, with its evidence; of lists the entries, each once.

    What rests on nothing in its window is left out, unless nothing rests on anything.
    """
    if listing:
        notes = distinct(entry for one in said for entry in entries_of(_whole_lines(one.answer), one.context))
    else:
        notes = [note_of(finished(one.answer), one.context) for one in said]
    return [note for note in notes if note.evidence] or notes


def _whole_lines(answer: Answer) -> str:
    """A list without its last line where that was cut off."""
    lines = answer.text.rstrip().splitlines()
    return "\n".join(lines[:-1] if answer.finish_reason == "length" and len(lines) > 1 else lines)
