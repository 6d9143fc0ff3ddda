"""Embeds the passages of a corpus file that have no vector yet, or drops all vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxpipe.compress.prepare.vectors import in_bytes, text_of
from ctxpipe.compress.rank.resources import DEFAULT_EMBEDDER, Embedder
from ctxpipe.compress.types import OnStage
from ctxpipe.pipeline.corpus.parts import passages_in
from ctxpipe.pipeline.corpus.store import Store

ROW_PASSAGES = 32
"""Most vectors in a row of the table."""
BATCH_CHARACTERS = 100_000
"""Text that is embedded before it is committed: some seconds of work."""


class _Row(NamedTuple):
    """Neighbouring passages of a document, as a row of the table: the index of the first, and their texts."""

    document: int
    passage: int
    texts: list[str]


def load_encoder() -> Embedder:
    """The encoder of passages, which reads each alone.

    A vector then depends on its text only, and a corpus is the same whether or not its making was interrupted.
    """
    from ctxpipe.compress.rank.embedder import OnnxEmbedder

    return OnnxEmbedder.load(DEFAULT_EMBEDDER, batch_tokens=1)


def embed(store: Store, on_stage: OnStage) -> int:
    """Embed what has no vector, and commit it in batches.

    Args:
        store: The file, open for writing.
        on_stage: Called with passages done and passages in all.

    Returns:
        Number of passages that were embedded.

    Raises:
        CorpusError: if the file cannot be written. What was committed stays.
    """
    missing = store.rows(
        "SELECT id, document.passages, ifnull(sum(vectors.passages), 0) AS done FROM document "
        "LEFT JOIN vectors ON vectors.document = document.id GROUP BY id HAVING done < document.passages ORDER BY id"
    )
    if not missing:
        return 0
    ((total,),) = store.rows("SELECT sum(passages) FROM document")
    wanted = sum(size - done for _, size, done in missing)
    done = total - wanted
    on_stage("embed", done, total)
    encoder = load_encoder()
    for batch in _batches(row for document, _, first in missing for row in _rows(store, document, first)):
        vectors = in_bytes(encoder.encode([text for row in batch for text in row.texts]))
        at = 0
        with store.writing() as database:
            for row in batch:
                value = vectors[at : at + len(row.texts)].tobytes()
                database.execute(
                    "INSERT INTO vectors VALUES (?, ?, ?, ?)", (row.document, row.passage, len(row.texts), value)
                )
                at += len(row.texts)
        done += at
        on_stage("embed", done, total)
    return int(wanted)


def drop_vectors(store: Store) -> None:
    """Drop all vectors, and free their space.

    Raises:
        CorpusError: if the file cannot be written.
    """
    with store.writing() as database:
        dropped = database.execute("DELETE FROM vectors").rowcount
    if dropped:
        store.shrink()


def _rows(store: Store, document: int, first: int) -> Iterator[_Row]:
    """The passages of a document from the given one on."""
    parts = dict(
        store.rows("SELECT name, value FROM part WHERE document = ? AND name IN ('text', 'passages')", (document,))
    )
    text = bytes(parts["text"]).decode("utf-8", "surrogatepass")
    passages = passages_in(parts["passages"])
    for begin in range(first, len(passages.start), ROW_PASSAGES):
        places = range(begin, min(begin + ROW_PASSAGES, len(passages.start)))
        texts = [text_of(passages.headings(i), text[passages.start[i] : passages.end[i]]) for i in places]
        yield _Row(document, begin, texts)


def _batches(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    batch: list[_Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(map(len, row.texts))
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
