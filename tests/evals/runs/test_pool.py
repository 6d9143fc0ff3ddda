"""Questions asked of one pool of documents: what is found in it, and what is kept of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from samples import prose

from ctxpipe.compress.find import shortlist as finding
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.evals.runs.arms import Arm
from ctxpipe.evals.runs.pool import Pool, pooled_documents
from ctxpipe.evals.runs.records import load_records
from ctxpipe.evals.runs.runner import RunPlan, run
from ctxpipe.evals.types import Evidence, Passage, Sample
from ctxpipe.pipeline.corpus.corpus import Corpus

NAMES = "violet crimson amber silver indigo scarlet".split()


def passage(number: int, gold: bool) -> Passage:
    text = f"{prose(4, number)}\n\nThe {NAMES[number]} ledger is kept in room {number}."
    return Passage(text=text, title=f"Ledger {number}", gold=gold)


def sample(number: int) -> Sample:
    documents = (passage(number, True), passage((number + 1) % 6, False))
    at = documents[0].text.index("The " + NAMES[number])
    return Sample(
        id=f"q{number}",
        dataset="ledgers",
        cluster=f"q{number}",
        documents=documents,
        question=f"Where is the {NAMES[number]} ledger kept?",
        answers=(f"room {number}",),
        evidence=(Evidence(document=0, start=at, end=len(documents[0].text)),),
    )


def write(path: Path, samples: list[Sample]) -> Path:
    rows = [
        {
            "id": s.id,
            "dataset": s.dataset,
            "cluster": s.cluster,
            "documents": [{"title": d.title, "text": d.text, "gold": d.gold} for d in s.documents],
            "question": s.question,
            "answers": list(s.answers),
            "metric": "contains",
            "evidence": [{"doc": e.document, "start": e.start, "end": e.end} for e in s.evidence],
        }
        for s in samples
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_pool_has_each_document_once() -> None:
    pool = Pool([sample(i) for i in range(6)])
    assert len(pool.collection.prepared) == 6
    assert len({document.text for document in pool.collection.documents}) == 6


def test_a_pool_of_a_corpus_with_vectors_has_them_all(tmp_path: Path) -> None:
    held = [passage(0, True), passage(3, True)]
    others = [Document(text=one.text, title=one.title, source=one.title) for one in held]
    corpus = Corpus.build([*others, Document(text=prose(4, 50), source="x")], tmp_path / "more.ctx")
    pool = Pool([sample(i) for i in range(3)], corpus)
    assert len(pool.collection.prepared) == 5
    assert pool.collection.vectors is not None
    asked = np.eye(384, dtype=np.float32)[:1]
    cosines = pool.collection.vectors.cosines(asked)[0]
    assert not np.isnan(cosines).any()
    # What the corpus has already comes from there, and what is embedded here is embedded in the same way.
    own = Pool([sample(i) for i in range(3)], Corpus.build(others[1:], tmp_path / "less.ctx")).collection
    assert own.vectors is not None
    assert own.vectors.cosines(asked)[0].tolist() == cosines[: own.passages.document.size].tolist()


def test_a_run_asks_methods_of_the_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SHORTLIST_TOKENS", 150)
    monkeypatch.setattr(finding, "SHORTLIST_BUDGETS", 1)
    more = tmp_path / "more"
    more.mkdir()
    with gzip.open(more / "others.jsonl.gz", "wt", encoding="utf-8") as file:
        for number in range(30):
            file.write(json.dumps({"passages": [{"title": f"T{number}", "text": prose(5, 100 + number)}]}) + "\n")
    suite = write(tmp_path / "ledgers.jsonl", [sample(i) for i in range(4)])
    plan = RunPlan(
        suites=(str(suite),),
        arms=(Arm(name="gold"), Arm.of("bm25", 60, rank="bm25", prune="none")),
        out=tmp_path / "run",
        pool=more,
    )
    outcome = run(plan)
    assert (outcome.written, outcome.errors) == (8, 0)
    records = [record for record in load_records(tmp_path / "run" / "records.jsonl").records if record.method]
    whole = Pool([sample(i) for i in range(4)], pooled_documents(more)).collection.characters
    for record in records:
        assert record.scores["shortlist"] == record.scores["passages"] == record.scores["survival"] == 1.0
        assert record.kept_tokens is not None
        assert record.source_tokens is not None
        assert record.kept_tokens <= 60 < whole / 8 < record.source_tokens
        assert all(document in (0, 1) for document, _, _ in record.spans)


def test_a_folder_of_files_or_a_corpus_is_a_pool(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("The amber ledger.")
    assert len(pooled_documents(tmp_path / "notes").prepared) == 1
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jsonl").write_text("[1]\n")
    with pytest.raises(ReadError, match=r"a\.jsonl"):
        pooled_documents(tmp_path / "bad")
