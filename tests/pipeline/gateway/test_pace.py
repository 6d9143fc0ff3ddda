"""The better ranker gets what it can cut in time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.pipeline.gateway.pace import Pace

EVENT = st.none() | st.booleans() | st.tuples(st.integers(1, 10**7), st.floats(0, 1000))


def test_it_follows_the_machine() -> None:
    pace = Pace(5.0)
    first = pace.tokens
    assert first == 16_000
    pace.took(8_000, 8.0)
    assert pace.tokens < first
    slower = pace.tokens
    pace.missed()
    assert pace.tokens == slower // 2
    for _ in range(100):
        pace.spared()
    assert pace.tokens == first


@given(st.lists(EVENT))
def test_it_stays_within_bounds(events: list[bool | tuple[int, float] | None]) -> None:
    pace = Pace(2.0)
    for event in events:
        if event is None:
            pace.missed()
        elif isinstance(event, bool):
            pace.spared()
        else:
            pace.took(*event)
        assert 200 <= pace.tokens <= 6_400
