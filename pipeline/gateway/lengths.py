"""An encoder that remembers how long texts are: fitting a chat counts the same long texts about ten times."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from ctxpipe.arrays import IntArray
from ctxpipe.models.encoding import Encoder
from ctxpipe.models.repeats import Repeats
from ctxpipe.recent import Recent

_LONG = 1_000
"""Characters below which a text is quicker counted than looked up."""
_KEPT = 1_024


class RememberedLengths:
    """Remembers the lengths of the most recent long texts, by a hash.

    Args:
        encoder: What encodes.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.special_strings = encoder.special_strings
        self.cuts_exactly = encoder.cuts_exactly
        self._known: Recent[bytes, int] = Recent(_KEPT)

    def lengths(self, texts: Sequence[str]) -> IntArray:
        """See ``Encoder``."""
        keys = [_key(text) if len(text) >= _LONG else None for text in texts]
        found = [None if key is None else self._known.get(key) for key in keys]
        missing = [place for place, length in enumerate(found) if length is None]
        made = np.array([length or 0 for length in found], dtype=np.int64)
        if missing:
            made[missing] = self.encoder.lengths([texts[place] for place in missing])
            for place in missing:
                if (key := keys[place]) is not None:
                    self._known.put(key, int(made[place]))
        return made

    def offsets(self, texts: Sequence[str]) -> Iterator[IntArray]:
        """See ``Encoder``."""
        return self.encoder.offsets(texts)

    def repeats(self) -> Repeats | None:
        """See ``Encoder``."""
        return self.encoder.repeats()


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
