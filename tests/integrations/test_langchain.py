"""LangChain's own classes with ours in them: budgets over all documents, metadata, offsets, sync and async."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from samples import prose

from ctxpipe.errors import CorpusError, UsageError
from ctxpipe.integrations import CtxpipeCompressor, CtxpipeRetriever
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.corpus.corpus import index

QUESTION = "Where is the amber ledger kept?"
FACT = "The amber ledger is kept in room 2."


def retrieved(count: int = 6) -> list[Document]:
    texts = [f"{prose(10, i)}\n\n{FACT if i == 3 else prose(1, i + 50)}\n\n{prose(5, i + 80)}" for i in range(count)]
    return [
        Document(page_content=text, metadata={"source": f"{i}.txt", "score": i}, id=f"d{i}")
        for i, text in enumerate(texts)
    ]


def tokens(documents: list[Document]) -> int:
    return int(TargetTokenizer.load("smollm2-135m").count_many([d.page_content for d in documents]).sum())


@settings(max_examples=8)
@given(budget=st.integers(30, 1500))
def test_a_budget_over_all_documents_is_never_exceeded(budget: int) -> None:
    kept = list(CtxpipeCompressor(budget=budget, options={"rank": "bm25"}).compress_documents(retrieved(), QUESTION))
    assert tokens(kept) <= budget
    assert any(FACT in document.page_content for document in kept)


def test_metadata_id_and_offsets_are_kept() -> None:
    given_documents = {document.id: document for document in retrieved()}
    kept = CtxpipeCompressor(budget=120, options={"rank": "bm25"}).compress_documents(retrieved(), QUESTION)
    for document in kept:
        source = given_documents[document.id]
        assert source.metadata.items() <= document.metadata.items()
        for start, end in document.metadata["stretches"]:
            assert source.page_content[start:end] in document.page_content


def test_it_works_in_a_chain_and_in_an_event_loop() -> None:
    compressor = CtxpipeCompressor(budget=80, options={"rank": "bm25"})
    chain = RunnableLambda(lambda question: compressor.compress_documents(retrieved(), str(question)))
    found = list(chain.invoke(QUESTION))
    again = asyncio.run(compressor.acompress_documents(retrieved(), QUESTION))
    assert [d.page_content for d in found] == [d.page_content for d in again]


def test_nothing_to_compress_is_nothing() -> None:
    compressor = CtxpipeCompressor(budget=80)
    assert compressor.compress_documents([], QUESTION) == []
    assert compressor.compress_documents([Document(page_content=" ")], QUESTION) == []
    with pytest.raises(UsageError, match="budget"):
        CtxpipeCompressor(budget=0).compress_documents(retrieved(), QUESTION)


def test_a_retriever_finds_excerpts_of_a_corpus(tmp_path: Path) -> None:
    folder = tmp_path / "ledgers"
    folder.mkdir()
    for document in retrieved():
        (folder / document.metadata["source"]).write_text(document.page_content)
    index(folder, tmp_path / "ledgers.ctx")
    retriever = CtxpipeRetriever(corpus=str(tmp_path / "ledgers.ctx"), budget=100, options={"rank": "bm25"})
    found = retriever.invoke(QUESTION)
    assert tokens(found) <= 100
    (best,) = [document for document in found if FACT in document.page_content]
    assert best.metadata["source"].endswith("3.txt")
    text = (folder / "3.txt").read_text()
    assert any(FACT in text[a:b] for a, b in best.metadata["stretches"])
    assert [d.page_content for d in asyncio.run(retriever.ainvoke(QUESTION))] == [d.page_content for d in found]
    spread = CtxpipeRetriever(corpus=str(tmp_path / "ledgers.ctx"), budget=600, k=2, options={"rank": "bm25"})
    assert [len(spread.invoke(QUESTION)), len(spread.invoke(QUESTION, k=1))] == [2, 1]
    with pytest.raises(CorpusError, match="no such file"):
        CtxpipeRetriever(corpus=str(tmp_path / "missing.ctx"), budget=100).invoke(QUESTION)
