from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.models.batches import BATCH_TEXTS, text_batches, token_batches

LENGTHS = st.lists(st.integers(1, 600), max_size=60)


@given(LENGTHS, st.integers(1, 2000), st.booleans(), st.sampled_from([0.0, 0.8, 1.0]))
def test_batches_hold_every_row_once_under_the_cap(lengths: list[int], cap: int, ascending: bool, alike: float) -> None:
    order = sorted(range(len(lengths)), key=lambda i: lengths[i]) if ascending else None
    batches = list(token_batches(lengths, cap, order=order, alike=alike))
    flat = [index for batch in batches for index in batch]
    assert sorted(flat) == list(range(len(lengths)))
    assert flat == (order or sorted(flat, key=lambda i: -lengths[i]))
    for batch in batches:
        inside = [lengths[index] for index in batch]
        assert len(batch) == 1 or len(batch) * max(inside) <= cap
        assert min(inside) >= alike * max(inside)


def test_batches_are_filled_and_hold_rows_of_like_length() -> None:
    lengths = [5, 900, 30, 2000, 31, 29, 4096, 6000, 900]
    batches = list(token_batches(lengths, 4096))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert [sorted(lengths[i] for i in batch) for batch in batches] == [
        [6000],
        [4096],
        [900, 2000],
        [29, 30, 31, 900],
        [5],
    ]


@given(st.lists(st.integers(0, 9)), st.integers(1, 20))
def test_texts_stay_in_order_and_below_the_limit(sizes: list[int], limit: int) -> None:
    texts = ["x" * size for size in sizes]
    batches = list(text_batches(texts, characters=limit))
    assert [text for batch in batches for text in batch] == texts
    assert all(len(batch) == 1 or sum(map(len, batch)) <= limit for batch in batches)


def test_many_short_texts_are_cut_too() -> None:
    assert [len(batch) for batch in text_batches([""] * (BATCH_TEXTS + 1))] == [BATCH_TEXTS, 1]
