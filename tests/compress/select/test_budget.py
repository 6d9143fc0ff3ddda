"""The selector: never over budget, closed, and near the budget where the pieces allow it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.arrays import BoolArray
from ctxpipe.compress.select.budget import ENOUGH, priority, select
from ctxpipe.compress.types import Units


@st.composite
def forests(draw: st.DrawFn) -> tuple[Units, np.ndarray]:
    size = draw(st.integers(1, 40))
    parents = [draw(st.integers(-1, index - 1)) if draw(st.booleans()) else -1 for index in range(size)]
    costs = draw(st.lists(st.integers(0, 9), min_size=size, max_size=size))
    scores = draw(st.lists(st.floats(-5, 5, width=32) | st.just(float("nan")), min_size=size, max_size=size))
    start = np.arange(size, dtype=np.int64) * 10
    nothing = np.full(size, -1, dtype=np.int64)
    units = Units(
        start=start,
        end=start + 5,
        lead=start,
        close=nothing,
        close_end=nothing,
        parent=np.array(parents, dtype=np.int64),
        segment=np.arange(size, dtype=np.int64),
        cost=np.array(costs, dtype=np.int64),
        protected=np.zeros(size, dtype=np.bool_),
        joined=np.zeros(size, dtype=np.bool_),
    )
    return units, np.array(scores, dtype=np.float32)


def is_closed(kept: BoolArray, parent: np.ndarray) -> bool:
    return all(parent[i] < 0 or kept[parent[i]] for i in np.flatnonzero(kept))


@given(forests())
def test_every_prefix_of_the_priority_is_closed(made: tuple[Units, np.ndarray]) -> None:
    units, scores = made
    order = priority(scores, units)
    assert sorted(order.tolist()) == list(range(len(units)))
    for size in range(len(units) + 1):
        kept = np.zeros(len(units), dtype=np.bool_)
        kept[order[:size]] = True
        assert is_closed(kept, units.parent)


@given(forests(), st.integers(1, 120), st.integers(0, 3))
def test_a_selection_is_closed_and_within_budget(made: tuple[Units, np.ndarray], budget: int, joint: int) -> None:
    units, scores = made

    def count(kept: BoolArray) -> int:
        """What a tokenizer says: the pieces, and something for each gap, which the costs do not know."""
        return int(units.cost[kept].sum() + joint * max(0, kept.sum() - 1))

    kept = select(scores, units, budget, count)
    assert count(kept) <= budget
    assert is_closed(kept, units.parent)


@given(st.integers(2, 400), st.integers(50, 300))
def test_single_tokens_fill_any_budget(size: int, budget: int) -> None:
    start = np.arange(size, dtype=np.int64)
    nothing = np.full(size, -1, dtype=np.int64)
    flags = np.zeros(size, dtype=np.bool_)
    units = Units(
        start=start, end=start + 1, lead=start, close=nothing, close_end=nothing, parent=nothing, segment=start,
        cost=np.ones(size, dtype=np.int64), protected=flags, joined=flags,
    )  # fmt: skip
    kept = select(np.random.default_rng(size).random(size, dtype=np.float32), units, budget, lambda k: int(k.sum()))
    assert min(size, budget) >= kept.sum() >= ENOUGH * min(size, budget)
