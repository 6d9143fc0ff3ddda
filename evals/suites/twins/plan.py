"""An item before its length is met: what is asked, what it is told apart from, and how its files are written."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ctxpipe.evals.types import Twin

Member = tuple[str, str]
"""A key and its value, a method and what it returns, or an empty key and a sentence."""


class TwinBlock(NamedTuple):
    """What stands under one twin's names.

    Attributes:
        twin: The names, and the value among what stands under them.
        fact: What says the value.
        members: Everything else.
        at: How many of them come before the fact.
    """

    twin: Twin
    fact: Member
    members: tuple[Member, ...]
    at: int

    def before(self) -> tuple[Member, ...]:
        """What comes before the fact."""
        return self.members[: self.at]

    def after(self) -> tuple[Member, ...]:
        """What comes after it."""
        return self.members[self.at :]

    def lines(self) -> tuple[Member, ...]:
        """Everything, the fact in its place."""
        return (*self.before(), self.fact, *self.after())


class File(NamedTuple):
    """A file's name, what is in it, and where its pages begin when it has any."""

    name: str
    text: str
    page_starts: tuple[int, ...] = ()


Write = Callable[[Sequence[TwinBlock]], list[File]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinPlan:
    """An item of any length.

    Attributes:
        question: What is asked.
        twins: In the order of the document.
        asked: Index of the one asked for.
        facts: What says each twin's value.
        filler: Draws one more member.
        write: Writes the files from blocks, in the order given.
    """

    question: str
    twins: tuple[Twin, ...]
    asked: int
    facts: tuple[Member, ...]
    filler: Callable[[random.Random], Member]
    write: Write
