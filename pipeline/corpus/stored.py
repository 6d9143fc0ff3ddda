"""A document of a corpus file, whose parts are read when they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from ctxpipe.compress.prepare.passages import Passages
from ctxpipe.compress.prepare.prepared import Prepared
from ctxpipe.compress.prepare.vectors import DIMENSION, Bytes, VectorBlock, VectorPlace
from ctxpipe.compress.prepare.words import Words
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.types import Document
from ctxpipe.errors import CorpusError
from ctxpipe.pipeline.corpus.parts import document_in, outline_in, passages_in, words_in
from ctxpipe.pipeline.corpus.store import Entry, Store

_BLOCK_ROWS = 1_024
"""Rows of the table of vectors that are read at once; each has at most ``embed.ROW_PASSAGES`` of them."""
_MOST_VARIABLES = 500


class Shelf:
    """The parts of the documents of a store.

    Args:
        store: The store.
        few: Fetch the parts of each document alone. By default a kind of part is fetched for all documents at once,
            because a corpus has many small ones.
    """

    def __init__(self, store: Store, *, few: bool = False) -> None:
        self._store = store
        self._few = few
        self._fetched: dict[str, dict[int, bytes]] = {}
        self._counts: dict[str, dict[int, int]] = {}

    def take(self, name: str, document: int) -> bytes:
        """A part; the shelf keeps no copy.

        Raises:
            CorpusError: if it is missing.
        """
        if self._few:
            return self.one(name, document)
        if name not in self._fetched:
            rows = self._store.rows("SELECT document, value FROM part WHERE name = ?", (name,))
            self._fetched[name] = dict(rows)
        value = self._fetched[name].pop(document, None)
        return self.one(name, document) if value is None else value

    def one(self, name: str, document: int) -> bytes:
        """A part alone.

        Raises:
            CorpusError: if it is missing.
        """
        rows = self._store.rows("SELECT value FROM part WHERE name = ? AND document = ?", (name, document))
        if not rows:
            raise self._damaged("a part of a document is missing")
        return bytes(rows[0][0])

    def counts(self, tokenizer: str) -> Mapping[int, int]:
        """Tokens of each document that was counted with a tokenizer."""
        if tokenizer not in self._counts:
            rows = self._store.rows("SELECT document, tokens FROM tokens WHERE tokenizer = ?", (tokenizer,))
            self._counts[tokenizer] = dict(rows)
        return self._counts[tokenizer]

    def sentences(self, document: int, passages: Sequence[int]) -> dict[int, Bytes]:
        """The vectors of the sentences of some passages, where they are known.

        Raises:
            CorpusError: if they are damaged.
        """
        vectors: dict[int, Bytes] = {}
        for at in range(0, len(passages), _MOST_VARIABLES):
            some = passages[at : at + _MOST_VARIABLES]
            marks = ",".join("?" * len(some))
            statement = f"SELECT passage, value FROM sentences WHERE document = ? AND passage IN ({marks})"
            for passage, value in self._store.rows(statement, (document, *some)):
                if len(value) % DIMENSION:
                    raise self._damaged("vectors of another size")
                vectors[passage] = np.frombuffer(value, dtype=np.int8).reshape(-1, DIMENSION)
        return vectors

    def vectors(self) -> Iterator[VectorBlock]:
        """The vectors of all passages, in blocks.

        Raises:
            CorpusError: if they are damaged.
        """
        statement = "SELECT document, passage, passages, value FROM vectors"
        for rows in self._store.blocks(statement, _BLOCK_ROWS):
            numbers, first, sizes = np.array([row[:3] for row in rows], dtype=np.int64).T
            values = np.frombuffer(b"".join(row[3] for row in rows), dtype=np.int8)
            if sizes.min() < 0 or first.min() < 0 or len(values) != int(sizes.sum()) * DIMENSION:
                raise self._damaged("vectors of another size")
            within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            yield VectorBlock(
                np.repeat(numbers, sizes), np.repeat(first, sizes) + within, values.reshape(-1, DIMENSION)
            )

    def _damaged(self, what: str) -> CorpusError:
        return CorpusError(str(self._store.path), f"damaged: {what}; index into a new file")


class StoredDocument(Prepared):
    """A document of a store.

    Args:
        entry: Its row.
        shelf: Where its parts are.

    Attributes:
        was_counted: Whether its tokens were counted and are not in the store yet.
    """

    def __init__(self, entry: Entry, shelf: Shelf) -> None:
        self.entry = entry
        self._shelf = shelf
        self._tokens: dict[str, int] = {}
        self.was_counted = False
        self.vectors = VectorPlace(shelf, entry.document)

    @cached_property
    def document(self) -> Document:
        """The document itself."""
        fields = self._shelf.take("fields", self.entry.document)
        return document_in(fields, self._shelf.take("text", self.entry.document), self.entry.source)

    @property
    def characters(self) -> int:
        """Length of its text."""
        return self.entry.characters

    @property
    def is_new(self) -> bool:
        """False: its structure is stored."""
        return False

    @cached_property
    def outline(self) -> Outline:
        """Its structure."""
        return outline_in(self._shelf.one("outline", self.entry.document), self.document)

    @cached_property
    def passages(self) -> Passages:
        """Its passages."""
        return passages_in(self._shelf.take("passages", self.entry.document))

    @property
    def words(self) -> Words:
        """The words of its passages."""
        return words_in(self._shelf.take("words", self.entry.document))

    def tokens(self, tokenizer: Tokenizer) -> int:
        """Tokens of its text, counted once for each tokenizer."""
        known = self._shelf.counts(tokenizer.name).get(self.entry.document)
        if known is not None:
            return known
        self.was_counted = self.was_counted or tokenizer.name not in self._tokens
        return super().tokens(tokenizer)
