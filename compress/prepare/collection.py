"""Prepared documents that are searched together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple, overload

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.prepare.beside import beside
from ctxpipe.compress.prepare.prepared import Prepared
from ctxpipe.compress.prepare.vectors import VectorIndex, passage_text, unit_length
from ctxpipe.compress.prepare.words import Stemmer, WordIndex
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.types import Chunk, Document, OnProgress, SourceInfo


class Columns(NamedTuple):
    """The passages of all documents, in order: document, place in it, and character offsets, int64 of shape (n,)."""

    document: IntArray
    place: IntArray
    start: IntArray
    end: IntArray


class Collection:
    """Documents with what is known of each before any question; it can be asked any number of questions.

    Args:
        prepared: The documents, in the order in which they should be read.
    """

    def __init__(self, prepared: Sequence[Prepared]) -> None:
        self.prepared = tuple(prepared)
        self.outlines: Sequence[Outline] = _Outlines(self.prepared)

    @classmethod
    def of(cls, documents: Sequence[Document | Prepared]) -> Collection:
        """Documents, prepared or not."""
        stemmer = Stemmer()
        return cls([one if isinstance(one, Prepared) else Prepared(one, stemmer) for one in documents])

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """The documents."""
        return tuple(one.document for one in self.prepared)

    @cached_property
    def characters(self) -> int:
        """Length of all texts."""
        return sum(one.characters for one in self.prepared)

    @property
    def new_characters(self) -> int:
        """Length of the texts whose structure is still to be found."""
        return sum(one.characters for one in self.prepared if one.is_new)

    def find_structure(self, on_progress: OnProgress) -> None:
        """Find the structure of all documents where it is not known."""
        for index, one in enumerate(self.prepared):
            on_progress(index, len(self.prepared))
            if one.is_new:
                _ = one.outline

    def sources(self, tokenizer: Tokenizer, on_progress: OnProgress) -> tuple[SourceInfo, ...]:
        """The size of each document."""
        result = []
        for index, one in enumerate(self.prepared):
            on_progress(index, len(self.prepared))
            result.append(one.info(tokenizer))
        return tuple(result)

    @contextmanager
    def counting(self, tokenizer: Tokenizer) -> Iterator[Callable[[], tuple[SourceInfo, ...]]]:
        """Count meanwhile: a document that has helpers in another process, else in a thread.

        Inside the context, what is given waits for the size of each document.
        """
        first = self.prepared[0]
        if len(self.prepared) > 1 or first.helpers is None:
            yield beside(lambda: self.sources(tokenizer, lambda done, total: None)).result
            return
        with first.helpers.beside(tokenizer.count_long, first.document.text) as count:

            def sizes() -> tuple[SourceInfo, ...]:
                first.know_tokens(tokenizer, count())
                return (first.info(tokenizer),)

            yield sizes

    def prepare(self, on_progress: OnProgress) -> None:
        """Cut all documents into passages."""
        for index, one in enumerate(self.prepared):
            on_progress(index, len(self.prepared))
            _ = one.passages

    @cached_property
    def passages(self) -> Columns:
        """The passages of all documents."""
        sizes = [len(one.passages.start) for one in self.prepared]

        def joined(column: Callable[[Prepared], IntArray]) -> IntArray:
            return np.concatenate([column(one) for one in self.prepared])

        return Columns(
            np.repeat(np.arange(len(sizes), dtype=np.int64), sizes),
            joined(lambda one: np.arange(len(one.passages.start), dtype=np.int64)),
            joined(lambda one: one.passages.start),
            joined(lambda one: one.passages.end),
        )

    @cached_property
    def words(self) -> WordIndex:
        """The words of all passages."""
        return WordIndex([one.words for one in self.prepared])

    @cached_property
    def vectors(self) -> VectorIndex | None:
        """The vectors of the passages that have one; None if none has."""
        places = [one.vectors for one in self.prepared]
        if not any(places):
            return None
        index = VectorIndex(places, [len(one.passages.start) for one in self.prepared])
        return None if index.is_empty else index

    def sentence_vectors(self, index: IntArray) -> dict[int, FloatArray]:
        """The vectors of the sentences of some passages, where a corpus holds them.

        Args:
            index: Indices of passages.

        Returns:
            By place in ``index``: float32 of shape (sentences, dimension), rows of unit length.
        """
        columns = self.passages
        asked: dict[int, dict[int, int]] = {}
        for place, (document, passage) in enumerate(
            zip(columns.document[index].tolist(), columns.place[index].tolist(), strict=True)
        ):
            asked.setdefault(document, {})[passage] = place
        vectors: dict[int, FloatArray] = {}
        for document, places in asked.items():
            home = self.prepared[document].vectors
            if home is not None:
                known = home.shelf.sentences(home.document, list(places))
                vectors.update((places[passage], unit_length(stored)) for passage, stored in known.items())
        return vectors

    def chunks(self, index: IntArray) -> list[Chunk]:
        """Some passages, in order."""
        columns = self.passages
        return [
            Chunk(
                document=document,
                start=start,
                end=end,
                kind=self.prepared[document].document.kind,
                headings=self.prepared[document].passages.headings(place),
            )
            for document, place, start, end in zip(*(column[index].tolist() for column in columns), strict=True)
        ]

    def text(self, index: int) -> str:
        """The headings above a passage, and the passage."""
        document, place = int(self.passages.document[index]), int(self.passages.place[index])
        return passage_text(self.documents[document], self.prepared[document].passages, place)


class _Outlines(Sequence[Outline]):
    """The outline of each document, made or read when it is asked for."""

    def __init__(self, prepared: Sequence[Prepared]) -> None:
        self._prepared = prepared

    @overload
    def __getitem__(self, index: int) -> Outline: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Outline]: ...
    def __getitem__(self, index: int | slice) -> Outline | Sequence[Outline]:
        if isinstance(index, slice):
            return _Outlines(self._prepared[index])
        return self._prepared[index].outline

    def __len__(self) -> int:
        return len(self._prepared)

    def __iter__(self) -> Iterator[Outline]:
        return (one.outline for one in self._prepared)
