"""Word counts kept by document give the BM25 scores of one index over all passages."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.rank.bm25 import bm25
from ctxpipe.compress.types import Document

TEXTS = st.lists(
    st.lists(
        st.sampled_from("ferry harbour the of mill 1846 Faro 舟 κόσμος running runs".split()), min_size=1, max_size=30
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40)
@given(texts=TEXTS, question=st.lists(st.sampled_from("ferry mill the 1846 舟 run nowhere".split()), max_size=5))
def test_documents_prepared_apart_are_searched_as_one(texts: list[list[str]], question: list[str]) -> None:
    documents = [Document(text=" ".join(words) + ".", title=f"T{i}") for i, words in enumerate(texts)]
    collection = Collection.of(documents)
    chunks = collection.chunks(np.arange(len(collection.passages.start)))
    every = [" ".join((*c.headings, documents[c.document].text[c.start : c.end])) for c in chunks]
    asked = " ".join(question)
    np.testing.assert_allclose(collection.words.scores(asked), bm25(every, asked), rtol=1e-5, atol=1e-6)


def test_passages_of_all_documents_stand_in_order() -> None:
    documents = [Document(text=f"Document {i} says one thing. " * 40, source=str(i)) for i in range(5)]
    columns = Collection.of(documents).passages
    assert columns.document.tolist() == sorted(columns.document.tolist())
    for index, document in enumerate(documents):
        mine = columns.document == index
        held = " ".join(document.text[a:b] for a, b in zip(columns.start[mine], columns.end[mine], strict=True))
        assert held.split() == document.text.split()
