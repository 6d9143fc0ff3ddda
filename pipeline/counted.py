"""Contexts that hold a budget in tokens which only an API can count."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ctxpipe.compress.types import CompressedContext
from ctxpipe.errors import EngineError

Compress = Callable[[int], CompressedContext]
Count = Callable[[str], int]

_ROUNDS = 4
_ENOUGH = 0.9
"""Share of the budget that is well used; below it, one more try looks for more."""
_MARGIN = 0.98
_ALL = 1.1
"""Tokens for one of the sources' within which their labels fit too."""
SAMPLE = 20_000
"""Characters of the documents that are counted first, to know how far the estimate is off."""


def fit_counted(compress: Compress, count: Count, *, budget: int, ratio: float) -> CompressedContext:
    """Compress until the count is within the budget, which takes one or two tries.

    Args:
        compress: Compresses to so many estimated tokens.
        count: Counts exactly.
        budget: Most exact tokens.
        ratio: Exact tokens for an estimated one, as a sample has them.

    Returns:
        The context, with exact tokens of what was kept.

    Raises:
        EngineError: if it cannot be counted, or the count never falls below the budget.
    """
    best: CompressedContext | None = None
    sampled, aim = ratio, _MARGIN * budget / ratio
    for _ in range(_ROUNDS):
        made = compress(max(1, int(aim)))
        tokens = count(made.text)
        ratio = max(1, tokens) / max(1, made.kept_tokens)
        aim = _MARGIN * budget / ratio
        if tokens > budget or not (tokens or made.rate == 1):
            if best is not None:
                break
            continue
        second = best is not None
        if best is None or tokens > best.kept_tokens:
            best = restated(made, tokens, sampled, budget=budget)
        whole = ratio * made.source_tokens <= budget
        if second or made.rate == 1 or (tokens >= _ENOUGH * budget and not whole):
            break
        if whole:
            aim = _ALL * made.source_tokens
    if best is None:
        raise EngineError("it counts more tokens than expected")
    return best


def restated(context: CompressedContext, tokens: int, ratio: float, *, budget: int) -> CompressedContext:
    """A context with the exact tokens of what was kept, and of its sources what a ratio lets expect."""
    return dataclasses.replace(
        context,
        kept_tokens=tokens,
        budget=budget,
        source_tokens=round(ratio * context.source_tokens),
        sources=tuple(dataclasses.replace(one, tokens=round(ratio * one.tokens)) for one in context.sources),
    )
