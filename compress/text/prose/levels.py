"""Levels of headings in text without markup, where the form of a heading does not tell how high it stands."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ctxpipe.compress.text.prose.heading import Heading

_BACK = frozenset(
    "references bibliography literature acknowledgements acknowledgments appendix appendices glossary index notes "
    "literatur literaturverzeichnis anhang danksagung références bibliographie annexe annexes remerciements "
    "referencias bibliografía agradecimientos anexo anexos referências bibliografia agradecimentos apêndice "
    "riferimenti ringraziamenti appendice".split()
)
"""Titles of what follows the numbered sections of a text, and is no part of the last one."""
POST_LEVEL = 30
"""Level of comments of a thread; that of their replies is higher."""
_FEWEST = 2


def with_back_matter(headings: Sequence[Heading], numbered: int, deepest: int) -> list[Heading]:
    """Headings of which references and the like stand beside numbered sections, not in the last of them.

    Args:
        headings: Headings in order.
        numbered, deepest: Levels of the highest and of the deepest numbered headings.
    """
    last = max((h.start for h in headings if numbered <= h.level <= deepest), default=-1)
    return [
        h._replace(level=numbered) if h.start > last >= 0 and h.level > numbered and h.title.casefold() in _BACK else h
        for h in headings
    ]


def above_named(text: str, headings: Sequence[Heading], level: int) -> list[Heading]:
    """Headings of one level of which those right above higher ones stand above these, if there are several.

    A catalogue has ``HEDGE TRIMMERS`` above ``Art. 4410``, and a law ``GENERAL`` above ``Article 1``.

    Args:
        text: The text.
        headings: Headings in order.
        level: The level that is looked at.
    """
    below = {
        above.start: following.level
        for above, following in itertools.pairwise(headings)
        if 0 < following.level < above.level == level and not text[above.end : following.start].strip()
    }
    if len(below) < _FEWEST:
        return list(headings)
    top = min(below.values())
    return [h._replace(level=top if h.start in below else h.level + (top <= h.level < POST_LEVEL)) for h in headings]


def with_outer(text: str, headings: Sequence[Heading], level: int) -> list[Heading]:
    """Headings of one level of which those right above another one stand higher, if there are several.

    A list of advertisements has ``BOATS`` below ``FOR SALE`` and below ``WANTED``.

    Args:
        text: The text.
        headings: Headings in order.
        level: The level that is looked at.
    """
    outer = {
        above.start
        for above, below in itertools.pairwise(headings)
        if above.level == below.level == level and not text[above.end : below.start].strip()
    }
    if len(outer) < _FEWEST:
        return list(headings)
    return [h._replace(level=level - 1) if h.start in outer else h for h in headings]
