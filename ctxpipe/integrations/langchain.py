"""LangChain: a compressor of retrieved documents, and a retriever on a corpus, each within a budget over all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun, Callbacks
from langchain_core.documents import BaseDocumentCompressor
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from ctxpipe.compress.types import Document
from ctxpipe.integrations.excerpts import excerpt_metadata, kept_texts
from ctxpipe.pipeline.corpus.corpus import Corpus
from ctxpipe.pipeline.pipeline import Pipeline


class CtxpipeCompressor(BaseDocumentCompressor):
    """Keeps the best of retrieved documents, in at most ``budget`` tokens over all of them.

    A document comes back as its kept text, with its metadata, its id, and what ``excerpt_metadata`` tells; one of which
    nothing was kept does not come back.

    Attributes:
        budget: Most tokens of all texts together.
        options: Options of ``ctxpipe.Pipeline``, such as ``{"tokenizer": "my-model"}`` for a target's tokens.

    Raises:
        CtxpipeError: see ``ctxpipe.Pipeline.compress``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget: int
    options: Mapping[str, Any] = Field(default_factory=dict)

    @cached_property
    def _pipeline(self) -> Pipeline:
        # Labels would cost tokens, and every text comes back with the metadata that names it.
        return Pipeline(**{"format": "plain", **self.options})

    def compress_documents(
        self,
        documents: Sequence[LangChainDocument],
        query: str,
        callbacks: Callbacks | None = None,
    ) -> Sequence[LangChainDocument]:
        """Compress documents for a question; see the class."""
        held = [document for document in documents if document.page_content.strip()]
        if not held:
            return []
        given = [
            Document(text=d.page_content, source=_source(d, index), title=str(d.metadata.get("title") or ""))
            for index, d in enumerate(held)
        ]
        context = self._pipeline.compress(given, question=query, budget=self.budget)
        return [
            LangChainDocument(
                page_content=text,
                metadata={**held[index].metadata, **excerpt_metadata(context, index)},
                id=held[index].id,
            )
            for index, text in kept_texts(context).items()
        ]


class CtxpipeRetriever(BaseRetriever):
    """Finds the best excerpts of a corpus file, in at most ``budget`` tokens, as documents.

    Attributes:
        corpus: A corpus file, which ``ctxpipe index`` makes.
        budget: Most tokens of all texts together.
        k: Most documents: those of which most is kept. None returns all of which anything is kept.
        options: Options of ``ctxpipe.Pipeline``.

    Raises:
        CorpusError: if the file cannot be opened.
    """

    corpus: str
    budget: int
    k: int | None = Field(default=None, ge=1)
    options: Mapping[str, Any] = Field(default_factory=dict)

    @cached_property
    def _opened(self) -> tuple[Pipeline, Corpus]:
        return Pipeline(**{"format": "plain", **self.options}), Corpus.open(self.corpus)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[LangChainDocument]:
        pipeline, corpus = self._opened
        context = pipeline.compress(corpus, question=query, budget=self.budget)
        texts = kept_texts(context)
        most = sorted(texts, key=lambda index: -len(texts[index]))[: k or self.k]
        return [
            LangChainDocument(
                page_content=text,
                metadata={"source": context.documents[index].source, **excerpt_metadata(context, index)},
            )
            for index, text in texts.items()
            if index in most
        ]


def _source(document: LangChainDocument, index: int) -> str:
    return str(document.metadata.get("source") or document.id or f"document {index + 1}")
