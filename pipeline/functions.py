"""``compress`` and ``query`` for one call; a ``Pipeline`` keeps its models for the next one."""

from __future__ import annotations

from typing import Any

from ctxpipe.compress.types import CompressedContext
from ctxpipe.pipeline.pipeline import Pipeline, Sources
from ctxpipe.pipeline.types import Run
from ctxpipe.serving.types import OnText


def compress(
    documents: Sources,
    *,
    question: str | None = None,
    budget: int | None = None,
    rate: float | None = None,
    **options: Any,
) -> CompressedContext:
    """Keep what matters most of some documents in at most ``budget`` tokens.

    Example::

        context = compress(["report.pdf", Document(text="...", source="note")], question="Who signed?", budget=6000)
        context.text, context.kept_tokens, context.spans

    Args:
        documents: A path or several; text comes as a ``Document``.
        question: What will be asked.
        budget: Most tokens of the result, or
        rate: share of the source's tokens, above 0 and at most 1.
        **options: As for ``Pipeline``.

    Raises:
        CtxpipeError: see ``Pipeline.compress``.
    """
    return Pipeline(**options).compress(documents, question=question, budget=budget, rate=rate)


def query(
    documents: Sources,
    *,
    question: str,
    budget: int | None = None,
    rate: float | None = None,
    raw: bool = False,
    on_text: OnText | None = None,
    **options: Any,
) -> Run:
    """Ask a question of documents of any length.

    Example::

        run = query("report.pdf", question="What did the auditors find?")
        run.answer.text, run.citations

    Args:
        documents: A path or several; text comes as a ``Document``.
        question: The question.
        budget: Most tokens of context; by default as many as the window leaves room for.
        rate: Share of the source's tokens, instead of a budget.
        raw: Send everything, uncompressed.
        on_text: Called with each piece of the answer as it arrives.
        **options: As for ``Pipeline``.

    Raises:
        CtxpipeError: see ``Pipeline.query``.
    """
    pipeline = Pipeline(**options)
    return pipeline.query(documents, question=question, budget=budget, rate=rate, raw=raw, on_text=on_text)
