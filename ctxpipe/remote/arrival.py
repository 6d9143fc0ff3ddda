"""The part of an answer that has arrived so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Arrival:
    """The text so far, which decides whether a failed request may be retried.

    Attributes:
        deliver: Called with every piece of text as it arrives.
        begun: Whether the server has accepted the request and started to stream.
        pieces: The text so far.
    """

    deliver: Callable[[str], None]
    begun: bool = False
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)

    def add(self, text: str) -> None:
        """Add a piece and deliver it."""
        self.pieces.append(text)
        self.deliver(text)
