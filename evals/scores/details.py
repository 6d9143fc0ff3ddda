"""Details in a context: numbers, units, negations, names."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import regex

from ctxpipe.evals.scores.quantities import quantities
from ctxpipe.evals.scores.text import contains, words

_NEGATIONS = frozenset(
    "not no never none neither nor nobody nothing nowhere without cannot cant wont dont doesnt didnt isnt arent wasnt "
    "werent hasnt havent hadnt wouldnt shouldnt couldnt mustnt neednt".split()
)
_NAME = regex.compile(r"\p{Lu}[\p{L}\p{M}'’-]*(?:[ \u00a0]\p{Lu}[\p{L}\p{M}'’-]*)*")
_SENTENCE_START = regex.compile(r"(?:^|[.!?:;\n\"“”(|•]|\n\s*[-*])\s*$")
_LEADING = frozenset(
    "a an and as at but by for from he her his if in it its of on or our she so that the their there these they this "
    "those to was we were what when where which who with you your i my".split()
)


def detail_survival(text: str, raw: str) -> dict[str, float]:
    """Shares of the raw context's details that a context still has.

    Numbers, and numbers with their unit or scale, are counted by distinct value; names are distinct runs of capitalised
    words that do not merely begin a sentence; negations (English) are counted as often as they occur.
    """
    there, here = details(raw), details(text)
    scores = {
        name: len(before & after) / len(before)
        for name, before, after in (("numbers", there.numbers, here.numbers), ("units", there.units, here.units))
        if before
    }
    if there.negations:
        scores["negations"] = (there.negations & here.negations).total() / there.negations.total()
    if there.names:
        scores["names"] = sum(contains(here.words, name) for name in there.names) / len(there.names)
    return scores


class Details(NamedTuple):
    """The words of a text, its distinct numbers, quantities and names, and how often each negation occurs."""

    words: list[str]
    numbers: set[Decimal]
    units: set[tuple[Decimal, str, str]]
    negations: Counter[str]
    names: set[tuple[str, ...]]


@lru_cache(maxsize=64)  # the same raw context is compared with every arm
def details(text: str) -> Details:
    """Read a text once for all details."""
    values, its_words = list(quantities(text)), words(text)
    return Details(
        words=its_words,
        numbers={abs(one.value) for one in values},
        units={(abs(one.value), one.scale, one.unit) for one in values if one.scale or one.unit},
        negations=Counter(word for word in its_words if word in _NEGATIONS),
        names={name for name in names(text) if contains(its_words, name)},  # not the U of U.S.
    )


def names(text: str) -> set[tuple[str, ...]]:
    """Distinct runs of capitalised words, as ``words`` gives them.

    A single word at the beginning of a sentence is left out, because any word is capitalised there. Leading articles,
    pronouns and prepositions are left out too.
    """
    runs = set()
    for match in _NAME.finditer(text):
        run = match[0].replace("\u00a0", " ").split(" ")
        starts = bool(_SENTENCE_START.search(text[max(0, match.start() - 20) : match.start()]))
        while run and run[0].casefold() in _LEADING:
            run, starts = run[1:], False
        if run and not (starts and len(run) == 1):
            runs.add(tuple(words(" ".join(run))))
    runs.discard(())
    return runs
