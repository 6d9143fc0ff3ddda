from __future__ import annotations

import math

import pytest

from ctxpipe.errors import UsageError
from ctxpipe.evals.summary.cost import Prices


def test_without_prices_a_query_costs_its_prompt() -> None:
    assert Prices().cost({"prompt": 120.0, "context": 100.0}, {"compress": 5.0}) == 120
    assert Prices().cost({"context": 100.0}, {}) == 100
    assert Prices().cost({}, {}) is None


def test_prices_are_of_a_thousand_queries() -> None:
    prices = Prices(prompt=2.0, completion=10.0, hour=3.6)
    cost = prices.cost({"prompt": 1_000_000.0, "completion": 100_000.0}, {"compress": 1.0, "target": 99.0})
    assert cost == pytest.approx(1000 * (2.0 + 1.0 + 0.001))


@pytest.mark.parametrize("price", [-1.0, math.nan, math.inf])
def test_a_price_is_a_number_from_zero_on(price: float) -> None:
    with pytest.raises(UsageError, match="must be at least 0"):
        Prices(hour=price)
