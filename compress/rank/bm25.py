"""BM25 over passages and sentences, with bm25s."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import regex

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.types import OnProgress, RankingText

_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_WORD = regex.compile(rf"{_UNSPACED}\p{{M}}*|(?:(?!{_UNSPACED})[\p{{L}}\p{{M}}])+|\p{{N}}+(?:[.,:]\p{{N}}+)*")
"""A word of another script ends where a script without spaces begins: Latin names in Japanese text."""
_ASCII_WORD = re.compile(r"[a-z]+|[0-9]+(?:[.,:][0-9]+)*")
"""The same in small ASCII letters, ten times as fast."""
_SCRIPTS = (
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x04FF, "russian"),
    (0x0530, 0x058F, "armenian"),
    (0x0600, 0x06FF, "arabic"),
    (0x0900, 0x097F, "hindi"),
    (0x0B80, 0x0BFF, "tamil"),
)
"""Scripts by their first and last character, with the Snowball stemmer for most of what is written in them."""
STOPWORDS = frozenset(
    "a an and are as at be but by for from has have he her his i in is it its of on or she that the their they this to "
    "was were will with you your what which who whom whose when where why how do does did".split()
)


class BM25Ranker:
    """Okapi BM25 (Robertson and Walker, 1994), Lucene's variant of idf, k1 1.5, b 0.75, with Snowball stems.

    Stems are English ones, or those of the language that is written most in another script. Words of scripts without
    spaces are single characters. A text's headings count as part of it.
    """

    name = "bm25"

    def __init__(self, *, headings: bool = True) -> None:
        self._headings = headings

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts: float32 of shape (texts,), 0 for a text without a word of the question."""
        return bm25([self._full(text) for text in texts], question)

    def _full(self, text: RankingText) -> str:
        return " ".join((*text.headings, text.text)) if self._headings else text.text


def function_words() -> frozenset[str]:
    """English words that say little alone: ``STOPWORDS`` and words such as "after", which can decide a question."""
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    return STOPWORDS.union(STOPWORDS_EN_PLUS)


class Vocabulary(dict[str, int]):
    """Maps words to ids of their stems, -1 for stop words. Each word is stemmed once.

    Args:
        stopwords: Words that are left out.
        number: Gives a stem its id, at least 0; by default stems are numbered as they come.
    """

    def __init__(self, stopwords: frozenset[str] = STOPWORDS, *, number: Callable[[str], int] | None = None) -> None:
        import Stemmer

        self._stopwords = stopwords
        self._stemmers = {"english": Stemmer.Stemmer("english").stemWord}
        self._number = number or (lambda stem: self.stems.setdefault(stem, len(self.stems)))
        self.stems: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        known = -1 if word in self._stopwords else self._number(self._stem(word))
        self[word] = known
        return known

    def _stem(self, word: str) -> str:
        first = ord(word[0])
        language = next((name for a, b, name in _SCRIPTS if a <= first <= b), "english") if first > 0x24F else "english"
        if language not in self._stemmers:
            import Stemmer

            self._stemmers[language] = Stemmer.Stemmer(language).stemWord
        stem: str = self._stemmers[language](word)
        return stem

    def ids(self, text: str) -> list[int]:
        """Ids of a text's words, without stop words."""
        text = text.lower()
        words = _ASCII_WORD.findall(text) if text.isascii() else _WORD.findall(text)
        return [known for known in map(self.__getitem__, words) if known >= 0]


class BM25Index:
    """An index of texts for many queries.

    Args:
        ids: The words of each text.
        vocabulary: What gave them their ids; its words so far are those of the index.
    """

    def __init__(self, ids: Sequence[Sequence[int]], vocabulary: Vocabulary) -> None:
        import bm25s

        # It sets its own logger to DEBUG, so that a program that logs at all would print a line for each index.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        self._vocabulary = vocabulary
        self._stems = list(vocabulary.stems)
        self._size = len(ids)
        self._index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        if self._stems:
            tokenized = bm25s.tokenization.Tokenized(ids=ids, vocab=dict(self._vocabulary.stems))
            self._index.index(tokenized, show_progress=False)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """An index of texts with a vocabulary of its own."""
        vocabulary = Vocabulary()
        return cls([vocabulary.ids(text) for text in texts], vocabulary)

    def scores(self, question: str) -> FloatArray:
        """Score of each text, float32 of shape (texts,); 0 without a word of the question."""
        known = len(self._stems)
        wanted = [self._stems[word] for word in self._vocabulary.ids(question) if word < known]
        if not wanted:
            return np.zeros(self._size, dtype=np.float32)
        return np.asarray(self._index.get_scores(wanted), dtype=np.float32)


def bm25(texts: Sequence[str], question: str) -> FloatArray:
    """BM25 score of each text for a question, float32 of shape (len(texts),)."""
    return BM25Index.of(texts).scores(question)
