"""Models of Anthropic's, which publishes no tokenizer: their tokens are estimated from above."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from ctxpipe.arrays import IntArray
from ctxpipe.models.encoding import Encoder

STAND_IN = "smollm2-135m"
"""Its tokenizer is part of the package. Its vocabulary is small and English, so it makes many tokens of everything."""
FACTOR = 1.75
"""Tokens of a Claude model for one of ``STAND_IN``, from above.

``STAND_IN`` makes at least 1.1 tokens for one of o200k. Anthropic's models make up to 1.3 for one of o200k in
comparisons that were published for code, and the newest, by Anthropic's own account, up to 1.35 times as many as those
before them.
"""

_CLAUDE = re.compile(r"(?:anthropic/)?(claude-[\w.-]+)", re.IGNORECASE)


def claude(name: str) -> str | None:
    """A model's name as Anthropic's API knows it; None for a model of others."""
    match = _CLAUDE.fullmatch(name)
    return match[1] if match else None


class EstimatingEncoder:
    """Counts ``FACTOR`` tokens for one of another encoder, rounded up.

    Args:
        encoder: The other one.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.special_strings = encoder.special_strings
        self.cuts_exactly = encoder.cuts_exactly

    def lengths(self, texts: Sequence[str]) -> IntArray:
        """See ``Encoder``."""
        made: IntArray = np.ceil(FACTOR * self._encoder.lengths(texts)).astype(np.int64)
        return made

    def offsets(self, texts: Sequence[str]) -> Iterator[IntArray]:
        """Those of the other encoder, some of them twice, so that there are as many as ``lengths`` says."""
        for offsets in self._encoder.offsets(texts):
            places = np.arange(np.ceil(FACTOR * len(offsets))) / FACTOR
            yield offsets[places.astype(np.int64)]

    def repeats(self) -> None:
        """None: each piece would be rounded up."""
