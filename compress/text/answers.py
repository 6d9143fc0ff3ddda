"""Which turns of a conversation answer which question."""

from __future__ import annotations

_MOST = 3
"""Turns after a question that are taken for answers to it."""
_LONGEST_QUOTED, _SHORTEST_QUOTED = 60, 30


def quotation(words: str) -> str:
    """The first words of a turn, by which one that answers it names it."""
    words = " ".join(words[: 4 * _LONGEST_QUOTED].split()).replace('"', "'")
    if len(words) <= _LONGEST_QUOTED:
        return words
    cut = words.rfind(" ", _SHORTEST_QUOTED, _LONGEST_QUOTED)
    return words[: cut if cut > 0 else _LONGEST_QUOTED] + "…"


class Answers:
    """Takes turns in order. The next few after a question answer it, until who asked says something again.

    A question that goes on with one before it ("And the box?") stands under that.
    """

    def __init__(self) -> None:
        self._asked, self._by, self._left = -1, "", 0
        self._first, self._since = -1, 0
        self._named, self._leaning = -1, 0
        self._quotable: dict[tuple[str, str], int] = {}

    @property
    def asked_by(self) -> str:
        """Who asked the last question."""
        return self._by

    def about(self, place: int, *, leans: bool) -> int:
        """Take the next turn, which may begin with a pronoun for what one before it names.

        Returns:
            The place of the turn that names it, one of the last few; -1 for none.
        """
        if not leans:
            self._named, self._leaning = place, 0
            return -1
        self._leaning += 1
        return self._named if self._leaning <= _MOST else -1

    def follow(self, place: int, *, asks: bool) -> int:
        """Take the next turn of a text that names no speakers: the one after a question answers it, unless it asks."""
        asked = self._asked if self._left and not self._by and not asks else -1
        self._asked, self._by, self._left = place, "", int(asks)
        return asked

    def quotable(self, place: int, name: str, words: str) -> None:
        """Take down that somebody asks something in a turn, which a later one may quote."""
        self._quotable[name, quotation(words)] = place

    def quoting(self, place: int, name: str, whom: str, words: str, *, asks: bool) -> int:
        """Take the next turn, which says whom it answers, and quotes the words.

        Returns:
            The place of the question that it quotes; -1 where it quotes none.
        """
        self._since += 1
        if asks:
            self._asked, self._by, self._left = place, name, _MOST
            self._first, self._since = place, 0
        return self._quotable.get((whom, words), -1)

    def take(self, place: int, name: str, *, asks: bool, goes_on: bool = False) -> int:
        """Take the next turn.

        Args:
            place: What stands for the turn, from 0 on.
            name: Who says it; empty if that is not known.
            asks: Whether it is a question.
            goes_on: Whether it begins with words that go on with what was said before.

        Returns:
            The place of the question that it answers or goes on with; -1 for none.
        """
        asked = self._asked if name and self._left and name != self._by else -1
        self._left = self._left - 1 if asked >= 0 else 0
        self._since += 1
        if not (name and asks):
            return asked
        first = self._first if goes_on and self._since <= _MOST + 1 else -1
        self._asked, self._by, self._left = place, name, _MOST
        self._first, self._since = place if first < 0 else first, 0
        return first
