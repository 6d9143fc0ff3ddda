"""Which turns of a conversation answer which question."""

from __future__ import annotations

_MOST = 3
"""Turns after a question that are taken for answers to it."""


class Answers:
    """Takes turns in order. The next few after a question answer it, until who asked says something again."""

    def __init__(self) -> None:
        self._asked, self._by, self._left = -1, "", 0

    def take(self, place: int, name: str, *, asks: bool) -> int:
        """Take the next turn.

        Args:
            place: What stands for the turn, from 0 on.
            name: Who says it; empty if that is not known.
            asks: Whether it is a question.

        Returns:
            The place of the question that it answers; -1 for none.
        """
        asked = self._asked if name and self._left and name != self._by else -1
        self._left = self._left - 1 if asked >= 0 else 0
        if name and asks:
            self._asked, self._by, self._left = place, name, _MOST
            return -1
        return asked
