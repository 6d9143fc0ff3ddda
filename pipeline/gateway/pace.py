"""How large a prompt the better ranker can cut in time, learnt from how long it took."""

from __future__ import annotations

_FIRST = 6_400.0
"""Tokens a second of the better ranker on one idle core, and the most that is believed."""
_LEAST = 200.0
_SHARE = 0.5
"""Share of the deadline that ranking may take; counting, and a second try, take the rest."""
_RECOVERY = 1.1


class Pace:
    """Tokens a second, by recent jobs; a busy machine is slower than an idle one.

    Args:
        deadline: Seconds that a prompt may take.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._rate = _FIRST

    @property
    def tokens(self) -> int:
        """The largest prompt that is in time."""
        return int(_SHARE * self._deadline * self._rate)

    def took(self, tokens: int, seconds: float) -> None:
        """Learn from a job of the better ranker."""
        self._rate = min(_FIRST, max(_LEAST, (self._rate + tokens / max(seconds, 0.001)) / 2))

    def missed(self) -> None:
        """Learn from a deadline that was missed."""
        self._rate = max(_LEAST, self._rate / 2)

    def spared(self) -> None:
        """Believe a little more after a job that was left to the other ranker: the machine may be less busy now."""
        self._rate = min(_FIRST, _RECOVERY * self._rate)
