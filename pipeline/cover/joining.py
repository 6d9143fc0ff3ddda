"""One answer from the notes on all windows, joined in rounds if they do not fit into one prompt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from ctxpipe.compress.text.control import neutralise
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.types import CompressedContext
from ctxpipe.pipeline.ask.prompt import REFUSAL, is_strict, messages
from ctxpipe.pipeline.cover.contexts import ContextWriter
from ctxpipe.pipeline.cover.job import Job, asked
from ctxpipe.pipeline.cover.notes import Note, evidence_of, finished
from ctxpipe.pipeline.cover.prompts import is_counting, join_messages
from ctxpipe.pipeline.cover.reading import Windows
from ctxpipe.pipeline.cover.windows import windows_of
from ctxpipe.remote.cancel import in_threads
from ctxpipe.serving.types import Answer, Message

_SPARE, _ROOM = 64, 0.95
"""Tokens beside a list, and share of the room for notes that is used, since the target may count otherwise."""


class Last(NamedTuple):
    """The last request: tokens of its prompt (0 if there was none), its answer, and the context that it cites."""

    prompt_tokens: int
    answer: Answer
    context: CompressedContext


def direct(job: Job, windows: Windows) -> Last | None:
    """The answer about a single window, where nothing has to be joined; None for more, and for lists."""
    if len(windows.windows) > 1 or job.listing:
        return None
    context = windows.context(windows.windows[0])
    chat = messages(context.text, job.question, numbered=True, strict=is_strict(job.engine))
    return _finish(job, chat, context) if job.engine.count(chat) + job.max_tokens <= job.engine.window else None


def answered(job: Job, writer: ContextWriter, notes: Sequence[Note]) -> Last:
    """The answer from notes; its context holds the sentences that their numbers cite."""
    evidence = evidence_of(notes)
    context = writer.evidence(evidence)
    numbers = {span: number for number, span in enumerate(evidence, start=1)}
    if not notes:
        return _ready(job, REFUSAL, context)
    if job.listing and not is_counting(job.question):
        return _ready(job, "\n".join(f"- {note.written(numbers)}" for note in notes), context)
    texts = [neutralise(note.written(numbers), job.tokenizer.special_strings) for note in notes]
    text = _counted(job, texts) if job.listing else "\n\n".join(_joined(job, texts))
    return _finish(job, messages(text, job.question, numbered=bool(evidence), strict=is_strict(job.engine)), context)


def _finish(job: Job, chat: Sequence[Message], context: CompressedContext) -> Last:
    tokens = job.engine.count(chat)
    answer = job.engine.answer(chat, max_tokens=job.max_tokens, on_text=job.on_text)
    job.counts.add(answer)
    return Last(tokens, answer, context)


def _ready(job: Job, text: str, context: CompressedContext) -> Last:
    """An answer that needs no request."""
    if job.on_text is not None:
        job.on_text(text)
    said = Answer(
        text=text, model=job.engine.model, prompt_tokens=0, completion_tokens=0, finish_reason="stop", seconds=0.0
    )
    return Last(0, said, context)


def _counted(job: Job, entries: Sequence[str]) -> str:
    """The number of entries, counted here because models count badly, and as many entries as fit."""
    head = f"All parts of the documents were searched. They hold {len(entries)} such entries, each named once here:"
    lines = [f"- {entry}" for entry in entries]
    room = _room(job) - job.tokenizer.count(head) - _SPARE
    ends = np.cumsum(job.tokenizer.count_many([f"{line}\n" for line in lines]))
    kept = int(np.searchsorted(ends, room, side="right"))
    left = [] if kept == len(lines) else [f"- and {len(lines) - kept} more"]
    return "\n".join([head, *lines[:kept], *left])


def _joined(job: Job, texts: Sequence[str]) -> Sequence[str]:
    """Notes that fit into one prompt: the target joins groups of them until they do.

    No note is longer than half of the room, so each group but the last holds at least two, and each round leaves fewer.
    """
    limit = _room(job)
    half = max(1, limit // 2 - 2)
    while True:
        clipped = [_clipped(job.tokenizer, text, half) for text in texts]
        costs = [int(tokens) + 2 for tokens in job.tokenizer.count_many(clipped)]
        if sum(costs) <= limit or len(clipped) < 2:
            return clipped
        groups = [clipped[first:last] for first, last in windows_of(costs, limit)]
        texts = in_threads(partial(_join, job), groups, threads=job.threads)


def _join(job: Job, group: Sequence[str]) -> str:
    if len(group) == 1:
        return group[0]
    text = finished(asked(job, join_messages("\n\n".join(group), job.question)))
    return neutralise(text, job.tokenizer.special_strings)


def _room(job: Job) -> int:
    """Tokens of notes in one prompt."""
    frames = messages("", job.question, numbered=True, strict=True), join_messages("", job.question)
    frame = max(map(job.engine.count, frames))
    return int(_ROOM * (job.engine.window - max(job.max_tokens, job.note_tokens) - frame))


def _clipped(tokenizer: Tokenizer, text: str, tokens: int) -> str:
    """A text, or whole words of its beginning that have at most so many tokens."""
    if tokenizer.count(text) <= tokens:
        return text
    at = int(tokenizer.starts_many([text])[0][tokens])
    return text[:at].rsplit(maxsplit=1)[0]
