"""The retriever passes the tests that LangChain has for retrievers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests

from ctxpipe import Corpus
from ctxpipe.integrations import CtxpipeRetriever

FACTS = ("The amber ledger is kept in room 2.", "The brass ledger is kept in room 3.", "Tea is served at five.")


@pytest.fixture(scope="module", autouse=True)
def _corpus(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    for number, fact in enumerate(FACTS):
        (folder / f"{number}.txt").write_text(fact, encoding="utf-8")
    TestRetriever.corpus = folder / "facts.ctx"
    Corpus.build(folder, TestRetriever.corpus).close()


class TestRetriever(RetrieversIntegrationTests):
    corpus: Path

    @property
    def retriever_constructor(self) -> type[CtxpipeRetriever]:
        return CtxpipeRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"corpus": str(self.corpus), "budget": 200}

    @property
    def retriever_query_example(self) -> str:
        return "Where are the ledgers kept?"
