"""Examples as arrays: what the model reads, and what it should say of each token and passage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.files import replace_atomically
from training.pieces import MarkedPiece, Spans

if TYPE_CHECKING:
    from tokenizers import Tokenizer

QUESTION_TOKENS, SECOND_TOKENS, TITLE_TOKENS, LONGEST = 64, 128, 32, 352
IGNORED = 255
"""Target of a token that is not to be learnt from, and sentence of a token that is in none."""
CERTAIN, WIDENED = 100, 80
"""Targets in percent: of marked evidence, and of the rest of its sentence."""
QUESTION, SECOND, FREE = 0, 1, 2
"""Kinds of examples: asked with the question, with question and found evidence, with nothing."""
KINDS = ("question", "second", "free")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One passage under one question.

    Attributes:
        question: Empty for ``FREE``.
        piece: The passage.
        kind: ``QUESTION``, ``SECOND`` or ``FREE``.
        relevance: 1, 0, or -1 where it cannot be told.
        source: Index of the file.
        group: Number of the question; examples of one group compete.
        tokens: Whether token targets are known.
        shares: For ``FREE``: for each sentence, the part of the questions that ask for it.
    """

    question: str
    piece: MarkedPiece
    kind: int
    relevance: int
    source: int
    group: int
    tokens: bool = True
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Many examples, flat.

    Attributes:
        ids: Tokens of all examples one after the other, uint16.
        target: Percent per token, or ``IGNORED``; uint8.
        sentence: Sentence of each token within its piece, or ``IGNORED``; uint8.
        offset: Where each example begins, int64 of shape (n + 1,).
        second: Where in each example token type 1 begins, int64 of shape (n,).
        relevance, source, kind, group: As in ``Example``; int64 of shape (n,).
    """

    ids: NDArray[np.uint16]
    target: NDArray[np.uint8]
    sentence: NDArray[np.uint8]
    offset: NDArray[np.int64]
    second: NDArray[np.int64]
    relevance: NDArray[np.int64]
    source: NDArray[np.int64]
    kind: NDArray[np.int64]
    group: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.relevance)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each example."""
        return np.diff(self.offset)

    def save(self, path: Path) -> None:
        """Write all arrays into one ``.npz`` file."""
        arrays = {name: getattr(self, name) for name in self.__slots__}
        replace_atomically(path, lambda file: np.savez(file, **arrays))

    @classmethod
    def load(cls, path: Path) -> Examples:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in cls.__slots__})


class ExampleLayout:
    """Turns a question and a passage into tokens: ``[CLS] question [SEP] title [SEP] passage [SEP]``.

    Token type 0 is the question with its two marks, 1 the rest. Without a question its place is empty.

    Args:
        tokenizer: A WordPiece tokenizer with ``[CLS]`` and ``[SEP]``.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
        if first is None or last is None:
            raise ValueError("the tokenizer has no [CLS] and [SEP]")
        self._cls, self._sep = first, last
        self._tokenizer = tokenizer
        self._encoded = lru_cache(maxsize=50_000)(self._encode)

    def _encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, encoding.offsets

    def row(self, question: str, title: str, text: str, *, limit: int = QUESTION_TOKENS) -> tuple[list[int], int, int]:
        """Tokens, where type 1 begins, and where the passage begins."""
        head = [self._cls, *self._encoded(question)[0][:limit], self._sep]
        trail = [*self._encoded(title)[0][:TITLE_TOKENS], self._sep]
        body = len(head) + len(trail)
        return [*head, *trail, *self._encoded(text)[0][: LONGEST - body - 1], self._sep], len(head), body

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Characters of each token of a passage."""
        return self._encoded(text)[1]


def assemble(examples: Iterable[Example], layout: ExampleLayout) -> Examples:
    """Encode examples and lay them out flat."""
    ids, targets, sentences, seconds, numbers = [], [], [], [], []
    for example in examples:
        limit = SECOND_TOKENS if example.kind == SECOND else QUESTION_TOKENS
        row, second, body = layout.row(example.question, example.piece.title, example.piece.text, limit=limit)
        offsets = layout.offsets(example.piece.text)[: len(row) - body - 1]
        inside = _inside(offsets, example.piece.sentences)
        target = np.full(len(row), IGNORED, dtype=np.uint8)
        sentence = np.full(len(row), IGNORED, dtype=np.uint8)
        sentence[body:-1] = inside
        if example.tokens:
            target[body:-1] = _targets(example, offsets, inside)
        ids.append(np.array(row, dtype=np.uint16))
        targets.append(target)
        sentences.append(sentence)
        seconds.append(second)
        numbers.append((example.relevance, example.source, example.kind, example.group))
    if not ids:
        raise ValueError("there are no examples")
    relevance, source, kind, group = np.array(numbers, dtype=np.int64).T.copy()
    return Examples(
        ids=np.concatenate(ids),
        target=np.concatenate(targets),
        sentence=np.concatenate(sentences),
        offset=np.concatenate([[0], np.cumsum([len(row) for row in ids])]).astype(np.int64),
        second=np.array(seconds, dtype=np.int64),
        relevance=relevance,
        source=source,
        kind=kind,
        group=group,
    )


def _inside(offsets: Sequence[tuple[int, int]], spans: Spans) -> NDArray[np.uint8]:
    """For each token the span that holds its first character, or ``IGNORED``."""
    starts = np.array([start for start, _ in offsets], dtype=np.int64)
    begins, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    place = np.searchsorted(begins, starts, side="right") - 1
    held = (place >= 0) & (starts < ends[place]) if len(begins) else np.zeros(len(starts), dtype=bool)
    return np.where(held & (place < IGNORED), place, IGNORED).astype(np.uint8)


def _targets(example: Example, offsets: Sequence[tuple[int, int]], inside: NDArray[np.uint8]) -> NDArray[np.uint8]:
    target = np.zeros(len(offsets), dtype=np.uint8)
    if example.kind == FREE:
        percent = np.array([round(100 * share) for share in example.shares], dtype=np.uint8)
        known = inside < len(percent)
        target[known] = percent[inside[known]]
        return target
    if example.relevance != 1:
        return target
    for start, end in example.piece.wanted:
        target[[start <= a and b <= end for a, b in offsets]] = WIDENED
    for start, end in example.piece.answers:
        target[[a < end and start < b for a, b in offsets]] = CERTAIN
    return target
