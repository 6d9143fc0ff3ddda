"""Citations: the kept sentences that support an answer, by shared rare words."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

from ctxpipe.compress.rank.bm25 import Vocabulary
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import CompressedContext
from ctxpipe.pipeline.types import Citation

THRESHOLD = 0.5
"""Least support of a citation."""
_MOST = 5
_QUESTION_WEIGHT = 0.25


class _Sentence(NamedTuple):
    document: int
    start: int
    end: int
    words: frozenset[int]


def cite(answer: str, context: CompressedContext) -> tuple[Citation, ...]:
    """Find the kept sentence that best supports each sentence of an answer.

    Support is the share of the answer sentence's words that occur in the kept one, each word weighted by
    log(1 + N / n), for N kept sentences of which n contain it. Words of the question weigh a quarter, because an answer
    that repeats the question says nothing by that. Ties go to the sentence closer to the question, then to the shorter.

    Returns:
        At most five distinct citations with support of at least ``THRESHOLD``, best first.
    """
    vocabulary = Vocabulary()
    candidates = _candidates(context, vocabulary)
    frequency = Counter(word for candidate in candidates for word in candidate.words)
    weight = {word: math.log1p(len(candidates) / n) for word, n in frequency.items()}
    rarest = math.log1p(len(candidates))
    asked = frozenset(vocabulary.ids(context.question or ""))
    supports: dict[_Sentence, float] = {}
    for start, end in sentences(answer):
        said = frozenset(vocabulary.ids(answer[start:end]))
        total = sum(weight.get(word, rarest) * _share(word, asked) for word in said)
        if not total:
            continue
        best = max(candidates, key=lambda c: _closeness(c, said, asked, weight), default=None)
        if best is None:
            break
        support = sum(weight[word] * _share(word, asked) for word in said & best.words) / total
        if support >= THRESHOLD:
            supports[best] = max(supports.get(best, 0.0), support)
    ordered = sorted(supports.items(), key=lambda item: -item[1])[:_MOST]
    return tuple(_citation(context, candidate, support) for candidate, support in ordered)


def _candidates(context: CompressedContext, vocabulary: Vocabulary) -> list[_Sentence]:
    return [
        _Sentence(span.document, start, end, frozenset(vocabulary.ids(text[start:end])))
        for span in context.spans
        for text in (context.documents[span.document].text,)
        for start, end in sentences(text, span.start, span.end)
    ]


def _closeness(
    candidate: _Sentence, said: frozenset[int], asked: frozenset[int], weight: dict[int, float]
) -> tuple[float, float]:
    close = sum(weight[word] * _share(word, asked) for word in (said | asked) & candidate.words)
    return close, -len(candidate.words)


def _share(word: int, asked: frozenset[int]) -> float:
    return _QUESTION_WEIGHT if word in asked else 1.0


def _citation(context: CompressedContext, candidate: _Sentence, support: float) -> Citation:
    document = context.documents[candidate.document]
    return Citation(
        source=document.source,
        start=candidate.start,
        end=candidate.end,
        page=document.page(candidate.start),
        text=document.text[candidate.start : candidate.end],
        support=round(support, 4),
    )
