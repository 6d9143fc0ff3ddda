"""Vectors of passages and of their sentences: what is embedded, how it is stored, and how passages are searched.

A search compares the question with all passages. The sentences of the passages that it finds are then ranked, and those
of a corpus need not be embedded for each question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.prepare.passages import Passages
from ctxpipe.compress.rank.embedding import embedded_text
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.types import Document

DIMENSION = 384
"""Numbers of a vector: MiniLM's."""
KEPT_BYTES = 64 << 20
"""Vectors up to this size stay in memory between questions; larger ones are read in blocks for each search."""
_SLICE = 8_192

Bytes = NDArray[np.int8]


class VectorBlock(NamedTuple):
    """Some vectors.

    Attributes:
        document: int64 of shape (n,): the document's number on its shelf.
        passage: int64 of shape (n,): index of the passage in its document.
        values: int8 of shape (n, ``DIMENSION``).
    """

    document: IntArray
    passage: IntArray
    values: Bytes


class VectorShelf(Protocol):
    """Where the vectors of documents are."""

    def vectors(self) -> Iterator[VectorBlock]:
        """The vectors of all passages, in blocks that fit into memory."""
        ...

    def sentences(self, document: int, passages: Sequence[int]) -> Mapping[int, Bytes]:
        """The vectors of the sentences of some passages, int8 of shape (n, ``DIMENSION``), where they are known."""
        ...


class VectorPlace(NamedTuple):
    """Where the vectors of one document are: the shelf, and the document's number on it."""

    shelf: VectorShelf
    document: int


def passage_text(document: Document, passages: Passages, passage: int) -> str:
    """What is embedded of a passage: its text with the headings above."""
    start, end = int(passages.start[passage]), int(passages.end[passage])
    return embedded_text(passages.headings(passage), document.text[start:end])


def sentence_texts(document: Document, outline: Outline, passages: Passages, passage: int) -> list[str]:
    """What is embedded of a passage's sentences: its units that are no noise, each with the headings above."""
    start, end = int(passages.start[passage]), int(passages.end[passage])
    headings = passages.headings(passage)
    units = outline.units(start, end)
    return [embedded_text(headings, document.text[unit.start : unit.end]) for unit in units if not unit.noise]


def unit_length(stored: Bytes) -> FloatArray:
    """Stored vectors as float32 of unit length."""
    values = stored.astype(np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", values, values))
    made: FloatArray = values / np.maximum(norms, 1.0)[:, None]
    return made


def in_bytes(vectors: FloatArray) -> Bytes:
    """Vectors in a byte a number; the largest number of each becomes 127, so only directions are kept.

    Args:
        vectors: float32 of shape (n, ``DIMENSION``).

    Returns:
        int8 of the same shape.
    """
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-9)
    made: Bytes = np.rint(vectors * (127 / largest)).astype(np.int8)
    return made


class VectorIndex:
    """The vectors of a collection's passages.

    Args:
        places: Where each document's vectors are; None for a document without.
        sizes: Number of passages of each document.
    """

    def __init__(self, places: Sequence[VectorPlace | None], sizes: Sequence[int]) -> None:
        self._size = sum(sizes)
        shelves: dict[int, tuple[VectorShelf, list[tuple[int, int, int]]]] = {}
        first = 0
        for place, size in zip(places, sizes, strict=True):
            if place is not None:
                shelves.setdefault(id(place.shelf), (place.shelf, []))[1].append((place.document, first, size))
            first += size
        self._shelves = [_Shelved(shelf, documents) for shelf, documents in shelves.values()]

    @property
    def is_empty(self) -> bool:
        """Whether no passage has a vector."""
        return not any(one.has_any for one in self._shelves)

    def cosines(self, asked: FloatArray) -> FloatArray:
        """Cosine of each passage with each of some vectors.

        Args:
            asked: float32 of shape (k, ``DIMENSION``), rows of unit length.

        Returns:
            float32 of shape (k, passages); NaN for a passage without a vector.
        """
        cosines = np.full((len(asked), self._size), np.nan, dtype=np.float32)
        for shelf in self._shelves:
            shelf.fill(cosines, asked)
        return cosines


class _Shelved:
    """The documents of one shelf in a collection.

    Args:
        shelf: The shelf.
        documents: Number on the shelf, first passage in the collection, number of passages. A number may come twice.
    """

    def __init__(self, shelf: VectorShelf, documents: Sequence[tuple[int, int, int]]) -> None:
        self._shelf = shelf
        numbers, firsts, sizes = np.array(documents, dtype=np.int64).T
        # Documents of equal text share their vectors: these are compared once, and written to both places.
        self._numbers, at, again = np.unique(numbers, return_index=True, return_inverse=True)
        self._sizes = sizes[at]
        self._begin = np.concatenate([[0], np.cumsum(self._sizes)])
        self._here = _ranges(firsts, sizes)
        self._there = _ranges(self._begin[again.ravel()], sizes)
        self._kept: list[VectorBlock] | None = None

    @property
    def has_any(self) -> bool:
        """Whether a passage has a vector; the shelf may hold those of other documents alone."""
        return any(np.isin(block.document, self._numbers).any() for block in self._blocks())

    def fill(self, out: FloatArray, asked: FloatArray) -> None:
        """Write the cosines of its passages."""
        own = np.full((len(asked), int(self._begin[-1])), np.nan, dtype=np.float32)
        for block in _sliced(self._blocks()):
            place = np.searchsorted(self._numbers, block.document)
            place[place == len(self._numbers)] = 0
            inside = (self._numbers[place] == block.document) & (block.passage < self._sizes[place])
            cosines = asked @ unit_length(block.values).T
            own[:, (self._begin[place] + block.passage)[inside]] = cosines[:, inside]
        out[:, self._here] = own[:, self._there]

    def _blocks(self) -> Iterator[VectorBlock]:
        if self._kept is not None:
            yield from self._kept
            return
        read: list[VectorBlock] = []
        size = 0
        for block in self._shelf.vectors():
            size += block.values.nbytes
            if size <= KEPT_BYTES:
                read.append(block)
            yield block
        if size <= KEPT_BYTES:
            self._kept = [_joined(read)] if read else []


def _joined(blocks: Sequence[VectorBlock]) -> VectorBlock:
    return VectorBlock(
        np.concatenate([block.document for block in blocks]),
        np.concatenate([block.passage for block in blocks]),
        np.concatenate([block.values for block in blocks]),
    )


def _sliced(blocks: Iterator[VectorBlock]) -> Iterator[VectorBlock]:
    """The same in blocks of at most ``_SLICE`` vectors, because they are compared as float32."""
    for block in blocks:
        for at in range(0, len(block.document), _SLICE):
            end = at + _SLICE
            yield VectorBlock(block.document[at:end], block.passage[at:end], block.values[at:end])


def _ranges(firsts: IntArray, sizes: IntArray) -> IntArray:
    """The numbers of ranges that begin at ``firsts``, one range after the other."""
    begin = np.cumsum(sizes) - sizes
    made: IntArray = np.arange(int(sizes.sum()), dtype=np.int64) + np.repeat(firsts - begin, sizes)
    return made
