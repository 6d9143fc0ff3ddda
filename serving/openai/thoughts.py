"""Keeps what a model thinks apart from what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field

OPEN, CLOSE = "<think>", "</think>"


@dataclass(slots=True, kw_only=True)
class Thoughts:
    """Takes an answer piece by piece, and holds back a ``<think>`` block at its beginning.

    Attributes:
        pieces: What the model thought, so far.
    """

    pieces: list[str] = field(default_factory=list)
    _state: str = "before"
    _held: str = ""

    @property
    def text(self) -> str:
        """What the model thought, without surrounding whitespace."""
        return "".join(self.pieces).strip()

    def take(self, piece: str) -> str:
        """What of the answer may be shown now that a piece has arrived."""
        if self._state == "answer":
            return piece
        self._held += piece
        if self._state == "before":
            begun = self._held.lstrip()
            if OPEN.startswith(begun):  # it may still become a block
                return ""
            if not begun.startswith(OPEN):
                self._state = "answer"
                return self._release()
            self._state, self._held = "thinking", begun[len(OPEN) :]
        if self._state == "thinking":
            thought, closed, rest = self._held.partition(CLOSE)
            if closed:
                self.pieces.append(thought)
                self._state, self._held = "after", rest
            else:
                keep = next((n for n in range(len(CLOSE) - 1, 0, -1) if thought.endswith(CLOSE[:n])), 0)
                self.pieces.append(thought[: len(thought) - keep])
                self._held = thought[len(thought) - keep :]
                return ""
        self._held = self._held.lstrip()
        if self._held:
            self._state = "answer"
        return self._release()

    def end(self) -> str:
        """What is left to show when the answer has ended."""
        if self._state == "thinking":
            self.pieces.append(self._release())
        return self._release()

    def _release(self) -> str:
        held, self._held = self._held, ""
        return held


def parted(text: str, reasoning: str) -> tuple[str, str]:
    """Answer and reasoning, also where the template began the block in the prompt and the answer holds only its end."""
    before, closed, after = text.partition(CLOSE)
    if closed and not reasoning:
        return after.lstrip(), before.strip()
    return text, reasoning
