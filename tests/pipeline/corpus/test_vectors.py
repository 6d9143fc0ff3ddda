"""Vectors in a corpus file: made once, resumed, updated, left out, and what they find."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from corpus_support import killed_at
from samples import prose

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.find import shortlist as finding
from ctxpipe.compress.rank.cached import RememberingEmbedder
from ctxpipe.compress.types import Document, OnProgress
from ctxpipe.errors import CorpusError
from ctxpipe.pipeline.corpus.corpus import Corpus, index
from ctxpipe.pipeline.corpus.embed import embed
from ctxpipe.pipeline.corpus.show import contents
from ctxpipe.pipeline.corpus.store import Store
from ctxpipe.pipeline.pipeline import Pipeline

QUESTION = "Which physician treats the sick?"
ANSWER = "Dr. Amsel is the doctor who looks after ill patients."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files without a word of the question; one has its meaning."""
    folder = tmp_path / "library"
    folder.mkdir()
    for number in range(24):
        text = ANSWER if number == 17 else prose(9, number)
        (folder / f"{number:02}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of some hundred tokens are then searched by meaning before they are ranked."""
    monkeypatch.setattr(finding, "SHORTLIST_TOKENS", 250)
    monkeypatch.setattr(finding, "SHORTLIST_BUDGETS", 1)


def rows(file: Path) -> dict[tuple[bytes, int], bytes]:
    """Vectors by the hash of their document and the index of the first."""
    with Store(file) as store:
        found = store.rows("SELECT key, passage, value FROM vectors JOIN document ON document.id = document")
    return {(bytes(key), passage): bytes(value) for key, passage, value in found}


def found(corpus: Corpus) -> set[int]:
    """Documents in the shortlist of the question."""
    chosen = finding.shortlist(corpus, QUESTION, 50, 4.0, embedder=RememberingEmbedder.of("minilm-l6", None))
    return set(corpus.passages.document[chosen].tolist())


def test_what_shares_no_word_with_the_question_is_found(folder: Path, tmp_path: Path, large: None) -> None:
    file = tmp_path / "library.ctx"
    assert index(folder, file).embedded == contents(file).passages == contents(file).vectors
    assert "Amsel" in Pipeline(rank="hybrid").compress(file, question=QUESTION, budget=60).text
    corpus = Corpus.open(file)
    assert not corpus.words.scores(QUESTION)[corpus.passages.document == 17].any()
    assert 17 in found(corpus)
    # A ranking by words alone searches by words alone.
    words = Pipeline(rank="bm25")
    kept = words.compress(file, question=QUESTION, budget=60).text
    assert kept == words.compress(folder, question=QUESTION, budget=60).text


def test_without_vectors_a_large_corpus_gives_what_its_paths_give(folder: Path, tmp_path: Path, large: None) -> None:
    corpus = Corpus.build(folder, tmp_path / "library.ctx", dense=False)
    assert contents(corpus.path).vectors == 0
    pipeline = Pipeline(rank="hybrid")
    for number in range(5):
        question = f"What is said of {prose(1, number).split()[1]}?"
        direct = pipeline.compress(folder, question=question, budget=60)
        assert pipeline.compress(corpus, question=question, budget=60).text == direct.text
    assert 17 not in found(corpus)


def test_a_small_corpus_gives_what_its_paths_give(folder: Path, tmp_path: Path) -> None:
    class Unused:
        def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
            raise AssertionError("a small corpus is not searched")

    corpus = Corpus.build(folder, tmp_path / "library.ctx")
    assert corpus.vectors is not None
    chosen = finding.shortlist(corpus, QUESTION, 50, 4.0, embedder=Unused())
    assert len(chosen) == len(corpus.passages.start)
    pipeline = Pipeline(rank="hybrid")
    direct = pipeline.compress(folder, question=QUESTION, budget=60)
    assert pipeline.compress(corpus, question=QUESTION, budget=60).text == direct.text


def test_an_update_embeds_what_is_new_and_drops_what_is_gone(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "library.ctx"
    index(folder, file)
    before = rows(file)
    (folder / "03.txt").unlink()
    (folder / "04.txt").write_text("The windmill was torn down.", encoding="utf-8")
    assert index(None, file).embedded == 1
    assert index(None, file).embedded == 0
    after = rows(file)
    assert len(after) == len(contents(file).documents)
    assert len(before.keys() - after.keys()) == 2
    index(folder, tmp_path / "fresh.ctx")
    assert after == rows(tmp_path / "fresh.ctx")


def test_dropping_a_document_looks_its_rows_up(tmp_path: Path) -> None:
    """Without an index each dropped document would cost a walk over the whole file."""
    file = tmp_path / "library.ctx"
    index(Document(text="Some text.", source="a"), file)
    with Store(file) as store:
        for table in ("part", "tokens", "vectors", "file"):
            plan = store.rows(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE document = 1")
            assert "USING" in plan[0][3]
            assert "INDEX" in plan[0][3] or "PRIMARY KEY" in plan[0][3]


def test_they_can_be_left_out_and_made_later(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "library.ctx"
    index(folder, file, dense=False)
    assert index(None, file).embedded == 0
    assert index(None, file, dense=True).embedded == contents(file).passages
    assert index(None, file).embedded == 0
    assert contents(file).vectors == contents(file).passages
    index(None, file, dense=False)
    assert contents(file).vectors == 0


def test_a_question_uses_the_vectors_that_are_there(folder: Path, tmp_path: Path, large: None) -> None:
    file = tmp_path / "library.ctx"
    index(folder, file)
    with Store(file, "write") as store, store.writing() as database:
        database.execute("DELETE FROM vectors WHERE document % 2 = 0 AND document != 18")
    corpus = Corpus.open(file)
    assert 0 < contents(file).vectors < contents(file).passages
    assert corpus.vectors is not None
    cosines = corpus.vectors.cosines(np.eye(384, dtype=np.float32)[:1])[0]
    assert np.isnan(cosines).sum() == contents(file).passages - contents(file).vectors
    assert 17 in found(corpus)


@pytest.mark.parametrize("damage", ["passages = passages + 1", "passage = -1", "value = substr(value, 2)"])
def test_damaged_vectors_are_one_line(folder: Path, tmp_path: Path, large: None, damage: str) -> None:
    file = tmp_path / "library.ctx"
    index(folder, file)
    with Store(file, "write") as store, store.writing() as database:
        database.execute(f"UPDATE vectors SET {damage} WHERE document = 3")
    with pytest.raises(CorpusError, match="damaged: vectors of another size"):
        Pipeline(rank="hybrid").compress(file, question=QUESTION, budget=60)


def test_long_documents_are_embedded_in_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctxpipe.pipeline.corpus.embed.ROW_PASSAGES", 2)
    monkeypatch.setattr("ctxpipe.pipeline.corpus.embed.BATCH_CHARACTERS", 3_000)
    text = "\n\n".join(prose(12, number) for number in range(12))
    file = tmp_path / "long.ctx"
    told: list[tuple[int, int]] = []

    def on_stage(stage: str, done: int, total: int) -> None:
        if stage == "embed":
            told.append((done, total))

    index([Document(text=text, source="a"), Document(text=text, source="b")], file, on_stage=on_stage)
    held = contents(file)
    assert held.vectors == held.passages > 4
    assert len(told) > 2
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((0, held.passages), (held.passages, held.passages))
    # Both documents share one text, and so one set of vectors.
    corpus = Corpus.open(file)
    assert corpus.vectors is not None
    cosines = corpus.vectors.cosines(np.eye(384, dtype=np.float32)[:1])[0]
    assert cosines.tolist() == [*cosines[: held.passages], *cosines[: held.passages]]
    with Store(file, "write") as store:
        with store.writing() as database:
            database.execute("DELETE FROM vectors WHERE passage >= 2")
        assert embed(store, on_stage) == held.passages - 2


def test_killed_anywhere_it_opens_and_goes_on_to_the_same_vectors(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "library.ctx"
    draw = random.Random(3)
    held: list[int] = []
    for _ in range(3):
        killed_at(folder, file, "INSERT INTO vectors", draw.randint(2, 7))
        with Corpus.open(file) as corpus:
            assert len(corpus.documents) == 24
        held.append(contents(file).vectors)
    assert 0 < held[0] < held[1] < held[2] < contents(file).passages
    index(folder, file)
    index(folder, tmp_path / "fresh.ctx")
    assert rows(file) == rows(tmp_path / "fresh.ctx")
