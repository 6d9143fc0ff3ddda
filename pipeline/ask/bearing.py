"""Whether the kept text has anything to do with the question."""

from __future__ import annotations

import re

from ctxpipe.compress.rank.bm25 import STOPWORDS, Vocabulary
from ctxpipe.compress.types import CompressedContext

SHARE = 0.2
"""Share of the question's words that a context holds if it bears on it; measured in ``benchmarks/bearing.py``."""
_FEWEST = 3
"""Words that a question needs for a share to say something."""
_ASKS_IN_ENGLISH, _SAYS_IN_ENGLISH = 0.3, 0.15
"""Shares of stop words from which question and context count as English. Two languages share no words."""
_WORD = re.compile(r"[^\W\d_]+")


def bears(context: CompressedContext) -> bool:
    """Whether a context may bear on its question.

    It does not if it holds at most ``SHARE`` of the question's words, stems compared and stop words left out. Short
    questions and other languages than English are given the benefit of the doubt.
    """
    if not context.text.strip():
        return False
    question = context.question or ""
    vocabulary = Vocabulary()
    asked = set(vocabulary.ids(question))
    if len(asked) < _FEWEST or _english(question) < _ASKS_IN_ENGLISH or _english(context.text) < _SAYS_IN_ENGLISH:
        return True
    return len(asked & set(vocabulary.ids(context.text))) > SHARE * len(asked)


def _english(text: str) -> float:
    words = _WORD.findall(text.lower())
    return sum(word in STOPWORDS for word in words) / max(1, len(words))
