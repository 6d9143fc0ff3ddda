"""What a search of all passages puts first."""

from __future__ import annotations

import numpy as np
import pytest
from samples import prose

from ctxpipe.compress.find import shortlist as finding
from ctxpipe.compress.find.looks import looked
from ctxpipe.compress.find.shortlist import shortlist
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.types import Document

QUESTION = "Where was the builder of the Larkmoor lighthouse born?"


@pytest.fixture
def collection() -> Collection:
    """Two steps to an answer, among documents that share words with neither."""
    documents = [Document(text=prose(6, i), source=f"{i}.txt") for i in range(60)]
    documents.insert(20, Document(text="The Larkmoor lighthouse was built by Ada Fenwick in 1846.", source="a.txt"))
    documents.insert(50, Document(text="Ada Fenwick, an engineer, came from Tarrow.", source="b.txt"))
    return Collection.of(documents)


def test_what_is_found_leads_on(collection: Collection) -> None:
    alone = collection.words.scores(QUESTION)
    assert alone[collection.passages.document == 50].max() == 0
    scores = looked(collection, QUESTION)
    best = collection.passages.document[np.argsort(-scores, kind="stable")[:2]]
    assert best.tolist() == [20, 50]


def test_a_question_without_a_known_word_finds_nothing(collection: Collection) -> None:
    assert not looked(collection, "Wherefore art thou?").any()
    assert not looked(collection, "").any()


def test_a_shortlist_has_room_for_so_many_tokens(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SHORTLIST_TOKENS", 400)
    monkeypatch.setattr(finding, "SHORTLIST_BUDGETS", 1)
    chosen = shortlist(collection, QUESTION, 50, 4.0)
    columns = collection.passages
    assert chosen.tolist() == sorted(chosen.tolist())
    assert (columns.end - columns.start)[chosen].sum() <= 1600
    assert {20, 50} <= set(columns.document[chosen].tolist())
    fast = shortlist(collection, QUESTION, 50, 4.0, effort="fast")
    assert (columns.end - columns.start)[fast].sum() <= 400
    assert set(fast.tolist()) < set(chosen.tolist())
    protected = np.zeros(len(columns.start), dtype=np.bool_)
    protected[-1] = True
    assert len(columns.start) - 1 in shortlist(collection, QUESTION, 50, 4.0, protected)


def test_short_documents_are_not_searched(collection: Collection) -> None:
    assert len(shortlist(collection, QUESTION, 50, 4.0)) == len(collection.passages.start)
