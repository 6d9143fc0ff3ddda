"""Arms as operating points: tokens, time, cost and loss, and whether another dominates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctxpipe.evals.statistics.bootstrap import bootstrap_means
from ctxpipe.evals.statistics.frontier import dominated, frontier_frequency
from ctxpipe.evals.summary.cost import Prices
from ctxpipe.evals.summary.rows import SummaryRow, columns, design_of, shared
from ctxpipe.evals.types import ByItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """An arm as an operating point.

    Attributes:
        arm: Its name.
        achieved: Share of the tokens kept.
        seconds: Mean seconds per item, compression and target together; None if not timed, for example because scores
            were reused.
        loss, loss_bound: Loss against raw, and its one-sided 95% upper bound.
        cost: Cost of a query in the unit of the prices; None if not known.
        dominated, slower, dearer: Whether another arm is no worse in tokens (in seconds, in cost) and loss, and better
            in one.
        frontier: Share of the resamples in which no other arm dominates it in tokens.
    """

    arm: str
    achieved: float
    seconds: float | None
    loss_bound: float
    loss: float
    dominated: bool
    slower: bool
    frontier: float | None
    cost: float | None = None
    dearer: bool = False


def points_of(
    rows: Sequence[SummaryRow], by_arm: Mapping[str, ByItem], score: str, seed: int, prices: Prices | None = None
) -> tuple[Point, ...]:
    """The methods of rows over all suites, as points of a plot."""
    compared = [(row, c) for row in rows if row.method and row.achieved is not None and (c := row.versus(score))]
    if not compared:
        return ()
    # In whole percent, so that a few unused tokens do not decide.
    costs = np.round([row.achieved or 0.0 for row, _ in compared], 2)
    bounds = np.asarray([one.loss_bound for _, one in compared])
    arms = [by_arm[row.arm] for row, _ in compared]
    keys = shared(score, *arms)
    often: Sequence[float | None] = [None] * len(compared)
    if keys:
        values = columns(score, keys, *arms) * (1 if score == "nll" else -1)
        often = frontier_frequency(costs, bootstrap_means(values, design_of(keys, arms[0]), seed=seed)).tolist()
    beaten = dominated(costs, bounds)
    times = [total_seconds(row) for row, _ in compared]
    bills = [cost_of(row, prices or Prices()) for row, _ in compared]
    slower, dearer = (
        dominated(np.asarray([np.inf if c is None else c for c in one]), bounds) for one in (times, bills)
    )
    return tuple(
        Point(
            arm=row.arm,
            achieved=row.achieved or 0.0,
            seconds=times[i],
            loss_bound=one.loss_bound,
            loss=one.difference if score == "nll" else -one.difference,
            dominated=bool(beaten[i]),
            slower=bool(slower[i]),
            frontier=often[i],
            cost=bills[i],
            dearer=bool(dearer[i]),
        )
        for i, (row, one) in enumerate(compared)
    )


def total_seconds(row: SummaryRow) -> float | None:
    """Mean seconds per item, compression and target together; None if one of them is not known."""
    if row.reused and "compress" not in row.seconds:
        return None
    parts = [row.seconds[name] for name in ("compress", "target") if name in row.seconds]
    return sum(parts) if parts else None


def cost_of(row: SummaryRow, prices: Prices) -> float | None:
    """Cost of a query; None if the tokens, or seconds with a price, are not known."""
    if prices.hour and row.reused and "compress" not in row.seconds:
        return None
    return prices.cost(row.tokens, row.seconds)
