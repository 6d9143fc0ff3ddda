"""The sentences that a list or a number is made of, for targets that are too small to find them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import OnProgress, RankingText, Span
from ctxpipe.errors import MissingExtraError, ModelError
from ctxpipe.pipeline.cover.job import Job
from ctxpipe.pipeline.cover.notes import Note
from ctxpipe.serving.types import well_read

GAP = 0.7
"""Least distance in logit between the entries and the rest; chosen on ten generated tasks."""
UNLIKELY = -2.0
"""Highest logit of the rest, a chance of one in eight. A gap among likelier sentences tells nothing."""
_FEWEST = 2
"""Entries of a list. A single sentence that stands out is the answer to another kind of question."""
_MOST = 5_000
"""Sentences up to which each is read: some seconds to half a minute."""


def picked(job: Job) -> list[Note] | None:
    """The sentences that hold the entries that a question asks for, in order, each with itself as evidence.

    The learned ranking's model reads the question with each sentence alone. A small target that is asked for the
    entries of a window copies sentences of any kind, or says that there are none (``benchmarks/listing.py``).

    Returns:
        None if the question asks for no list or number, the target is not small, or no sentences stand out.
    """
    if not job.listing or well_read(job.engine) is None:
        return None
    spans = [
        Span(document=index, start=start, end=end)
        for index, document in enumerate(job.documents)
        for start, end in sentences(document.text)
    ]
    if not _FEWEST < len(spans) <= _MOST:
        return None
    job.on_stage("cover", 0, 0)
    try:
        logits = _logits(job, spans, lambda done, total: job.on_stage("cover", done, total))
    except (ModelError, MissingExtraError):
        return None
    count = standing_out(logits)
    if not count:
        return None
    job.on_note(f"{count:,} sentences stand out by the learned ranking; the target was not asked for the entries")
    chosen = sorted(np.argsort(-logits, kind="stable")[:count].tolist())
    texts = (job.documents[spans[place].document].text[spans[place].start : spans[place].end] for place in chosen)
    return [
        Note(text=" ".join(text.split()), evidence=(spans[place],)) for place, text in zip(chosen, texts, strict=True)
    ]


def standing_out(logits: FloatArray) -> int:
    """How many logits lie above the widest gap in their higher half; 0 for a narrow one, or one above likely ones."""
    ordered = np.sort(logits)[::-1]
    gaps = (ordered[:-1] - ordered[1:])[: len(ordered) // 2]
    gaps[: _FEWEST - 1] = 0.0
    count = int(np.argmax(gaps)) + 1 if len(gaps) else 0
    return count if count and gaps[count - 1] >= GAP and ordered[count] <= UNLIKELY else 0


def _logits(job: Job, spans: Sequence[Span], on_progress: OnProgress) -> FloatArray:
    """The logit that each sentence is wanted; what the model cannot read has the lowest of all."""
    from ctxpipe.compress.learned.model import LearnedModel
    from ctxpipe.compress.learned.passages import gather
    from ctxpipe.compress.learned.scores import sentence_logits

    model = LearnedModel.load()
    texts = [
        RankingText(text=document.text[span.start : span.end], group=index, kind=document.kind)
        for index, span in enumerate(spans)
        for document in (job.documents[span.document],)
    ]
    passages = [passage for passage in gather(texts, model.layout.words) if passage.readable]
    asked = model.layout.asked(job.question)
    readings = model.read(asked, [passage.passage() for passage in passages], on_progress)
    logits = sentence_logits(passages, readings, len(texts), model.files.sentence["question"])
    if np.isnan(logits).all():
        return np.zeros(len(texts), dtype=np.float32)
    return np.where(np.isnan(logits), np.nanmin(logits), logits).astype(np.float32)
