"""Exact rare words of a question: identifiers, numbers, quoted strings and codes, which say more than meaning does."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import regex

from ctxpipe.arrays import FloatArray

_QUOTED = regex.compile(r"[\"“„«`'‘]([^\"”“»`'’\n]{2,80})[\"”“»`'’](?![\p{L}\p{N}])")
_CODE = regex.compile(
    r"""(?<![\p{L}\p{N}_])(?:
      --?\p{L}[\w-]+                                   # an option
    | [\p{L}_][\p{L}\p{N}]*(?:_[\p{L}\p{N}]+)+_*       # snake_case
    | _+\p{L}\w*
    | \p{Ll}+\p{Lu}\w*                                 # camelCase
    | (?:\p{Lu}\p{Ll}+){2,}\w*                         # CamelCase
    | \p{L}\w*(?:(?:\.|::|->|/)\w+)+                   # dotted.names, path/names
    | [\p{L}\p{N}]*\p{N}[\p{L}\p{N}]*(?:[-.:/][\p{L}\p{N}]+)*   # numbers and codes
    | \p{L}+(?:-\p{L}*\p{N}[\p{L}\p{N}]*)+             # AB-12
    | \p{Lu}[\p{Lu}\p{N}]+                             # ACRONYM
    )(?![\p{L}\p{N}_])""",
    regex.VERBOSE,
)
_STRONG, _WEAK = 4.0, 2.0
"""What a match in the text adds to a standardised score, and one in what the text stands under."""
_RARE = 0.05
"""Share of the texts up to which a word is rare; in few texts, at least ``_FEW`` of them."""
_FEW = 3


def exact_words(question: str) -> tuple[str, ...]:
    """The exact words of a question, each once, without case."""
    quoted = [match[1].strip() for match in _QUOTED.finditer(question)]
    codes = [match.group() for match in _CODE.finditer(question)]
    words = (word for word in (*quoted, *codes) if len(word) > 1 or not word.isdigit())
    return tuple(dict.fromkeys(word.lower() for word in words))


def exact_bonus(question: str, texts: Sequence[str], above: Sequence[str]) -> FloatArray | None:
    """What exact rare words add to each text's standardised score.

    A word that few texts hold adds ``_STRONG`` to them, less the more they are; a word that stands in none but in what
    some of them stand under (a heading, a file's name) adds ``_WEAK`` to those.

    Args:
        question: The question.
        texts: The texts.
        above: For each what it stands under, its document's name included.

    Returns:
        float32 of shape (len(texts),); None when there is nothing to add.
    """
    words = exact_words(question)
    if not words or not texts:
        return None
    bonus = np.zeros(len(texts), dtype=np.float32)
    few = max(_FEW, int(_RARE * len(texts)))
    lowered = [text.lower() for text in texts]
    trails = {trail: trail.lower() for trail in set(above)}
    for word in words:
        pattern = regex.compile(rf"(?<![\p{{L}}\p{{N}}_]){regex.escape(word)}(?![\p{{L}}\p{{N}}_])")
        own = [i for i, text in enumerate(lowered) if word in text and pattern.search(text)]
        if 0 < len(own) <= few:
            bonus[own] += _STRONG * (1 - math.log(len(own)) / math.log(len(texts) + 1))
        named = {trail for trail, low in trails.items() if word in low and pattern.search(low)}
        if named and len(named) < len(trails):
            bonus[[i for i, trail in enumerate(above) if trail in named]] += _WEAK
    return bonus if bonus.any() else None
