"""Documents in, a context of at most so many tokens out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ctxpipe.compress.counting import Tokenizer
from ctxpipe.compress.job import Job
from ctxpipe.compress.keep import Keep
from ctxpipe.compress.types import CompressedContext, Document, OnStage, Ranker, Scorer
from ctxpipe.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressor:
    """Chunk, rank, prune and select under one budget.

    Attributes:
        tokenizer: The target's; budgets count in it.
        ranker: Used when there is a question; None ranks nothing.
        scorer: Prunes inside sentences.
        rank, prune: Names of the two, for the record.
        keep: What is protected beside numbers, negations, addresses and names.
    """

    tokenizer: Tokenizer
    ranker: Ranker | None
    scorer: Scorer
    rank: str
    prune: str
    keep: Keep = field(default_factory=Keep)

    def compress(
        self,
        documents: Sequence[Document],
        *,
        question: str | None = None,
        budget: int | None = None,
        rate: float | None = None,
        on_stage: OnStage | None = None,
    ) -> CompressedContext:
        """Keep what matters most, in at most ``budget`` tokens.

        Args:
            documents: In the order in which they should be read.
            question: What will be asked; without one nothing is ranked.
            budget: Most tokens, or
            rate: Share of the source's tokens, above 0 and at most 1.
            on_stage: Called as work goes on.

        Raises:
            UsageError: for a budget below 1, a rate outside (0, 1], both or neither, or no documents.
        """
        check_size(budget, rate)
        if not documents:
            raise UsageError("there is no document to compress")
        return Job(self, tuple(documents), question or None, on_stage or _nothing).run(budget, rate)


def check_size(budget: int | None, rate: float | None) -> None:
    """Refuse a budget or rate that makes no sense.

    Raises:
        UsageError: unless exactly one is given, the budget is at least 1 or the rate is in (0, 1].
    """
    if (budget is None) == (rate is None):
        raise UsageError("give either a budget in tokens or a rate, not both and not neither")
    if budget is not None and budget < 1:
        raise UsageError(f"the budget must be at least 1 token, not {budget}")
    if rate is not None and not 0 < rate <= 1:
        raise UsageError(f"the rate must be above 0 and at most 1, not {rate}")


def _nothing(stage: str, done: int, total: int) -> None:
    return None
