"""Ranking without a question: the texts that together cover most of what all texts say."""

from __future__ import annotations

import heapq
import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.rank.bm25 import Vocabulary, function_words
from ctxpipe.compress.rank.embedding import EmbeddingBorrower, EmbeddingRanker
from ctxpipe.compress.rank.resources import Embedder
from ctxpipe.compress.types import OnProgress, RankingText

STRETCH = 256
"""Number of neighbouring texts within which a text can represent others."""
EMBEDDED = 8_000
"""Most texts that are embedded: those whose words weigh most, equally many of each stretch."""
CHOSEN = 50_000
"""Texts that are chosen one by one; the rest follow in the order of their last computed gain."""
MEANING, WORDS = 1.0, 1.0
"""Weights of the gain in meaning and of the gain in words."""
SAID = 0.2
"""Factor on a word's weight for each chosen text that has it."""
LENGTH, APART = 0.5, 5
"""Gains are divided by (words + ``APART``) ** ``LENGTH``. Each chosen neighbour takes half of ``APART`` away."""
FEW = 5
"""Prose with fewer distinct words than this ("Thank you. Julie."), function words aside, comes after all others."""
OPENING = 1.2
"""Factor on the gain of the first text under a heading."""
DOCUMENTED = 3.0
"""Factor on the gain of what says in words what a class or a function does, and once more for a file: what stands above
its imports."""
_PROSE = frozenset({"text", "markdown", "html", "pdf"})
_DOCUMENTS = re.compile(r"\s*(?:[rRuU]?(?:\"\"\"|''')|/\*\*|///|//!)")
"""Docstrings, and the comments that Java, JavaScript, Rust, C# and Doxygen read as such."""
_IMPORTS = re.compile(
    r"\s*(?:from\s+\S+\s+import\b|import\b|#\s*include\b|(?:pub\s+)?use\s|using\s+[\w.]+\s*;|package\s|require\b"
    r"|(?:const|var|let)\b[^=]+=\s*require\b)"
)


