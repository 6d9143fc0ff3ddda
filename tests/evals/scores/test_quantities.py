from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.evals.scores.quantities import quantities, same_quantity, whole_quantity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3,677", [("3677", "", "")]),
        ("$25.7 million", [("25.7", "million", "dollar")]),
        ("$5m", [("5", "million", "dollar")]),
        ("5 m", [("5", "", "m")]),
        ("US$ 3bn", [("3", "billion", "dollar")]),
        ("€1.2 billion", [("1.2", "billion", "euro")]),
        ("(19)", [("-19", "", "")]),
        ("$ (1,234)", [("-1234", "", "")]),
        ("(see 19)", [("19", "", "")]),
        ("-78.06", [("-78.06", "", "")]),
        ("−3 °C", [("-3", "", "°C")]),
        ("12.02%", [("12.02", "percent", "")]),
        ("12 per cent", [("12", "percent", "")]),
        ("5 km/h", [("5", "", "km/h")]),
        ("3.5 million tonnes", [("3.5", "million", "t")]),
        ("a 5-mile walk", [("5", "", "mi")]),
        ("2018-2019", [("2018", "", ""), ("2019", "", "")]),
        ("In 2018, it was 12 kg.", [("2018", "", ""), ("12", "", "kg")]),
        ("the 10th of COVID-19, v1.2, 1/2/2019, 8de8-434b, a_1", []),
    ],
)
def test_quantities(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(str(q.value), q.scale, q.unit) for q in quantities(text)] == expected


def test_offsets_take_in_sign_and_unit() -> None:
    text = "it lost $25.7 million (or -3 %) last year"
    assert [text[q.start : q.end] for q in quantities(text)] == ["$25.7 million", "-3 %"]


@given(st.text(alphabet="0123456789.,-$()% akmillion/:", max_size=30))
def test_any_text_gives_quantities_in_order_and_inside_it(text: str) -> None:
    end = 0
    for quantity in quantities(text):
        assert end <= quantity.start < quantity.end <= len(text)
        end = quantity.end


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_a_number_with_separators_is_the_number(value: Decimal) -> None:
    found = whole_quantity(f"{value:,}")
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize("text", ["Nicklaus (6)", "3 of 4", "about 7", "", "none"])
def test_a_text_that_says_more_is_no_whole_quantity(text: str) -> None:
    assert whole_quantity(text) is None


@pytest.mark.parametrize(
    ("found", "gold", "scale", "same"),
    [
        ("3,677", "3677", "", True),
        ("3.677 thousand", "3677", "", True),
        ("$1,496.5 million", "1,496.5", "million", True),
        ("1,496,500,000", "1,496.5", "million", True),
        ("1,496.5", "1,496.5", "million", True),
        ("1,496.5 thousand", "1,496.5", "million", False),
        ("5 million", "5", "", False),
        ("12.02 %", "12.02", "percent", True),
        ("12.02", "12.02", "percent", True),
        ("0.1202", "12.02", "percent", True),
        ("5%", "5", "", False),
        ("12.02 million", "12.02", "percent", False),
        ("5 km", "5 miles", "", False),
        ("5 kilometres", "5 km", "", True),
        ("5", "5 km", "", True),
        ("$5", "€5", "", False),
        ("-5", "5", "", False),
        ("(5)", "-5", "", True),
        ("5.0", "5", "", True),
        ("5.01", "5", "", False),
    ],
)
def test_same_quantity(found: str, gold: str, scale: str, same: bool) -> None:
    given_quantity, wanted = whole_quantity(found), whole_quantity(gold, scale)
    assert given_quantity is not None
    assert wanted is not None
    assert same_quantity(given_quantity, wanted) is same
