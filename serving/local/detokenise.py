"""Token ids to text, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"
# Bytes that never form a character must not block the stream; no character has more bytes than this.
_LONGEST = 8


class Detokeniser:
    """Turns tokens into text as they arrive; a character that spans several tokens is emitted once it is complete.

    A token's text depends on the one before it (leading spaces, merged bytes), so each new piece is the difference
    between two decodings that begin at the same earlier token.

    Args:
        decode: Token ids to text, special tokens left out.
        emit: Called with every non-empty piece of text.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], emit: Callable[[str], None]) -> None:
        self._decode = decode
        self._emit = emit
        self._ids: list[int] = []
        self._context = 0
        self._done = 0
        self.text = ""

    def add(self, ids: Sequence[int]) -> None:
        """Add tokens and emit the text that they complete."""
        for number in ids:
            self._ids.append(number)
            whole = len(self._ids) - self._done >= _LONGEST
            self._advance(even_unfinished=whole)

    def finish(self) -> str:
        """Emit what is left and return the whole text."""
        self._advance(even_unfinished=True)
        return self.text

    def _advance(self, even_unfinished: bool) -> None:
        known = self._decode(self._ids[self._context : self._done])
        longer = self._decode(self._ids[self._context :])
        if longer.endswith(_UNFINISHED) and not even_unfinished:
            return
        self._context, self._done = self._done, len(self._ids)
        if piece := longer[len(known) :]:
            self.text += piece
            self._emit(piece)
