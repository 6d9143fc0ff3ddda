"""The passages of a document, in columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from ctxpipe.arrays import IntArray
from ctxpipe.compress.text.chunk import chunks
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.types import Document

PASSAGE_TOKENS = 200
"""Size of a passage, within the 256 tokens that MiniLM reads."""
REFERENCE = "smollm2-135m"
"""Tokenizer that measures passages. It is the same for all targets, so that documents are prepared once for all."""

_SAMPLE, _PIECES = 1 << 17, 8
"""Of a longer document this many characters are counted, taken from this many places."""
_LEAST_RATIO = 0.25


class Passages(NamedTuple):
    """Passages of one document, in order, disjoint.

    Attributes:
        start, end: int64 of shape (n,): character offsets, end exclusive.
        trail: int64 of shape (n,): index of each passage's trail in ``trails``.
        trails: Distinct trails of headings, outermost first, the document's title included.
    """

    start: IntArray
    end: IntArray
    trail: IntArray
    trails: tuple[tuple[str, ...], ...]

    def headings(self, index: int) -> tuple[str, ...]:
        """The trail of a passage."""
        return self.trails[int(self.trail[index])]


def passages_of(document: Document, outline: Outline, characters_per_token: float) -> Passages:
    """Cut a document into passages of about ``PASSAGE_TOKENS`` tokens."""
    cut = chunks(document, 0, outline, tokens=PASSAGE_TOKENS, characters_per_token=characters_per_token)
    places: dict[tuple[str, ...], int] = {}
    trail = [places.setdefault(chunk.headings, len(places)) for chunk in cut]
    return Passages(
        np.array([chunk.start for chunk in cut], dtype=np.int64),
        np.array([chunk.end for chunk in cut], dtype=np.int64),
        np.array(trail, dtype=np.int64),
        tuple(places),
    )


@cache
def reference_tokenizer() -> Tokenizer:
    """The tokenizer that measures passages."""
    from ctxpipe.models.tokenizer import TargetTokenizer

    return TargetTokenizer.load(REFERENCE)


def characters_per_token(text: str, count: Callable[[str], int]) -> float:
    """Characters per token of a text; of a long one, of evenly spread pieces."""
    if len(text) > _SAMPLE:
        size, step = _SAMPLE // _PIECES, len(text) // _PIECES
        text = "".join(text[at : at + size] for at in range(0, step * _PIECES, step))
    return max(_LEAST_RATIO, len(text) / max(1, count(text)))
