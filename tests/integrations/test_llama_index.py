"""LlamaIndex's own classes with ours in them: budgets over what a model is shown, metadata, ids, scores."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core import get_response_synthesizer
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import ImageNode, MetadataMode, NodeWithScore, QueryBundle, TextNode
from samples import prose

from ctxpipe.errors import CorpusError, UsageError
from ctxpipe.integrations.llama_index import CtxpipeNodePostprocessor, CtxpipeNodeRetriever
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.corpus.corpus import index

QUESTION = "Where is the amber ledger kept?"
FACT = "The amber ledger is kept in room 2."
OPTIONS = {"rank": "bm25"}


def retrieved(count: int = 6) -> list[NodeWithScore]:
    texts = [f"{prose(10, i)}\n\n{FACT if i == 3 else prose(1, i + 50)}\n\n{prose(5, i + 80)}" for i in range(count)]
    return [
        NodeWithScore(
            node=TextNode(
                id_=f"n{i}",
                text=text,
                metadata={"file_name": f"{i}.txt", "secret": "not shown"},
                excluded_llm_metadata_keys=["secret"],
            ),
            score=1 - i / 10,
        )
        for i, text in enumerate(texts)
    ]


def shown(nodes: list[NodeWithScore]) -> int:
    contents = [node.node.get_content(MetadataMode.LLM) for node in nodes]
    return int(TargetTokenizer.load("smollm2-135m").count_many(contents).sum()) if contents else 0


@settings(max_examples=5)
@given(budget=st.integers(1, 1500))
def test_a_budget_over_all_nodes_is_never_exceeded(budget: int) -> None:
    kept = CtxpipeNodePostprocessor(budget=budget, options=OPTIONS).postprocess_nodes(retrieved(), query_str=QUESTION)
    assert shown(kept) <= budget
    if budget >= 60:
        assert any(FACT in node.node.get_content() for node in kept)


def test_ids_scores_metadata_and_offsets_are_kept() -> None:
    before = {node.node.node_id: node for node in retrieved()}
    given_nodes = retrieved()
    kept = CtxpipeNodePostprocessor(budget=200, options=OPTIONS).postprocess_nodes(given_nodes, QueryBundle(QUESTION))
    assert 0 < len(kept) < len(before)
    assert [node.node.node_id for node in kept] == sorted(node.node.node_id for node in kept)
    for node in kept:
        source = before[node.node.node_id]
        text = source.node.get_content()
        assert node.score == source.score
        assert source.node.metadata.items() <= node.node.metadata.items()
        assert node.node.metadata["stretches"]
        for start, end in node.node.metadata["stretches"]:
            assert text[start:end] in node.node.get_content()
        told = node.node.get_content(MetadataMode.LLM)
        assert "file_name" in told
        assert "stretches" not in told
        assert "not shown" not in told
    assert [node.node.get_content() for node in given_nodes] == [n.node.get_content() for n in before.values()]


def test_nodes_without_text_stay_and_nothing_is_nothing() -> None:
    picture = NodeWithScore(node=ImageNode(image="aGk=", text=""), score=0.5)
    processor = CtxpipeNodePostprocessor(budget=60, options=OPTIONS)
    nodes = [*retrieved(2), picture, *retrieved()[3:4]]
    assert picture in processor.postprocess_nodes(nodes, query_str=QUESTION)
    assert processor.postprocess_nodes([], query_str=QUESTION) == []
    assert processor.postprocess_nodes(retrieved())  # without a question
    with pytest.raises(UsageError, match="budget"):
        CtxpipeNodePostprocessor(budget=0).postprocess_nodes(retrieved(), query_str=QUESTION)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("ledgers")
    for node in retrieved():
        (folder / node.node.metadata["file_name"]).write_text(node.node.get_content())
    index(folder, folder.with_suffix(".ctx"))
    return str(folder.with_suffix(".ctx"))


def test_a_retriever_finds_excerpts_of_a_corpus(corpus: str, tmp_path: Path) -> None:
    retriever = CtxpipeNodeRetriever(corpus, budget=120, options=OPTIONS)
    found = retriever.retrieve(QUESTION)
    assert 0 < shown(found) <= 120
    (best,) = [node for node in found if FACT in node.node.get_content()]
    text = Path(best.node.metadata["source"]).read_text()
    assert any(FACT in text[a:b] for a, b in best.node.metadata["stretches"])
    again = asyncio.run(retriever.aretrieve(QUESTION))
    assert [n.node.get_content() for n in again] == [n.node.get_content() for n in found]
    with pytest.raises(CorpusError, match="no such file"):
        CtxpipeNodeRetriever(str(tmp_path / "missing.ctx"), budget=100).retrieve(QUESTION)


def test_both_work_in_a_query_engine(corpus: str) -> None:
    """The mock model answers with its prompt, so what it says is what it was shown."""
    engine = RetrieverQueryEngine(
        retriever=CtxpipeNodeRetriever(corpus, budget=400, options=OPTIONS),
        node_postprocessors=[CtxpipeNodePostprocessor(budget=150, options=OPTIONS)],
        response_synthesizer=get_response_synthesizer(llm=MockLLM()),
    )
    response = engine.query(QUESTION)
    assert FACT in str(response)
    assert 0 < shown(response.source_nodes) <= 150
    assert FACT in str(asyncio.run(engine.aquery(QUESTION)))


def test_a_postprocessor_goes_into_settings_and_back() -> None:
    made = CtxpipeNodePostprocessor(budget=80, options=OPTIONS)
    again = CtxpipeNodePostprocessor.from_dict(made.to_dict())
    assert (again.budget, again.options) == (80, OPTIONS)
    assert made.to_dict()["class_name"] == "CtxpipeNodePostprocessor"
