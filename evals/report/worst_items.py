"""The items with the largest loss; each opens to its question, scores and context."""

from __future__ import annotations

from collections.abc import Sequence

from ctxpipe.compress.types import Document, Span
from ctxpipe.evals.report.markup import esc, number, signed, table
from ctxpipe.evals.summary.summary import Worst
from ctxpipe.evals.types import Record, Sample
from ctxpipe.pipeline.view.pieces import pieces

LONGEST = 3_000
"""Length of a dropped stretch, in characters, above which its middle is left out."""


def worst_items(items: Sequence[Worst]) -> str:
    """A list of items that can be opened."""
    return "\n".join(_item(one) for one in items)


def _item(one: Worst) -> str:
    sample = one.sample
    names = [name for name in one.raw.scores if name in one.arm.scores]
    rows = [[esc(name), number(one.raw.scores[name]), number(one.arm.scores[name])] for name in names]
    rows.append(["tokens", f"{one.raw.kept_tokens or 0:,}", f"{one.arm.kept_tokens or 0:,}"])
    answers = " · ".join(sample.answers)
    return (
        f'<details><summary><span class="loss">{signed(one.loss)}</span>{esc(sample.question)}</summary>'
        f'<div class="inside"><h4>Right {"answers, all needed" if sample.rule == "all" else "answer"}</h4>'
        f"<p>{esc(answers)}</p>{_said(one.raw, one.arm)}"
        f"{table(['score', 'raw', esc(one.arm.arm)], rows)}"
        f'<p class="soft">{esc(sample.id)}, from {esc(sample.cluster)}. '
        f'Kept text is strong, <span class="dropped">dropped text is faint</span>.</p>'
        f"{_context(sample, one.arm)}</div></details>"
    )


def _said(raw: Record, arm: Record) -> str:
    return "".join(
        f"<h4>Answer with {esc(record.arm)}</h4><p>{esc(record.answer)}</p>" for record in (raw, arm) if record.answer
    )


def _context(sample: Sample, record: Record) -> str:
    bodies: list[list[str]] = [[] for _ in sample.documents]
    documents = [Document(text=passage.text) for passage in sample.documents]
    spans = [Span(document=d, start=start, end=end) for d, start, end in record.spans]
    for piece in pieces(documents, spans, longest=LONGEST):
        text = esc(piece.text)
        bodies[piece.document].append(text if piece.fate == "kept" else f'<span class="{piece.fate}">{text}</span>')
    evidence = {one.document for one in sample.evidence} | {i for i, d in enumerate(sample.documents) if d.gold}
    parts = []
    for i, (document, body) in enumerate(zip(sample.documents, bodies, strict=True)):
        gold = i in evidence and len(sample.documents) > 1
        mark = ' class="gold"' if gold else ""
        title = f"{i + 1}. {document.title}" if document.title else f"Document {i + 1}"
        parts.append(f"<h4{mark}>{esc(title)}{' (evidence)' if gold else ''}</h4><pre>{''.join(body)}</pre>")
    return "".join(parts)
