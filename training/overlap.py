"""Finds what training and evaluation data share: equal questions, and runs of 13 equal words."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

RUN = 13
"""Words of a shared run, as in the decontamination of GPT-3 (Brown et al., 2020, appendix C)."""

_WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|[\p{L}\p{M}\p{N}]+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
Hashes = NDArray[np.uint64]


def words(text: str) -> list[str]:
    """Words in lower case, without punctuation; single characters in scripts without spaces."""
    return _WORD.findall(text.lower())


def same_question(question: str) -> str:
    """What equal questions have in common: their words."""
    return " ".join(words(question))


class Runs:
    """The 13-word runs of some texts, as 64-bit hashes.

    Words are numbered as they come, and a run's hash is a polynomial in these numbers, so that all runs of a text are
    hashed in 13 numpy operations. Ten million runs against ten million others: 0.00001 false matches are expected.

    Args:
        texts: What runs are taken from. A text shorter than a run is one run itself when it has at least 8 words.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._numbers: dict[str, int] = {}
        found = [self._hashes(text, learn=True) for text in dict.fromkeys(texts)]
        self._known: Hashes = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.uint64)

    def __len__(self) -> int:
        return len(self._known)

    def shared(self, text: str) -> bool:
        """Whether the text has a run of the texts."""
        hashes = self._hashes(text, learn=False)
        if not len(hashes) or not len(self._known):
            return False
        place = np.minimum(np.searchsorted(self._known, hashes), len(self._known) - 1)
        return bool((self._known[place] == hashes).any())

    def _hashes(self, text: str, *, learn: bool) -> Hashes:
        if learn:
            numbers = [self._numbers.setdefault(word, len(self._numbers) + 1) for word in words(text)]
        else:
            numbers = [self._numbers.get(word, 0) for word in words(text)]
        if len(numbers) < 8:
            return np.zeros(0, dtype=np.uint64)
        run = min(RUN, len(numbers))
        ids = np.array(numbers, dtype=np.uint64)
        count = len(ids) - run + 1
        hashes = np.full(count, run, dtype=np.uint64)
        unknown = np.zeros(count, dtype=bool)
        for offset in range(run):
            part = ids[offset : offset + count]
            unknown |= part == 0
            hashes = hashes * _FACTOR + part
            hashes ^= hashes >> np.uint64(29)
        return hashes[~unknown]


class Known(NamedTuple):
    """What evaluation sets hold: questions, by ``same_question``, and distinct document texts."""

    questions: set[str]
    texts: list[str]


def evaluation_texts(folder: Path) -> Known:
    """What every evaluation set below a folder holds."""
    questions: set[str] = set()
    texts: dict[str, None] = {}
    for path in sorted(folder.rglob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                questions.add(same_question(row["question"]))
                texts.update(dict.fromkeys(document["text"] for document in row["documents"]))
    return Known(questions, list(texts))
