"""Embeds what has no vector yet in a corpus file, passages first, then their sentences; or drops all vectors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ctxpipe.compress.prepare.vectors import Bytes, in_bytes, passage_text, sentence_texts
from ctxpipe.compress.rank.resources import DEFAULT_EMBEDDER, Embedder
from ctxpipe.compress.types import OnStage
from ctxpipe.pipeline.corpus.parts import document_in, outline_in, passages_in
from ctxpipe.pipeline.corpus.store import Store

ROW_PASSAGES = 32
"""Most vectors in a row of the table of passages."""
BATCH_CHARACTERS = 100_000
"""Text that is embedded before it is committed: some seconds of work."""


class _PassageRow(NamedTuple):
    """Neighbouring passages of a document: the index of the first, and what is embedded of each."""

    document: int
    passage: int
    texts: list[list[str]]


class Kind(NamedTuple):
    """A kind of vectors.

    Attributes:
        table: Its table in the store.
        done: Counts the passages of a document that have them.
        texts: Gives what is embedded of each passage of a document, in order, from its parts.
        values: Gives rows of the table.
    """

    table: str
    done: str
    texts: Callable[[dict[str, bytes], int], Iterator[list[str]]]
    values: Callable[[_PassageRow, Sequence[Bytes]], list[tuple[object, ...]]]


def _whole(parts: dict[str, bytes], first: int) -> Iterator[list[str]]:
    document, passages = document_in(parts["fields"], parts["text"], ""), passages_in(parts["passages"])
    for place in range(first, len(passages.start)):
        yield [passage_text(document, passages, place)]


def _by_sentence(parts: dict[str, bytes], first: int) -> Iterator[list[str]]:
    document, passages = document_in(parts["fields"], parts["text"], ""), passages_in(parts["passages"])
    outline = outline_in(parts["outline"], document)
    for place in range(first, len(passages.start)):
        yield sentence_texts(document, outline, passages, place)


PASSAGES = Kind(
    "vectors",
    "SELECT ifnull(sum(passages), 0) FROM vectors WHERE document = document.id",
    _whole,
    lambda row, made: [(row.document, row.passage, len(made), b"".join(one.tobytes() for one in made))],
)
"""Vectors of passages, which are searched."""
SENTENCES = Kind(
    "sentences",
    "SELECT count(*) FROM sentences WHERE document = document.id",
    _by_sentence,
    lambda row, made: [(row.document, row.passage + place, one.tobytes()) for place, one in enumerate(made)],
)
"""Vectors of sentences, which are ranked when a search has found their passage."""


def load_encoder() -> Embedder:
    """The encoder of passages and sentences, which reads each alone.

    A vector then depends on its text only, and a corpus is the same whether or not its making was interrupted.
    """
    from ctxpipe.compress.rank.embedder import OnnxEmbedder

    return OnnxEmbedder.load(DEFAULT_EMBEDDER, batch_tokens=1)


def embedded(encoder: Embedder, texts: list[list[str]]) -> list[Bytes]:
    """Embed groups of texts: for each group int8 of shape (texts, dimension)."""
    vectors = in_bytes(encoder.encode([text for group in texts for text in group]))
    return np.split(vectors, np.cumsum([len(group) for group in texts])[:-1])


def embed(store: Store, kinds: Sequence[Kind], on_stage: OnStage) -> int:
    """Embed what has no vector, and commit it in batches.

    Args:
        store: The file, open for writing.
        kinds: What is embedded, in this order.
        on_stage: Called with passages done and passages in all; each counts once for each kind.

    Returns:
        Number of passages that were embedded, or whose sentences were.

    Raises:
        CorpusError: if the file cannot be written. What was committed stays.
    """
    missing = [(kind, _missing(store, kind)) for kind in kinds]
    wanted = [sum(size - done for _, size, done in documents) for _, documents in missing]
    if not any(wanted):
        return 0
    ((passages,),) = store.rows("SELECT sum(passages) FROM document")
    total = passages * len(kinds)
    done = total - sum(wanted)
    on_stage("embed", done, total)
    encoder = load_encoder()
    for kind, documents in missing:
        for batch in _batches(row for document, _, first in documents for row in _rows(store, kind, document, first)):
            made = embedded(encoder, [texts for row in batch for texts in row.texts])
            at = 0
            with store.writing() as database:
                for row in batch:
                    rows = kind.values(row, made[at : at + len(row.texts)])
                    marks = ", ".join("?" * len(rows[0]))
                    database.executemany(f"INSERT INTO {kind.table} VALUES ({marks})", rows)
                    at += len(row.texts)
            done += at
            on_stage("embed", done, total)
    return max(wanted)


def drop_vectors(store: Store, kept: Sequence[Kind] = ()) -> None:
    """Drop the vectors of all kinds but some, and free their space.

    Raises:
        CorpusError: if the file cannot be written.
    """
    with store.writing() as database:
        tables = [kind.table for kind in (PASSAGES, SENTENCES) if kind not in kept]
        dropped = sum(database.execute(f"DELETE FROM {table}").rowcount for table in tables)
    if dropped:
        store.shrink()


def _missing(store: Store, kind: Kind) -> list[tuple[int, int, int]]:
    """Id, passages, and passages done of the documents that lack vectors."""
    rows = store.rows(f"SELECT id, passages, ({kind.done}) AS done FROM document WHERE done < passages ORDER BY id")
    return [(int(document), int(size), int(done)) for document, size, done in rows]


def _rows(store: Store, kind: Kind, document: int, first: int) -> Iterator[_PassageRow]:
    """The passages of a document from the given one on."""
    texts = kind.texts(dict(store.rows("SELECT name, value FROM part WHERE document = ?", (document,))), first)
    while some := list(itertools.islice(texts, ROW_PASSAGES)):
        yield _PassageRow(document, first, some)
        first += len(some)


def _batches(rows: Iterator[_PassageRow]) -> Iterator[list[_PassageRow]]:
    batch: list[_PassageRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(text) for texts in row.texts for text in texts)
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
