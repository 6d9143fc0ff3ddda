"""Items of minutes that begin with their number and title stand above what is said of them."""

from __future__ import annotations

import pytest
from units_support import above

MINUTES = """1. Apologies
Ola Berg.

2. Repairs
2.1 North gate. It sticks. Two bids came.
Action: KL to oil it.
2.2 South gate. It is new.
Action: none.

3. Car park
It is full.
"""


@pytest.mark.parametrize("text", [MINUTES, MINUTES.replace("\n", "\r\n")])
def test_what_is_decided_of_an_item_stands_under_its_title(text: str) -> None:
    assert above(text, "Action: KL") == above(text, "Two bids") == ["2. Repairs", "2.1 North gate."]
    assert above(text, "Action: none") == ["2. Repairs", "2.2 South gate."]
    assert above(text, "It is full") == ["3. Car park"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2.2 South gate. It", "2.2 the south gate is new. It"),
        ("2.2 South", "2.4 South"),
        ("2. Repairs", "7. Repairs"),
        ("Action: KL to oil it.", "Action: KL to oil it from"),
        ("2.2 South gate. It is new.\n", ""),
    ],
)
def test_lines_that_are_not_all_items_with_titles_head_nothing(old: str, new: str) -> None:
    assert not any("North gate" in words for words in above(MINUTES.replace(old, new), "Action: KL"))
