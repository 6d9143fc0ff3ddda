"""The one selector: what is kept under a budget of target tokens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.types import Units
from ctxpipe.errors import UsageError

ENOUGH = 0.98
"""Share of the budget that a selection must reach when the text is longer than it."""
_CLOSE = 0.995
_MOST_FILLS = 64
_MOST_SWAPS = 12

Count = Callable[[BoolArray], int]


def priority(scores: FloatArray, units: Units) -> IntArray:
    """Units by descending score, ties by position, with what a unit leans on before it.

    A unit that others lean on takes the best score among them, so every prefix of the result is closed under
    ``parent``.

    Args:
        scores: float32 of shape (n,); NaN counts as lowest.
    """
    best = np.nan_to_num(scores.astype(np.float64), nan=-np.inf, neginf=-1e30, posinf=1e30)
    leaning = np.flatnonzero(units.parent >= 0)
    for index in leaning[::-1].tolist():
        parent = units.parent[index]
        if best[index] > best[parent]:
            best[parent] = best[index]
    return np.lexsort((np.arange(len(best)), -best))


def select(scores: FloatArray, units: Units, budget: int, count: Count, held: BoolArray | None = None) -> BoolArray:
    """Choose units under one threshold for the whole pool.

    The longest prefix of ``priority`` whose rendered text fits is kept, less what nothing kept leans on; the room
    left is filled with the next units that fit, each with what it leans on.

    Args:
        scores: float32 of shape (n,).
        units: The pool's units; ``cost`` guides the search, ``count`` decides.
        budget: Most tokens.
        count: Exact tokens of the text of a selection, by the target's tokenizer.
        held: True where a unit, once kept, is not given up for others, and until it is kept nothing else of its
            segment fills the room that is left.

    Returns:
        bool of shape (n,), closed under ``parent``, whose count is at most ``budget``.
    """
    order = priority(scores, units)
    size = _longest_prefix(order, units.cost, budget, count)
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order[:size]] = True
    bare = kept.copy()
    held = np.zeros(len(order), dtype=np.bool_) if held is None else held
    _drop_barren(kept, units, held)
    if not kept.any():
        # Nothing fits with all that it leans on (JSON nested deeper than the budget): brackets say more than nothing.
        kept = bare
    kept, used = _fill(kept, order, units, budget, count, held)
    return kept if used >= budget * ENOUGH else _swap(kept, used, order, units, budget, count, held)


def _longest_prefix(order: IntArray, cost: IntArray, budget: int, count: Count) -> int:
    cumulative = np.cumsum(cost[order])

    def tokens(size: int) -> int:
        kept = np.zeros(len(order), dtype=np.bool_)
        kept[order[:size]] = True
        return count(kept)

    fits, over = 0, len(order) + 1
    fits_tokens = 0
    size = int(np.searchsorted(cumulative, budget, side="right"))
    for _ in range(40):
        size = min(max(size, fits + 1), over - 1)
        if over - fits <= 1:
            break
        found = tokens(size)
        if found <= budget:
            fits, fits_tokens = size, found
            if found >= budget * _CLOSE:
                break
        else:
            over = size
        # The error of the estimate so far says where the next guess belongs; the bracket keeps it honest.
        estimate = int(cumulative[size - 1])
        aim = estimate * budget / found if found else budget
        guess = int(np.searchsorted(cumulative, aim, side="right"))
        size = guess if fits < guess < over else (fits + over) // 2
    return fits if fits_tokens <= budget else 0


def _drop_barren(kept: BoolArray, units: Units, held: BoolArray) -> None:
    """Drop headings, headers and brackets of which nothing is kept."""
    children = np.bincount(units.parent[units.parent >= 0], minlength=len(kept))
    alive = np.bincount(units.parent[kept & (units.parent >= 0)], minlength=len(kept))
    for index in np.flatnonzero(kept & (children > 0) & ~held)[::-1].tolist():
        if not alive[index]:
            kept[index] = False
            if units.parent[index] >= 0:
                alive[units.parent[index]] -= 1


def _swap(
    kept: BoolArray, used: int, order: IntArray, units: Units, budget: int, count: Count, held: BoolArray
) -> BoolArray:
    """Give up one of the least units kept where what fits in its place comes closer to the budget."""
    best = kept
    for index in order[kept[order] & ~held[order]][::-1][:_MOST_SWAPS].tolist():
        if bool(np.any(kept & (units.parent == index))):
            continue
        trial = kept.copy()
        trial[index] = False
        trial, found = _fill(trial, order[order != index], units, budget, count, held)
        if found > used:
            best, used = trial, found
        if used >= budget * ENOUGH:
            break
    return best


def _fill(
    kept: BoolArray, order: IntArray, units: Units, budget: int, count: Count, held: BoolArray
) -> tuple[BoolArray, int]:
    used = count(kept) if kept.any() else 0
    leaned_on = np.zeros(len(kept), dtype=np.bool_)
    leaned_on[units.parent[units.parent >= 0]] = True
    tries, limit = 0, budget - used
    lacking = _lacking(kept, units, held)
    for index in order[~kept[order] & (~leaned_on[order] | held[order])].tolist():
        if used >= budget * _CLOSE or tries >= _MOST_FILLS:
            break
        if units.joined[index] and not kept[index - 1]:
            continue
        if lacking and not held[index] and int(units.segment[index]) in lacking:
            continue
        bundle = _with_ancestors(index, kept, units)
        cost = sum(int(units.cost[i]) for i in bundle)
        if cost > limit:
            continue
        tries += 1
        kept[bundle] = True
        found = count(kept)
        if found > budget:
            # Others of this estimate would fail alike, for the separator's token.
            kept[bundle] = False
            limit = cost - 1
        else:
            used = found
            limit = budget - used
            if held[bundle].any():
                lacking = _lacking(kept, units, held)
    return kept, used


def _lacking(kept: BoolArray, units: Units, held: BoolArray) -> set[int]:
    """Segments of which something held is still to be kept."""
    return set(units.segment[held & ~kept].tolist()) - {-1}


def _with_ancestors(index: int, kept: BoolArray, units: Units) -> list[int]:
    bundle = [index]
    parent = int(units.parent[index])
    while parent >= 0 and not kept[parent]:
        bundle.append(parent)
        parent = int(units.parent[parent])
    return bundle


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
