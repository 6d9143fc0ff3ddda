"""One pool of documents for all questions of a run, in place of the documents of each item."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ctxpipe.errors import ReadError, reason_of
from ctxpipe.evals.runs.documents import document_of
from ctxpipe.evals.types import Sample

if TYPE_CHECKING:
    from ctxpipe.compress.prepare.collection import Collection
    from ctxpipe.compress.prepare.prepared import Prepared
    from ctxpipe.compress.prepare.vectors import Bytes, VectorBlock
    from ctxpipe.compress.types import CompressedContext, Document

_LINES = (".jsonl", ".jsonl.gz")


class Pool:
    """The documents of all items, and more, each once.

    Args:
        samples: The items.
        more: Further documents; those of the items come first. If they have vectors, the passages of the items' own
            documents are embedded too, unless they are among them.
    """

    def __init__(self, samples: Sequence[Sample], more: Collection | None = None) -> None:
        from ctxpipe.compress.prepare.collection import Collection
        from ctxpipe.compress.prepare.prepared import Prepared
        from ctxpipe.compress.rank.cached import RememberingEmbedder
        from ctxpipe.compress.rank.resources import DEFAULT_EMBEDDER

        kept = {_key(one.document): one for one in (more.prepared if more else ())}
        known: dict[tuple[str, ...], int] = {}
        documents: list[Prepared] = []
        self._places: dict[str, list[int]] = {}
        self._embedder = RememberingEmbedder.of(DEFAULT_EMBEDDER, None)
        for sample in samples:
            places = []
            for index, passage in enumerate(sample.documents):
                document = document_of(passage, passage.source or f"{sample.id}/{index}")
                key = _key(document)
                if key not in known:
                    known[key] = len(documents)
                    documents.append(kept[key] if key in kept else Prepared(document))
                places.append(known[key])
            self._places[sample.id] = places
        others = [one for key, one in kept.items() if key not in known]
        if more is not None and more.vectors is not None:
            _MemoryShelf([one for one in documents if one.vectors is None and len(one.passages.start)])
        self.collection = Collection([*documents, *others])

    def spans(self, sample: Sample, context: CompressedContext) -> tuple[tuple[int, int, int], ...]:
        """The kept stretches of an item's own documents, as (document of the item, start, end)."""
        place = {pooled: own for own, pooled in reversed(list(enumerate(self._places[sample.id])))}
        return tuple((place[s.document], s.start, s.end) for s in context.spans if s.document in place)

    def scores(self, sample: Sample, context: CompressedContext) -> dict[str, float]:
        """Whether all gold documents of an item are in the shortlist, and in the context; empty without gold."""
        places = self.gold(sample)
        if not places:
            return {}
        kept = {span.document for span in context.spans}
        return {
            "shortlist": float(places <= self._shortlist(sample, context)),
            "passages": float(places <= kept),
        }

    def gold(self, sample: Sample) -> set[int]:
        """Indices in the pool of an item's gold documents; empty if the set does not mark them."""
        gold = {e.document for e in sample.evidence} | {i for i, d in enumerate(sample.documents) if d.gold}
        return {self._places[sample.id][index] for index in gold}

    def _shortlist(self, sample: Sample, context: CompressedContext) -> set[int]:
        from ctxpipe.compress.find.shortlist import shortlist

        average = self.collection.characters / max(1, context.source_tokens)
        # As in ``Method.compressor``: a ranking by words alone is not given a search by meaning.
        embedder = None if context.rank == "bm25" else self._embedder
        chosen = shortlist(self.collection, sample.question, context.budget, average, embedder=embedder)
        documents: set[int] = set(np.unique(self.collection.passages.document[chosen]).tolist())
        return documents


class _MemoryShelf:
    """A shelf in memory, of documents that are in no corpus file.

    Args:
        documents: The documents, which get their vectors.
    """

    def __init__(self, documents: Sequence[Prepared]) -> None:
        from ctxpipe.compress.prepare.vectors import VectorPlace, passage_text, sentence_texts
        from ctxpipe.pipeline.corpus.embed import embedded, load_encoder

        encoder = load_encoder()
        sizes = [len(one.passages.start) for one in documents]
        passages = [
            [passage_text(one.document, one.passages, place) for place in range(size)]
            for one, size in zip(documents, sizes, strict=True)
        ]
        sentences = [
            sentence_texts(one.document, one.outline, one.passages, place)
            for one, size in zip(documents, sizes, strict=True)
            for place in range(size)
        ]
        self._first = [0, *itertools.accumulate(sizes)]
        self._passages = embedded(encoder, passages)
        self._sentences = embedded(encoder, sentences)
        for number, one in enumerate(documents):
            one.vectors = VectorPlace(self, number)

    def vectors(self) -> Iterator[VectorBlock]:
        """The vectors of all passages."""
        from ctxpipe.compress.prepare.vectors import VectorBlock

        for number, values in enumerate(self._passages):
            yield VectorBlock(
                np.full(len(values), number, dtype=np.int64), np.arange(len(values), dtype=np.int64), values
            )

    def sentences(self, document: int, passages: Sequence[int]) -> dict[int, Bytes]:
        """The vectors of the sentences of some passages."""
        return {passage: self._sentences[self._first[document] + passage] for passage in passages}


def _key(document: Document) -> tuple[str, ...]:
    return document.title, document.text, document.kind


def pooled_documents(path: Path) -> Collection:
    """The documents of a corpus file or a folder: of the items in the folder's JSON lines, else its files.

    Raises:
        ReadError: if there are none.
    """
    from ctxpipe.compress.prepare.collection import Collection
    from ctxpipe.compress.types import Document
    from ctxpipe.pipeline.pipeline import Pipeline

    files = sorted(file for file in path.rglob("*") if file.name.endswith(_LINES)) if path.is_dir() else []
    if not files:
        return Pipeline().prepare(path)
    seen: dict[tuple[str, str], Document] = {}
    for file in files:
        for title, text in _passages(file):
            if text.strip():
                seen.setdefault((title, text), Document(text=text, title=title, source=f"{file.name}/{len(seen)}"))
    if not seen:
        raise ReadError(str(path), "no documents in its JSON lines")
    return Collection.of(list(seen.values()))


def _passages(file: Path) -> Iterator[tuple[str, str]]:
    """Title and text of items' ``documents`` or ``passages``."""
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                item: Any = json.loads(line) if line.strip() else {}
                for one in item.get("documents") or item.get("passages") or []:
                    yield str(one.get("title") or ""), str(one["text"])
    except (OSError, EOFError, ValueError, KeyError, AttributeError, TypeError) as exc:
        raise ReadError(str(file), f"no items: {reason_of(exc)}") from exc
