"""Token ids to text, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"
# Bytes that will never be a character must not hold the stream up; no character has more bytes than this.
_LONGEST = 8


class Detokeniser:
    """Turns tokens into text as they arrive; a character whose bytes span tokens comes whole.

    A token's text depends on the one before it (leading spaces, merged bytes), so each new piece is the difference
    between two decodings that begin at the same earlier token.

    Args:
        decode: Token ids to text, special tokens left out.
        emit: Called with every piece of text that is not empty.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], emit: Callable[[str], None]) -> None:
        self._decode = decode
        self._emit = emit
        self._ids: list[int] = []
        self._context = 0
        self._done = 0
        self.text = ""

    def add(self, ids: Sequence[int]) -> None:
        """Take tokens, emit what text they complete."""
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
