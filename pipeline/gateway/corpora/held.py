"""What was kept of a corpus, as JSON that goes from process to process, and what an answer cites of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

from ctxpipe.compress.types import CompressedContext, Document, Span
from ctxpipe.json_form import form_of
from ctxpipe.pipeline.ask.cite import cite, why_unanswered

Held = dict[str, Any]


def held_of(context: CompressedContext) -> Held:
    """A context without the rest of its documents, which may be millions of characters.

    Args:
        context: What was kept.

    Returns:
        ``text``, ``frames``, ``question``, ``kept_tokens``, ``source_tokens``, and for each span its text, source,
        offset and pages.
    """
    return {
        "text": context.text,
        "frames": [list(frame) for frame in context.frames],
        "question": context.question,
        "kept_tokens": context.kept_tokens,
        "source_tokens": context.source_tokens,
        "notes": list(context.notes),
        "spans": [_span(context.documents[span.document], span) for span in context.spans],
    }


def told_of(answer: str, held: Held) -> dict[str, Any]:
    """What an answer rests on.

    Args:
        answer: What the model said.
        held: What it read.

    Returns:
        ``citations``, see ``ctxpipe.Citation``, and ``unanswered``, see ``ctxpipe.Run``.
    """
    context = _context(held)
    found = cite(answer, context)
    unanswered = why_unanswered(answer, context, found)
    placed = [] if unanswered else [_placed(form_of(one), held) for one in found]
    return {"citations": placed, "unanswered": unanswered}


def _span(document: Document, span: Span) -> dict[str, Any]:
    starts = document.page_starts
    inner = starts[bisect_right(starts, span.start) : bisect_left(starts, span.end)]
    return {
        "source": document.source,
        "start": span.start,
        "text": document.text[span.start : span.end],
        "page": document.page(span.start),
        "page_starts": [start - span.start for start in inner],
    }


def _context(held: Held) -> CompressedContext:
    """A context in which every span is a document of its own, named by its number."""
    documents = [
        Document(
            text=one["text"],
            source=str(number),
            page_starts=() if one["page"] is None else (0, *one["page_starts"]),
        )
        for number, one in enumerate(held["spans"])
    ]
    return CompressedContext(
        text=held["text"],
        spans=tuple(Span(document=i, start=0, end=len(one.text)) for i, one in enumerate(documents)),
        documents=tuple(documents),
        sources=(),
        source_tokens=held["source_tokens"],
        kept_tokens=held["kept_tokens"],
        budget=held["kept_tokens"],
        question=held["question"],
        rank="",
        prune="",
        tokenizer="",
        frames=tuple((start, end) for start, end in held["frames"]),
    )


def _placed(citation: dict[str, Any], held: Held) -> dict[str, Any]:
    """A citation with the source, page and offsets of the document that its span is of."""
    span = held["spans"][int(citation["source"])]
    page = None if span["page"] is None else span["page"] + citation["page"] - 1
    moved = {name: citation[name] + span["start"] for name in ("start", "end")}
    return {**citation, "source": span["source"], "page": page, **moved}