class SpreadRanker(EmbeddingBorrower):
    """Chooses texts one by one, each time the one with the highest gain for its length.

    The value of a set of texts is the sum of two submodular functions (Lin and Bilmes, 2011, "A Class of Submodular
    Functions for Document Summarization"): facility location, where the most similar chosen text of its stretch
    represents a text, and coverage of words, each weighted by log(1 + texts with it). The gain of a text shrinks when a
    similar one is chosen, so the chosen texts are spread over the whole. Repeated texts count once. The question is not
    used.

    Args:
        embedder: The embedder; MiniLM-L6 by default.
    """

    name = "spread"

    def __init__(self, *, embedder: Embedder | None = None) -> None:
        self._embedding = EmbeddingRanker(embedder=embedder, headings=False)

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts by the order in which they are chosen: float32 of shape (texts,), 1 for the first."""
        if not texts:
            return np.zeros(0, dtype=np.float32)
        new = _new(texts)
        words = _Words(texts, new)
        standing = _Standing(self._embedding, texts, words.first_gains(), new, on_progress)
        order = _chosen(texts, words, standing)
        order.sort(key=lambda index: _says_little(texts[index], len(words.ids[index])))
        scores = np.zeros(len(texts), dtype=np.float32)
        scores[order] = 1 - np.arange(len(order), dtype=np.float32) / len(order)
        return scores


class _Words:
    """The gain of texts in words."""

    def __init__(self, texts: Sequence[RankingText], new: BoolArray) -> None:
        vocabulary = Vocabulary(function_words())
        said = [vocabulary.ids(text.text) if one else [] for text, one in zip(texts, new.tolist(), strict=True)]
        self.ids = [tuple(dict.fromkeys(ids)) for ids in said]
        frequency = Counter(itertools.chain.from_iterable(self.ids))
        total = sum(math.log1p(count) for count in frequency.values()) or 1.0
        self._left = {word: math.log1p(count) / total for word, count in frequency.items()}

    def first_gains(self) -> FloatArray:
        """Gains before anything is chosen, float32 of shape (texts,)."""
        return np.array([self.gain(index) for index in range(len(self.ids))], dtype=np.float32)

    def gain(self, index: int) -> float:
        left = self._left
        return sum([left[word] for word in self.ids[index]])

    def choose(self, index: int) -> None:
        for word in self.ids[index]:
            self._left[word] *= SAID


class _Standing:
    """The gain of texts in meaning: how well the chosen texts of a stretch represent all of it."""

    def __init__(
        self,
        embedding: EmbeddingRanker,
        texts: Sequence[RankingText],
        gains: FloatArray,
        new: BoolArray,
        on_progress: OnProgress | None,
    ) -> None:
        self._place = _embedded(gains, new)
        self._row = {index: row for row, index in enumerate(self._place.tolist())}
        self._vectors = embedding.encode([texts[i] for i in self._place.tolist()], on_progress)
        stretch = self._place // STRETCH
        self._first = np.searchsorted(stretch, stretch, side="left")
        self._last = np.searchsorted(stretch, stretch, side="right")
        self._best = np.zeros(len(self._place), dtype=np.float32)
        self._total = float(max(1, len(self._place)))

    def gain(self, index: int) -> float:
        row = self._row.get(index)
        if row is None:
            return 0.0
        near = slice(self._first[row], self._last[row])
        more = self._vectors[near] @ self._vectors[row] - self._best[near]
        return float(np.maximum(more, 0).sum()) / self._total

    def choose(self, index: int) -> None:
        row = self._row.get(index)
        if row is not None:
            near = slice(self._first[row], self._last[row])
            self._best[near] = np.maximum(self._best[near], self._vectors[near] @ self._vectors[row])


def _says_little(text: RankingText, words: int) -> bool:
    """Whether a text comes after all others: short prose, and what code imports."""
    if text.kind == "code":
        return _IMPORTS.match(text.text) is not None
    return text.kind in _PROSE and words < FEW


def _new(texts: Sequence[RankingText]) -> BoolArray:
    """False for texts that repeat an earlier one, case and white space aside; bool of shape (texts,)."""
    seen: set[str] = set()
    new = np.zeros(len(texts), dtype=np.bool_)
    for index, text in enumerate(texts):
        plain = " ".join(text.text.casefold().split())
        new[index] = bool(plain) and plain not in seen
        seen.add(plain)
    return new


def _embedded(gains: FloatArray, new: BoolArray) -> IntArray:
    """Indices of the texts that are embedded: all new ones, or those of the highest gain in each stretch."""
    if new.sum() <= EMBEDDED:
        return np.flatnonzero(new)
    each = max(1, EMBEDDED * STRETCH // len(gains))
    worth = np.where(new, gains, -1)
    kept = [
        start + np.sort(np.argsort(-worth[start : start + STRETCH], kind="stable")[:each])
        for start in range(0, len(gains), STRETCH)
    ]
    candidates = np.concatenate(kept)
    return candidates[new[candidates]]


def _chosen(texts: Sequence[RankingText], words: _Words, standing: _Standing) -> list[int]:
    """All texts in the order in which they are chosen, by the lazy greedy algorithm (Minoux, 1978).

    It needs gains that only shrink. Those of a chosen text's neighbours can grow, so they are computed again.
    """
    sizes = [len(text.text.split()) for text in texts]
    factor = _factors(texts)
    taken = [False] * (len(texts) + 2)

    def gain(index: int) -> float:
        beside = taken[index] + taken[index + 2]
        cost: float = (sizes[index] + APART * (1 - beside / 2)) ** LENGTH
        more: float = WORDS * words.gain(index) + MEANING * standing.gain(index)
        return factor[index] * more / max(cost, 1.0)

    waiting = [(-gain(index), index) for index in range(len(texts))]
    heapq.heapify(waiting)
    order: list[int] = []
    while waiting:
        last, index = heapq.heappop(waiting)
        if taken[index + 1]:
            continue
        now = last if len(order) >= CHOSEN else -gain(index)
        if waiting and now > waiting[0][0]:
            heapq.heappush(waiting, (now, index))
            continue
        taken[index + 1] = True
        order.append(index)
        if len(order) > CHOSEN:
            continue
        words.choose(index)
        standing.choose(index)
        for beside in (index - 1, index + 1):
            if 0 <= beside < len(texts) and not taken[beside + 1]:
                heapq.heappush(waiting, (-gain(beside), beside))
    return order


def _factors(texts: Sequence[RankingText]) -> list[float]:
    """Factor on the gain of each text."""
    factors = [OPENING if opens else 1.0 for opens in _opens(texts)]
    for index, text in enumerate(texts):
        if text.kind == "code" and _DOCUMENTS.match(text.text):
            above_imports = index + 1 < len(texts) and _IMPORTS.match(texts[index + 1].text)
            factors[index] = DOCUMENTED**2 if above_imports else DOCUMENTED
    return factors


def _opens(texts: Sequence[RankingText]) -> list[bool]:
    """Whether each text is the first under its heading and not the heading itself."""
    opens: list[bool] = []
    opened: tuple[str, ...] = ()
    for text in texts:
        first = text.headings != opened and text.text.strip("#=-* \n") not in text.headings
        opens.append(bool(text.headings) and first)
        opened = text.headings if first else opened
    return opens
