"""``compress`` and ``query``: a pipeline made for one call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from ctxpipe.compress.types import CompressedContext
from ctxpipe.pipeline.corpus.gather import Sources
from ctxpipe.pipeline.keywords import former_keywords
from ctxpipe.pipeline.pipeline import Pipeline
from ctxpipe.pipeline.types import Run
from ctxpipe.serving.types import OnText

F = TypeVar("F", bound=Callable[..., Any])


def _with_options(function: F) -> F:
    """Add the options of ``Pipeline`` to the signature of a function."""
    own = inspect.signature(function)
    named = [one for one in own.parameters.values() if one.kind is not one.VAR_KEYWORD]
    handed_on = [one for one in inspect.signature(Pipeline).parameters.values() if one.name not in own.parameters]
    vars(function)["__signature__"] = own.replace(parameters=[*named, *handed_on])
    return function


@_with_options
@former_keywords
def compress(
    documents: Sources,
    *,
    question: str | None = None,
    budget: int | None = None,
    rate: float | None = None,
    **options: Any,
) -> CompressedContext:
    """Compress documents to at most ``budget`` tokens, or to a share ``rate`` of their tokens.

    Example:
        ```python
        context = compress(["report.pdf", Document(text="...", source="note")], question="Who signed?", budget=6000)
        context.text, context.kept_tokens, context.spans
        ```

    Args:
        documents: One or several paths; text is passed as a ``Document``.
        question: The question; the best text for it is kept.
        budget: Most tokens of the result.
        rate: Share of the source's tokens, above 0 and at most 1, instead of a budget.
        **options: See ``Pipeline``.

    Raises:
        CtxpipeError: see ``Pipeline.compress``.
    """
    return Pipeline(**options).compress(documents, question=question, budget=budget, rate=rate)


@_with_options
@former_keywords
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
    """Ask a question about documents of any length.

    Example:
        ```python
        run = query("report.pdf", question="What did the auditors find?")
        run.answer.text, run.citations
        ```

    Args:
        documents: One or several paths; text is passed as a ``Document``.
        question: The question.
        budget: Most tokens of context; by default what the target reads well, see ``Pipeline.query``.
        rate: Share of the source's tokens, instead of a budget.
        raw: Send everything, uncompressed.
        on_text: Called with each piece of the answer as it arrives.
        **options: See ``Pipeline``.

    Raises:
        CtxpipeError: see ``Pipeline.query``.
    """
    pipeline = Pipeline(**options)
    return pipeline.query(documents, question=question, budget=budget, rate=rate, raw=raw, on_text=on_text)
