"""Arms: ways to turn an item's documents into a context, by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ctxpipe.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from ctxpipe.compress.rank.resources import Effort
    from ctxpipe.compress.types import Ranker, Scorer

CONTROLS: Mapping[str, str] = {
    "raw": "the whole context",
    "raw2": "the whole context again; any difference from raw is noise",
    "closed": "no context",
    "gold": "only the documents with the evidence, if the set marks it",
    "identity": "the default method at rate 1, which must lose nothing",
    "cover": "the whole context, window by window, and an answer from the notes on them",
}
METHODS: Mapping[str, tuple[str, str]] = {
    "default": ("auto", "auto"),
    "embedding": ("embedding", "none"),
    "bm25": ("bm25", "none"),
    "llmlingua": ("hybrid", "llmlingua"),
    "longllmlingua": ("hybrid", "longllmlingua"),
    "head-tail": ("none", "head-tail"),
    "random": ("none", "random"),
}
"""Ranker and pruner by short name; ``<ranker>+<pruner>`` names any other pair. ``:fast`` or ``:high`` behind
either is an effort."""
FORMER = {"surprisal": "llmlingua", "contrastive": "longllmlingua"}
"""Short names in records of earlier versions."""
BASELINES = ("head-tail", "random", "bm25")
"""Baselines: simple methods that any other must beat at the same budget."""
_AMOUNT = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_METHOD = re.compile(r"[^\s,@]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to make a context.

    Attributes:
        name: Name in records: ``raw``, ``bm25@0.25``, ``default@2000``.
        method: Short name, or ``<ranker>+<pruner>``; empty for a control.
        rank, prune: Ranker and scorer of the pipeline, as names or objects; empty for a control.
        effort: How much the learned ranking reads.
        rate: Share of the source's tokens to keep, or None.
        budget: Most tokens to keep, or None.
    """

    name: str
    method: str = ""
    rank: str | Ranker = ""
    prune: str | Scorer = ""
    effort: Effort = "default"
    rate: float | None = None
    budget: int | None = None

    @classmethod
    def of(
        cls,
        method: str,
        amount: float,
        *,
        rank: str | Ranker = "auto",
        prune: str | Scorer = "auto",
        effort: Effort = "default",
    ) -> Arm:
        """Make the arm of a ranker and a scorer, each a name or an object.

        Args:
            method: Name of the two in records. A run that is continued cannot tell whether it stands for other objects.
            amount: A rate, or above 1 a budget in tokens.
            rank: As for ``Pipeline``.
            prune: As for ``Pipeline``.
            effort: As for ``Pipeline``; the arm's name says it only if ``method`` does.

        Raises:
            UsageError: for an invalid rate or budget, or a name that cannot be part of an arm's name.
        """
        if not _METHOD.fullmatch(method) or method in CONTROLS:
            raise UsageError(f"{method!r} cannot name a method: it is a control, or has a comma, an @ or white space")
        if not amount > 0 or (amount > 1 and amount != int(amount)):
            raise UsageError(f"{method}@{amount:g} is neither a rate, above 0 and at most 1, nor a budget in tokens")
        rate, budget = (amount, None) if amount <= 1 else (None, int(amount))
        size = f"{rate:g}" if budget is None else str(budget)
        name = f"{method}@{size}"
        return cls(name=name, method=method, rank=rank, prune=prune, effort=effort, rate=rate, budget=budget)


def parse_arms(names: Iterable[str], rates: Sequence[float] = ()) -> list[Arm]:
    """Parse names of arms, each once, in order. A method without ``@`` gives one arm per rate.

    Args:
        names: ``raw``, ``bm25``, ``bm25@0.25``, ``default:high@0.25``, ``hybrid+llmlingua@0.5``; a number above 1 is a
            budget in tokens.
        rates: Shares above 0 and at most 1.

    Raises:
        UnknownNameError: for an unknown control, method, ranker, scorer or effort, with the nearest names.
        UsageError: for an invalid rate or budget, or a method without any.
    """
    from ctxpipe.compress.rank.resources import effort_of

    arms: dict[str, Arm] = {}
    for name in (part.strip() for part in names):
        if name in CONTROLS:
            arms[name] = Arm(name=name)
            continue
        method, at, amount = name.partition("@")
        base, colon, effort = method.partition(":")
        rank, prune = _pair(base)
        if at:
            amounts = [_amount(name, amount)]
        elif rates:
            amounts = [float(rate) for rate in rates]
        else:
            raise UsageError(f"the arm {name!r} needs a rate: {name}@0.25, or --rates")
        for one in amounts:
            arm = Arm.of(method, one, rank=rank, prune=prune, effort=effort_of(effort) if colon else "default")
            arms[arm.name] = arm
    if not arms:
        raise UsageError("no arm was given")
    return list(arms.values())


def _pair(method: str) -> tuple[str, str]:
    if pair := METHODS.get(FORMER.get(method, method)):
        return pair
    from ctxpipe.compress.rankers import RANKERS
    from ctxpipe.compress.scorers import SCORERS

    rank, plus, prune = method.partition("+")
    if not plus:
        raise UnknownNameError("arm", method, [*CONTROLS, *METHODS])
    for what, name, known in (("ranker", rank, RANKERS), ("pruner", prune, SCORERS)):
        if known.name_of(name) not in (*known.names(), "none", "auto"):
            raise UnknownNameError(what, name, [*known.names(), "none", "auto"])
    return rank, prune


def _amount(name: str, text: str) -> float:
    if not _AMOUNT.fullmatch(text):
        raise UsageError(f"the arm {name!r} has no rate or budget after its @; write it like bm25@0.25 or bm25@2000")
    return float(text)


def defaults() -> tuple[str, str]:
    """Ranker and pruner of the default method."""
    from ctxpipe.compress.rankers import DEFAULT_RANK
    from ctxpipe.compress.scorers import DEFAULT_PRUNE

    return DEFAULT_RANK, DEFAULT_PRUNE
