from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.evals.paired.held import ArmRecords, held, scored
from ctxpipe.evals.types import Record

scores = st.dictionaries(st.sampled_from(["nll", "survival"]), st.floats(-9, 9))
arms = st.lists(st.dictionaries(st.integers(0, 12), scores, min_size=1), min_size=1, max_size=3)


def records(given_scores: dict[int, dict[str, float]]) -> list[Record]:
    return [Record(id=f"q{i}", cluster=f"c{i % 3}", arm="x", scores=found) for i, found in given_scores.items()]


@given(arms)
def test_items_with_a_score_in_all_arms_are_those_that_a_loop_finds(several: list[dict[int, dict[str, float]]]) -> None:
    by_item = [{record.id: record for record in records(one)} for one in several]
    expected = sorted(key for key in by_item[0] if all(key in one and "nll" in one[key].scores for one in by_item))
    ids, table = scored("nll", *by_item)
    assert ids == expected
    assert table.tolist() == [[one[key].scores["nll"] for one in by_item] for key in expected]


def test_records_are_held_in_the_order_of_their_ids() -> None:
    made = records({i: {"survival": i / 10} if i % 3 else {} for i in range(10)})
    random.Random(0).shuffle(made)
    found = ArmRecords(made)
    assert list(found) == found.ids == [f"q{i}" for i in range(10)]
    assert found.clusters == tuple(f"c{i % 3}" for i in range(10))
    assert np.isnan(found.column("survival")).tolist() == [i % 3 == 0 for i in range(10)]
    assert found.column("survival") is found.column("survival")
    assert held(found) is found
    assert found.design.clusters == 3
    assert {name: list(part) for name, part in found.by_suite("items").items()} == {"items": found.ids}
