"""Windows that fit a target by its own count, and what asking about them will cost."""

from __future__ import annotations

import math

from ctxpipe.errors import EngineError, WindowError
from ctxpipe.pipeline.cover.contexts import ContextWriter
from ctxpipe.pipeline.cover.job import Job
from ctxpipe.pipeline.cover.prompts import window_messages
from ctxpipe.pipeline.cover.reading import Window, Windows, cut
from ctxpipe.pipeline.cover.types import Cost
from ctxpipe.serving.types import well_read

_WINDOW = 8000
"""Most tokens of a window when nobody names a size and the engine does not say what it reads well."""
_LEAST = 1500
"""Least tokens of a window when nobody names a size: reading everything in still smaller windows takes long."""
_FACTOR = 4
"""How many times its size a window has before it is compressed."""
_CALM = 0.98
_SMALLEST = 64
"""Tokens that a window must have room for."""


def fitted(job: Job, writer: ContextWriter) -> Windows:
    """Cut documents into windows that fit by the target's own count, which need not be that of the tokenizer.

    Raises:
        WindowError: if the target's window has no room for any.
        EngineError: if the documents hold no text.
    """
    engine = job.engine
    limit = engine.window - job.note_tokens
    room = limit - _count(job, "")
    size = min(room, job.options.window or max(_LEAST, well_read(engine) or _WINDOW))
    if size < min(_SMALLEST, job.options.window or _SMALLEST):
        raise WindowError(limit - room + _SMALLEST, limit, "shorten the question, or use a target with a larger window")
    compressed = job.options.how == "compress"
    while True:
        windows = cut(writer, size, compress=job.compress if compressed else None, factor=_FACTOR if compressed else 1)
        if not windows.windows:
            raise EngineError("the documents hold no text, so there is nothing to ask about")
        longest = max(windows.windows, key=lambda window: sum(block.end - block.start for block in window.blocks))
        counted = _count(job, windows.context(longest).text)
        if counted <= limit or size <= _SMALLEST:
            return windows
        size = max(_SMALLEST, min(size - 1, int(_CALM * size * room / (counted - (limit - room)))))


def _count(job: Job, text: str) -> int:
    return job.engine.count(window_messages(text, job.question, listing=job.listing))


def cost_of(job: Job, windows: Windows) -> Cost:
    """What is still to be asked: windows without a stored answer, joins at most, and the answer."""
    frame = _count(job, "")
    sizes = [size for window in windows.windows if (size := _asked_tokens(job, windows, window)) is not None]
    total = len(windows.windows)
    notes, joins = total * job.note_tokens, 0
    room = max(2 * job.note_tokens, job.engine.window - job.max_tokens - frame)
    while notes > room and not job.listing:
        groups = math.ceil(notes / room)
        joins, notes = joins + groups, groups * job.note_tokens
    last = min(room, total * job.note_tokens)
    return Cost(
        windows=total,
        calls=len(sizes) + joins + 1,
        prompt_tokens=sum(sizes) + len(sizes) * frame + joins * room + last,
        stored=total - len(sizes),
        place=job.store.path,
    )


def _asked_tokens(job: Job, windows: Windows, window: Window) -> int | None:
    """Tokens of a window; None where its answer is stored."""
    if windows.compress is not None:
        # Compressing all windows only to tell the cost would take as long as the compression.
        return windows.size
    context = windows.context(window)
    chat = window_messages(context.text, job.question, listing=job.listing)
    return context.kept_tokens if job.store.get(chat, job.note_tokens) is None else None
