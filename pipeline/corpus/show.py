"""What is in a corpus file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from ctxpipe.pipeline.corpus.index import COUNTED
from ctxpipe.pipeline.corpus.store import Store


class ListedDocument(NamedTuple):
    """A document: its source's name, characters and tokens."""

    source: str
    characters: int
    tokens: int


class Contents(NamedTuple):
    """What a corpus file holds.

    Attributes:
        documents: In order.
        tokenizer: Whose tokens were counted.
        passages: Number of passages.
        vectors: How many of them have a vector.
        sentences: How many of them have vectors of their sentences.
        roots: Paths it was made of, as they were given.
        megabytes: Size of the file, 10^6 bytes.
        is_complete: Whether a run of the indexer ended once.
    """

    documents: list[ListedDocument]
    tokenizer: str
    passages: int
    vectors: int
    sentences: int
    roots: list[str]
    megabytes: float
    is_complete: bool


def contents(path: Path) -> Contents:
    """Look into a corpus file.

    Raises:
        CorpusError: if it cannot be opened.
    """
    with Store(path) as store:
        counts = dict(store.rows("SELECT document, tokens FROM tokens WHERE tokenizer = ?", (COUNTED,)))
        ((passages,),) = store.rows("SELECT ifnull(sum(passages), 0) FROM document")
        ((vectors,),) = store.rows("SELECT ifnull(sum(passages), 0) FROM vectors")
        ((sentences,),) = store.rows("SELECT count(*) FROM sentences")
        plan = json.loads(store.setting("plan") or "{}")
        return Contents(
            documents=[ListedDocument(e.source, e.characters, int(counts.get(e.document, 0))) for e in store.entries()],
            tokenizer=COUNTED,
            passages=int(passages),
            vectors=int(vectors),
            sentences=int(sentences),
            roots=list(plan.get("roots", [])),
            megabytes=path.stat().st_size / 1e6,
            is_complete=store.is_complete,
        )
