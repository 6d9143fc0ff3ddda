"""What was used most recently is kept."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.recent import Recent


@given(st.integers(1, 4), st.lists(st.tuples(st.booleans(), st.integers(0, 6))))
def test_it_holds_the_most_recently_used(most: int, steps: list[tuple[bool, int]]) -> None:
    recent: Recent[int, str] = Recent(most)
    used: OrderedDict[int, str] = OrderedDict()
    for number, (puts, key) in enumerate(steps):
        if puts:
            used[key] = str(number)
            used.move_to_end(key)
            dropped = used.popitem(last=False)[1] if len(used) > most else None
            assert recent.put(key, str(number)) == dropped
        else:
            assert recent.get(key) == used.get(key)
            if key in used:
                used.move_to_end(key)
