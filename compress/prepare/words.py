"""BM25 over the passages of many documents, from the word counts of each."""

from __future__ import annotations

import itertools
import zlib
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prepare.passages import Passages
from ctxpipe.compress.rank.bm25 import Vocabulary

K1, B = 1.5, 0.75

Stems = NDArray[np.uint32]
U = TypeVar("U", bound=np.generic)


class Words(NamedTuple):
    """How often each stem stands in each passage of a document, trails included.

    Stems are CRC-32 checksums, so that documents prepared apart can be searched together without a shared table. Of
    400,000 stems one in 10,000 shares its checksum with another.

    Attributes:
        stem: uint32 of shape (n,).
        passage: uint32 of shape (n,): index of the passage.
        times: uint16 of shape (n,): at most 65,535.
        length: uint32 of shape (passages,): words of each passage.
    """

    stem: Stems
    passage: NDArray[np.uint32]
    times: NDArray[np.uint16]
    length: NDArray[np.uint32]


_NONE = Words(
    np.zeros(0, dtype=np.uint32),
    np.zeros(0, dtype=np.uint32),
    np.zeros(0, dtype=np.uint16),
    np.zeros(0, dtype=np.uint32),
)


class Stemmer(Vocabulary):
    """Turns words into checksums of their stems. Documents that are prepared together share one."""

    def __init__(self) -> None:
        super().__init__(number=lambda stem: zlib.crc32(stem.encode("utf-8", "surrogatepass")))


def words_of(text: str, passages: Passages, stemmer: Stemmer) -> Words:
    """Count the words of a document's passages."""
    # A long document has millions of pairs, which would take ten times as much memory in lists.
    stem, passage, count, length = array("I"), array("I"), array("I"), array("I")
    for index, (start, end) in enumerate(zip(passages.start.tolist(), passages.end.tolist(), strict=True)):
        stems = stemmer.ids(" ".join((*passages.headings(index), text[start:end])))
        length.append(len(stems))
        counted = Counter(stems)
        stem.extend(counted)
        count.extend(counted.values())
        passage.extend(itertools.repeat(index, len(counted)))
    return Words(
        np.asarray(stem, dtype=np.uint32),
        np.asarray(passage, dtype=np.uint32),
        np.minimum(count, np.iinfo(np.uint16).max).astype(np.uint16),
        np.asarray(length, dtype=np.uint32),
    )


class WordIndex:
    """The words of many documents, whose passages are numbered one document after the other.

    Okapi BM25 (Robertson and Walker, 1994) with Lucene's idf, as ``rank.bm25``.

    Args:
        words: Of each document.
    """

    def __init__(self, words: Sequence[Words]) -> None:
        given = list(words) or [_NONE]
        offsets = np.concatenate([[0], np.cumsum([len(one.length) for one in given])[:-1]])
        self._stem = _joined([one.stem for one in given])
        self._passage = _joined([one.passage + np.uint32(offset) for one, offset in zip(given, offsets, strict=True)])
        self._count = _joined([one.times for one in given])
        length = np.concatenate([one.length for one in given]).astype(np.float64)
        self._saturation = K1 * (1 - B + B * length / max(1e-9, float(length.mean()) if len(length) else 1.0))
        self._stemmer = Stemmer()

    def scores(self, question: str) -> FloatArray:
        """BM25 score of each passage: float32 of shape (passages,), 0 without a word of the question."""
        scores = np.zeros(len(self._saturation), dtype=np.float64)
        asked = Counter(self._stemmer.ids(question))
        hit = np.flatnonzero(_among(self._stem, np.array(list(asked), dtype=np.uint32)))
        stem, passage, count = self._stem[hit], self._passage[hit], self._count[hit].astype(np.float64)
        for one, times in asked.items():
            mine = stem == one
            where = passage[mine]
            if len(where):
                rarity = np.log1p((len(scores) - len(where) + 0.5) / (len(where) + 0.5))
                scores[where] += times * rarity * count[mine] / (count[mine] + self._saturation[where])
        return scores.astype(np.float32)


def _joined(columns: Sequence[NDArray[U]]) -> NDArray[U]:
    """Columns one after the other. That of one long document is not copied."""
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _among(values: Stems, wanted: Stems) -> NDArray[np.bool_]:
    """Whether each value is wanted. A table of the low 16 bits excludes most values before any is compared."""
    table = np.zeros(1 << 16, dtype=np.bool_)
    table[wanted & 0xFFFF] = True
    hit: NDArray[np.bool_] = table[values & np.uint32(0xFFFF)]
    near = np.flatnonzero(hit)
    hit[near] = np.isin(values[near], wanted)
    return hit
