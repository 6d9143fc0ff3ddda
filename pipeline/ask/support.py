"""How well kept sentences support what an answer says, by shared rare words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.compress.rank.bm25 import Vocabulary
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import CompressedContext, Span

_QUESTION_WEIGHT = 0.25


class Sentence(NamedTuple):
    """A kept sentence: its document, its characters there, and its words."""

    document: int
    start: int
    end: int
    words: frozenset[int]


class Support:
    """Measures the support of sentences for statements.

    Support is the share of a statement's words that occur in the sentence, each word weighted by log(1 + N / n), for N
    kept sentences of which n contain it. Words of the question weigh a quarter, because repeating the
    question is no evidence.

    Args:
        context: What the model read.

    Attributes:
        sentences: Its kept sentences.
    """

    def __init__(self, context: CompressedContext) -> None:
        self._context = context
        self._vocabulary = Vocabulary()
        self.sentences = self.within(context.spans)
        self._asked = self.words(context.question or "")
        frequency = Counter(word for sentence in self.sentences for word in sentence.words)
        self._rarest = math.log1p(len(self.sentences))
        self._weights = {word: math.log1p(len(self.sentences) / n) for word, n in frequency.items()}

    def words(self, text: str) -> frozenset[int]:
        """The words of a text, without stop words."""
        return frozenset(self._vocabulary.ids(text))

    def within(self, spans: Sequence[Span]) -> list[Sentence]:
        """The sentences in some stretches of the documents."""
        return [
            Sentence(span.document, start, end, self.words(text[start:end]))
            for span in spans
            for text in (self._context.documents[span.document].text,)
            for start, end in sentences(text, span.start, span.end)
        ]

    def best(self, said: frozenset[int], among: Sequence[Sentence]) -> tuple[Sentence, float] | None:
        """The sentence that shares most with what is said, and its support, 0 to 1; None without sentences.

        Ties go to the sentence closer to the question, then to the shorter.
        """
        if not among:
            return None
        best = max(among, key=lambda one: (self._weight((said | self._asked) & one.words), -len(one.words)))
        total = self._weight(said)
        return best, self._weight(said & best.words) / total if total else 0.0

    def _weight(self, words: frozenset[int]) -> float:
        return sum(
            self._weights.get(word, self._rarest) * (_QUESTION_WEIGHT if word in self._asked else 1.0) for word in words
        )
