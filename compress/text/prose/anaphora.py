"""Anaphora: sentences that begin with a pronoun for what an earlier sentence names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxpipe.compress.text.unit import Unit

_PRONOUNS = "It Its They Their Them This These Those He His Him She Her Such Both Neither Otherwise Instead"
_CONJUNCTIONS = (
    "But And Or So Yet Also Then Thus Hence However Nevertheless Nonetheless Therefore Moreover Furthermore "
    "Consequently Accordingly"
)
_LEANS = re.compile(
    rf"""(?:
      {"|".join(_PRONOUNS.split())}
    | (?:{"|".join(_CONJUNCTIONS.split())}),?\s+(?:{"|".join(_PRONOUNS.lower().split())})
    | (?:In|Under)\s+(?:this|that|these|those|such)\s+(?:cases?|events?|circumstances|situations?)
    | For\s+(?:this|that|these|those)\s+(?:reasons?|purposes?)
    | If\s+(?:so|not)
    | (?:After|Before|Until|Since|From|Beyond|Except\s+for)\s+(?:this|that|then)
    | Er|Sie|Es|Dies|Dieser?|Dieses|Diese[mn]|Ihre?|Seine?|Sonst
    | Ils?|Elles?|Ceci|Cela|Cet|Cette|Ces|Celui-ci|Celle-ci|Sinon
    | Él|Ella|Ellos|Ellas|Est[aeo]s?|Es[ao]s
    )\b(?!-)""",
    re.VERBOSE,
)
"""Words for what was named before, at the head of a sentence: English, German, French, Spanish."""


def leans(text: str, unit: Unit) -> bool:
    """Whether a sentence begins with a pronoun, so that its subject stands in the sentence before it."""
    return unit.kind == "sentence" and begins_leaning(text, unit.start, unit.end)


def begins_leaning(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` begins with a pronoun for what was named before it."""
    return _LEANS.match(text, start, end) is not None


def antecedent(text: str, units: Sequence[Unit], index: int) -> Unit | None:
    """The nearest sentence of the same paragraph before one that leans on it, which does not lean itself.

    Args:
        text: The document's text.
        units: Units of the paragraph, in order.
        index: One of them.

    Returns:
        None when the sentence does not lean, or all before it in the paragraph do.
    """
    unit = units[index]
    if not leans(text, unit):
        return None
    for place in range(index - 1, -1, -1):
        before = units[place]
        if before.kind != "sentence" or before.parent != unit.parent:
            return None
        if not leans(text, before):
            return before
    return None
