from __future__ import annotations

import numpy as np
import pytest

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.multiplicity import fixed_sequence
from ctxpipe.evals.statistics.noninferiority import items_needed, items_to_decide, verdict
from ctxpipe.evals.statistics.tango import tango_interval


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (-0.049, 0.02, "safe"),
        (0.01, 0.02, "safe"),
        (-0.049, -0.01, "safe"),
        (-0.05, 0.02, "inconclusive"),
        (-0.08, -0.02, "inconclusive"),
        (-0.08, -0.05, "inconclusive"),
        (-0.08, -0.051, "harmful"),
    ],
)
def test_verdict(lower: float, upper: float, said: str) -> None:
    assert verdict(lower, upper, 0.05) == said


@pytest.mark.parametrize(("margin", "n"), [(0.02, 1855), (0.03, 825), (0.05, 297)])
def test_items_needed_at_a_discordance_of_12_percent(margin: float, n: int) -> None:
    assert items_needed(margin, 0.12) == n


def test_so_many_items_have_the_power_planned_for() -> None:
    """Simulated: at no true difference, about 80% of comparisons of that size are safe, and 5% at the margin."""
    rng = np.random.default_rng(0)
    n = items_needed(0.05, 0.12)
    decided: dict[float, float] = {}
    for difference in (0.0, -0.05):
        chances = [(0.12 - difference) / 2, (0.12 + difference) / 2, 0.88]
        tables = rng.multinomial(n, chances, size=600)
        lowers = [tango_interval(losses, gains, n, level=0.90)[0] for losses, gains, _ in tables]
        decided[difference] = float(np.mean([verdict(lower, 1, 0.05) == "safe" for lower in lowers]))
    assert decided[0.0] == pytest.approx(0.80, abs=0.05)
    assert decided[-0.05] == pytest.approx(0.05, abs=0.025)


def test_items_to_decide_plan_for_the_observed_loss_when_that_is_what_stands_in_the_way() -> None:
    assert items_to_decide(0.05, 0.12, 0.0, 100) == 297
    assert items_to_decide(0.05, 0.12, -0.04, 100) == 297
    assert items_to_decide(0.05, 0.12, -0.04, 400) > 5000
    assert items_to_decide(0.05, 0.12, -0.05, 400) < 10**6, "exactly at the margin it stays finite"


@pytest.mark.parametrize("margin", [0.0, -0.1, float("nan"), float("inf")])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    with pytest.raises(UsageError, match="must be above 0"):
        verdict(0, 0, margin)
    with pytest.raises(UsageError, match="must be above 0"):
        items_needed(margin, 0.1)


def test_no_variance_cannot_be_planned_for() -> None:
    with pytest.raises(UsageError, match="no number of items"):
        items_needed(0.05, 0.0)
    with pytest.raises(UsageError, match="no number of items"):
        items_needed(0.05, 0.1, difference=-0.05)


def test_a_fixed_sequence_ends_at_the_first_that_is_not_safe() -> None:
    assert fixed_sequence(["safe", "safe", "inconclusive", "safe"]) == 2
    assert fixed_sequence(["harmful", "safe"]) == 0
    assert fixed_sequence([]) == 0
