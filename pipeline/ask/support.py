"""How well kept sentences support what an answer says, by shared rare words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import regex

from ctxpipe.compress.rank.bm25 import Vocabulary
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import CompressedContext, Span

_QUESTION_WEIGHT = 0.25
_LETTERS = regex.compile(r"[\p{L}\p{M}]+")
_VALUE = regex.compile(
    r"""(?<![\w-])--?\w[\w-]*                                 # an option
      | (?<=[`'"“‘])(?:[^\w\s`'"“”‘’]{1,4}|\w)(?=[`'"”’])      # an operator or a letter in quotes
      | (?<![^\s(])[+*/%&|^~!<>=@$:\\]{2,4}(?![^\s),.;:])      # an operator""",
    regex.VERBOSE,
)
"""What is no word to a ``Vocabulary``, but can be all that a question asks for."""
_UNFINISHED = regex.compile(r"(?:\w+\W+){3,}(?:\w+:|\p{Ll}+)\s*")
"""A sentence of some words that ends in a colon or a word in small letters: what it says stands on the next line."""
_REST = 200
"""Most characters of that line."""


class Sentence(NamedTuple):
    """A kept sentence: its document, its characters there, and its words. An unfinished one includes the next line."""

    document: int
    start: int
    end: int
    words: frozenset[int]


class Support:
    """Measures the support of sentences for statements.

    Support is the share of a statement's words that occur in the sentence, each word weighted by log(1 + N / n), for N
    kept sentences of which n contain it. Options, operators and letters in quotes are words here. Words of the question
    weigh a quarter, because repeating the question is no evidence. A word in another form than the question's
    (``solve`` where it asks what solves) counts as such and as a word of its own.

    Args:
        context: What the model read.

    Attributes:
        sentences: Its kept sentences.
    """

    def __init__(self, context: CompressedContext) -> None:
        self._context = context
        self._vocabulary = Vocabulary()
        self._forms: dict[str, int] = {}
        self._asked_forms = set(_forms(context.question or ""))
        self._asked = frozenset(self._vocabulary.ids(context.question or ""))
        self._asked |= self._numbered(_VALUE.findall(context.question or ""))
        self.sentences = self.within(context.spans)
        frequency = Counter(word for sentence in self.sentences for word in sentence.words)
        self._rarest = math.log1p(len(self.sentences))
        self._weights = {word: math.log1p(len(self.sentences) / n) for word, n in frequency.items()}

    def words(self, text: str) -> frozenset[int]:
        """The words of a text, without stop words.

        New forms of the question's words, and what is no word to the vocabulary, have negative numbers.
        """
        forms = {form for form in _forms(text) if self._vocabulary[form] in self._asked} - self._asked_forms
        return frozenset(self._vocabulary.ids(text)) | self._numbered(forms) | self._numbered(_VALUE.findall(text))

    def _numbered(self, found: Iterable[str]) -> frozenset[int]:
        # From -2: the vocabulary gives stop words -1.
        return frozenset(self._forms.setdefault(one, -2 - len(self._forms)) for one in found)

    def within(self, spans: Sequence[Span]) -> list[Sentence]:
        """The sentences in some stretches of the documents."""
        return [
            Sentence(span.document, start, end, self.words(text[start:end]))
            for span in spans
            for text in (self._context.documents[span.document].text,)
            for start, end in _finished(text, sentences(text, span.start, span.end))
        ]

    def best(self, said: frozenset[int], among: Sequence[Sentence]) -> tuple[Sentence, float] | None:
        """The sentence that shares most with what is said, and its support, 0 to 1; None without sentences.

        Ties go to the sentence closer to the question, then to the shorter.
        """
        if not among:
            return None
        # A new form that stands in no sentence is no evidence against one.
        said = frozenset(word for word in said if word >= 0 or word in self._weights)
        best = max(among, key=lambda one: (self._weight((said | self._asked) & one.words), -len(one.words)))
        total = self._weight(said)
        return best, self._weight(said & best.words) / total if total else 0.0

    def _weight(self, words: frozenset[int]) -> float:
        return sum(
            self._weights.get(word, self._rarest) * (_QUESTION_WEIGHT if word in self._asked else 1.0) for word in words
        )


def _forms(text: str) -> list[str]:
    return _LETTERS.findall(text.lower())


def _finished(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sentences; one that is unfinished goes on to the end of the next."""
    for index, (start, end) in enumerate(spans):
        if index + 1 < len(spans) and _UNFINISHED.fullmatch(text, start, end):
            following = spans[index + 1][1]
            end = following if following - end <= _REST else end
        yield start, end
