"""LlamaIndex: a postprocessor of retrieved nodes, and a retriever on a corpus, each within a budget over all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle, TextNode
from pydantic import Field

from ctxpipe.compress.types import Document
from ctxpipe.errors import UsageError
from ctxpipe.integrations.excerpts import excerpt_metadata, kept_texts
from ctxpipe.pipeline.corpus.corpus import Corpus
from ctxpipe.pipeline.pipeline import Pipeline

Nodes = dict[int, NodeWithScore]
_TRIES = 6
_OURS = ("stretches", "pages", "trail")
"""Metadata of excerpts, which no model is shown."""


class CtxpipeNodePostprocessor(BaseNodePostprocessor):
    """Keeps the best of retrieved nodes, in at most ``budget`` tokens over all of them.

    What is counted is what a model is shown of a node: its text, and its metadata that are not excluded. A node comes
    back with its id, score, metadata and relations, its text cut, and what ``excerpt_metadata`` tells beside; one of
    which nothing was kept does not come back. Nodes without text come back as they are and are not counted.

    Attributes:
        budget: Most tokens of all nodes together.
        options: Options of ``ctxpipe.Pipeline``, such as ``{"tokenizer": "my-model"}`` for a target's tokens.

    Raises:
        CtxpipeError: see ``ctxpipe.Pipeline.compress``.
    """

    budget: int
    options: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def class_name(cls) -> str:
        """Its name in LlamaIndex's settings."""
        return "CtxpipeNodePostprocessor"

    @cached_property
    def _pipeline(self) -> Pipeline:
        return _pipeline(self.options)

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        texts = [index for index, node in enumerate(nodes) if node.node.get_content(MetadataMode.NONE).strip()]
        documents = [_document(nodes[index].node, index) for index in texts]
        question = query_bundle.query_str if query_bundle else None

        def make(budget: int) -> Nodes:
            context = self._pipeline.compress(documents, question=question or None, budget=budget)
            return {
                texts[i]: _cut(nodes[texts[i]], text, excerpt_metadata(context, i))
                for i, text in kept_texts(context).items()
            }

        kept = _within(self._pipeline, self.budget, make) if texts else {}
        whole = {index: node for index, node in enumerate(nodes) if index not in texts}
        return [node for _, node in sorted({**kept, **whole}.items())]


class CtxpipeNodeRetriever(BaseRetriever):
    """Finds the best excerpts of a corpus file, in at most ``budget`` tokens, as nodes without scores.

    Args:
        corpus: A corpus file, which ``ctxpipe index`` makes.
        budget: Most tokens of all nodes together, as a model is shown them.
        options: Options of ``ctxpipe.Pipeline``.
        more: Options of ``BaseRetriever``.

    Raises:
        CorpusError: if the file cannot be opened, when it is first asked.
    """

    def __init__(self, corpus: str, *, budget: int, options: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.corpus = corpus
        self.budget = budget
        self.options = dict(options or {})

    @cached_property
    def _opened(self) -> tuple[Pipeline, Corpus]:
        return _pipeline(self.options), Corpus.open(self.corpus)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        pipeline, corpus = self._opened

        def make(budget: int) -> Nodes:
            context = pipeline.compress(corpus, question=query_bundle.query_str or None, budget=budget)
            return {
                index: _found(text, context.documents[index].source, excerpt_metadata(context, index))
                for index, text in kept_texts(context).items()
            }

        return list(_within(pipeline, self.budget, make).values())

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _pipeline(options: Mapping[str, Any]) -> Pipeline:
    # Labels would cost tokens, and every text comes back with the metadata that names it.
    return Pipeline(**{"format": "plain", **options})


def _within(pipeline: Pipeline, budget: int, make: Callable[[int], Nodes]) -> Nodes:
    """Nodes that a model is shown in at most so many tokens, metadata included, which compression does not know.

    Raises:
        UsageError: for a budget below 1.
    """
    if budget < 1:
        raise UsageError(f"the budget must be at least 1, not {budget}")
    allowed, made = budget, Nodes()
    for _ in range(_TRIES):
        made = make(allowed)
        shown = _shown(pipeline, made)
        if shown <= budget or allowed == 1:
            break
        # Fewer tokens are fewer nodes, too, and each has metadata.
        allowed = max(1, min(allowed - 1, allowed * budget // shown))
    while made and _shown(pipeline, made) > budget:
        made.popitem()
    return made


def _shown(pipeline: Pipeline, nodes: Nodes) -> int:
    contents = [node.node.get_content(MetadataMode.LLM) for node in nodes.values()]
    return int(pipeline.tokenizer.count_many(contents).sum()) if contents else 0


def _document(node: BaseNode, index: int) -> Document:
    metadata = node.metadata
    source = metadata.get("file_path") or metadata.get("file_name") or metadata.get("source") or f"node {index + 1}"
    return Document(
        text=node.get_content(MetadataMode.NONE), source=str(source), title=str(metadata.get("title") or "")
    )


def _cut(node: NodeWithScore, text: str, more: Mapping[str, Any]) -> NodeWithScore:
    """A copy of a node with another text; the caller's stays as it is."""
    copied = node.node.model_copy(deep=True)
    copied.set_content(text)
    _tell(copied, more)
    return NodeWithScore(node=copied, score=node.score)


def _found(text: str, source: str, more: Mapping[str, Any]) -> NodeWithScore:
    node = TextNode(text=text, metadata={"source": source})
    _tell(node, more)
    return NodeWithScore(node=node)


def _tell(node: BaseNode, more: Mapping[str, Any]) -> None:
    node.metadata.update(more)
    for hidden in (node.excluded_llm_metadata_keys, node.excluded_embed_metadata_keys):
        hidden.extend(name for name in _OURS if name not in hidden)
