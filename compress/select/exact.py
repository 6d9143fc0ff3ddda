"""Exact rare words of a question: identifiers, numbers, quoted strings and codes, which say more than meaning does."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import regex

from ctxpipe.arrays import BoolArray, FloatArray
from ctxpipe.compress.rank.bm25 import STOPWORDS, Vocabulary

_QUOTED = regex.compile(r"[\"“„«`'‘]([^\"”“»`'’\n]{2,80})[\"”“»`'’](?![\p{L}\p{N}])")
_CODE = regex.compile(
    r"""(?<![\p{L}\p{N}_])(?:
      --?\p{L}[\w-]+                                   # an option
    | [\p{L}_][\p{L}\p{N}]*(?:_[\p{L}\p{N}]+)+_*       # snake_case
    | _+\p{L}\w*
    | \p{Ll}+\p{Lu}\w*                                 # camelCase
    | (?:\p{Lu}\p{Ll}+){2,}\w*                         # CamelCase
    | \p{L}\w*(?:(?:\.|::|->|/)\w+(?:[-+]\w+)*)+       # dotted.names, path/names, text/x-names
    | [\p{L}\p{N}]*\p{N}[\p{L}\p{N}]*(?:[-.:/][\p{L}\p{N}]+)*   # numbers and codes
    | \p{L}+(?:-\p{L}*\p{N}[\p{L}\p{N}]*)+             # AB-12
    | \p{Lu}[\p{Lu}\p{N}]+                             # ACRONYM
    )(?![\p{L}\p{N}_])""",
    regex.VERBOSE,
)
_CAPITAL = regex.compile(r"(?<=\S[ \t]+[\"“„«(]?)\p{Lu}\p{L}+")
_UNSPACED_RUN = regex.compile(r"[\p{Han}々]{2,}|[\p{Katakana}ー]{2,}")
_UNSPACED_SMALL = regex.compile(
    r"什么|甚么|怎么|怎样|多少|多大|多长|多久|哪里|哪个|哪些|哪儿|如何|为何|何时|是否|可以|时候|几点|[的了是在有和与及或吗呢吧么哪谁几个每张为被把从到对就都也不何誰]"
)
"""Words of Chinese and Japanese questions that say little alone, and end a word."""
_EDGES = r"(?<![\p{L}\p{N}_])", r"(?![\p{L}\p{N}_])"
_NUMBER_EDGES = r"(?<![\p{L}\p{N}_]|\p{N}[:.,])", r"(?![\p{L}\p{N}_]|[:.,]\p{N})"
"""What a word is not beside; a whole number is no part of a time or of another number."""
_STRONG, _WEAK = 4.0, 2.0
"""What a match in the text adds to a standardised score, and one in what the text stands under."""
NAMED = 1.0
"""What a word of the question in what a text stands under adds, at most."""
_TRAILS, _NAMING = 3, 0.5
"""Fewest trails among which a word tells one from the others, and share of them up to which it does."""
_RARE = 0.05
"""Share of the texts up to which a word is rare; in few texts, at least ``_FEW`` of them."""
_FEW = 3


def named_bonus(question: str, above: Sequence[Sequence[str]]) -> FloatArray | None:
    """What it adds to a text's standardised score that the question names something it stands under.

    A word of the question that few trails have (``Ferry`` under ``class Ferry``, a town among towns, a file's name)
    says which of many like texts is meant, which no word of the texts themselves does.

    Args:
        question: The question.
        above: For each text what it stands under.

    Returns:
        float32 of shape (len(above),); None when no trail is named, or all are.
    """
    vocabulary = Vocabulary()
    parts = {part: vocabulary.ids(part) for part in dict.fromkeys(itertools.chain.from_iterable(above))}
    trails = {
        trail: frozenset(itertools.chain.from_iterable(map(parts.__getitem__, trail)))
        for trail in {tuple(trail) for trail in above}
    }
    if len(trails) < _TRAILS:
        return None
    held = Counter(word for words in trails.values() for word in words)
    asked = set(vocabulary.ids(question))
    worth = {w: 1 - math.log(held[w]) / math.log(len(trails)) for w in asked if 0 < held[w] <= _NAMING * len(trails)}
    if not worth:
        return None
    bonus = {trail: NAMED * sum(worth[w] for w in asked & words if w in worth) for trail, words in trails.items()}
    return np.array([bonus[tuple(trail)] for trail in above], dtype=np.float32)


def exact_words(question: str) -> tuple[str, ...]:
    """The exact words of a question, each once, without case."""
    quoted = [match[1].strip() for match in _QUOTED.finditer(question)]
    codes = [match.group() for match in _CODE.finditer(question)]
    words = (word for word in (*quoted, *codes) if len(word) > 1 or not word.isdigit())
    return tuple(dict.fromkeys(word.lower() for word in words))


def _names(question: str) -> tuple[str, ...]:
    """Words of a question that begin with a capital, in lower case, without its first word."""
    return tuple(word.lower() for word in _CAPITAL.findall(question) if word.lower() not in STOPWORDS)


def _unspaced(question: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Words of a question in Chinese or Japanese, as far as a text holds them: the longest runs of signs, at least two.

    Nothing else says where words of these scripts end.
    """
    runs = [part for run in _UNSPACED_RUN.findall(question) for part in _UNSPACED_SMALL.split(run) if len(part) > 1]
    if not runs:
        return ()
    said = "\n".join(texts)
    words: list[str] = []
    for run in runs:
        at = 0
        while at < len(run) - 1:
            end = next((end for end in range(len(run), at + 1, -1) if run[at:end] in said), at)
            if end > at:
                words.append(run[at:end])
            at = max(end, at + 1)
    return tuple(dict.fromkeys(words))


def exact_bonus(
    question: str, texts: Sequence[str], above: Sequence[tuple[str, ...]], listed: BoolArray | None = None
) -> FloatArray | None:
    """What exact rare words add to each text's standardised score.

    A word that few texts hold adds ``_STRONG`` to them, less the more they are; a word in what some of them stand under
    (headings, header rows, a file's name) adds ``_WEAK`` to those, less the more headings hold it. Words that are
    frequent alone (a town, a year and a quarter in the rows of a table) add as much to the few texts that hold all of
    them, themselves or in what they stand under.

    Args:
        question: The question.
        texts: The texts.
        above: For each what it stands under, from the outside in, its document's name included.
        listed: bool of shape (len(texts),): rows, records and the like, which say little but names and values; a name
            that few texts hold, or that some of them stand under, adds ``_WEAK``. None for none.

    Returns:
        float32 of shape (len(texts),); None when there is nothing to add.
    """
    exact, names = exact_words(question), _names(question)
    trails = len(set(above))
    heads = {head: head.lower() for trail in set(above) for head in trail}
    unspaced = _unspaced(question, (*texts, *heads))
    exact = tuple(dict.fromkeys((*exact, *unspaced)))
    if not texts or not (exact or names):
        return None
    bonus = np.zeros(len(texts), dtype=np.float32)
    few = max(_FEW, int(_RARE * len(texts)))
    lowered = [text.lower() for text in texts]
    together: set[int] | None = None
    for word in dict.fromkeys((*exact, *names)):
        left, right = ("", "") if word in unspaced else (_NUMBER_EDGES if word.isdigit() else _EDGES)
        pattern = regex.compile(left + regex.escape(word) + right)
        own = [i for i, text in enumerate(lowered) if word in text and pattern.search(text)]
        named = {head for head, low in heads.items() if word in low and pattern.search(low)}
        under = [i for i, trail in enumerate(above) if not named.isdisjoint(trail)] if named else []
        if len(own) > few or under:
            held = {*own, *under}
            together = held if together is None else together & held
        if word not in exact:
            if listed is not None and 0 < len(own) <= few and not under:
                bonus[[i for i in own if listed[i]]] += _WEAK * _rarity(len(own), len(texts) + 1)
            elif listed is not None and under and len({above[i] for i in under}) < trails:
                bonus[[i for i in under if listed[i]]] += _WEAK * _rarity(min(len(named), trails), trails)
            continue
        if 0 < len(own) <= few:
            bonus[own] += _STRONG * _rarity(len(own), len(texts) + 1)
        if under and len({above[i] for i in under}) < trails:
            bonus[under] += _WEAK * _rarity(min(len(named), trails), trails)
    if together and len(together) <= few:
        bonus[sorted(together)] += _STRONG * _rarity(len(together), len(texts) + 1)
    return bonus if bonus.any() else None


def _rarity(holding: int, every: int) -> float:
    """From 1 for one of many to 0 for all of them."""
    return 1 - math.log(holding) / math.log(every)
