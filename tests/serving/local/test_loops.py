"""An answer that repeats itself is ended; one that merely has a refrain is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.serving.local.loops import LONGEST, SHORTEST, TIMES, repeats


@given(st.lists(st.integers(0, 50), max_size=40), st.lists(st.integers(51, 99), min_size=SHORTEST, max_size=LONGEST))
def test_a_stretch_said_three_times_is_found(before: list[int], stretch: list[int]) -> None:
    assert repeats([*before, *stretch * TIMES])


@given(st.lists(st.integers(), unique=True, max_size=80))
def test_what_never_repeats_is_let_go_on(ids: list[int]) -> None:
    assert not repeats(ids)
    assert not repeats([*ids, *ids]) or len(ids) == 0


def test_short_refrains_are_let_go_on() -> None:
    assert not repeats([1, 2, 3, 9, 1, 2, 3, 8, 1, 2, 3])
