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
from ctxpipe.compress.prepare.vectors import sentence_texts
from ctxpipe.compress.rank.cached import RememberingEmbedder
from ctxpipe.compress.rank.embedder import OnnxEmbedder
from ctxpipe.compress.types import Document, OnProgress
from ctxpipe.errors import CorpusError, UsageError
from ctxpipe.pipeline.corpus.corpus import Corpus, index
from ctxpipe.pipeline.corpus.embed import PASSAGES, SENTENCES, embed, load_encoder
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


def rows(file: Path, table: str = "vectors") -> dict[tuple[bytes, int], bytes]:
    """Vectors by the hash of their document and the index of the first."""
    with Store(file) as store:
        found = store.rows(f"SELECT key, passage, value FROM {table} JOIN document ON document.id = document")
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
    index(folder, file, sentences=True)
    before = rows(file)
    (folder / "03.txt").unlink()
    (folder / "04.txt").write_text("The windmill was torn down.", encoding="utf-8")
    assert index(None, file).embedded == 1
    assert index(None, file).embedded == 0
    after = rows(file)
    assert len(after) == len(contents(file).documents)
    assert len(before.keys() - after.keys()) == 2
    index(folder, tmp_path / "fresh.ctx", sentences=True)
    assert after == rows(tmp_path / "fresh.ctx")
    assert rows(file, "sentences") == rows(tmp_path / "fresh.ctx", "sentences")


def test_dropping_a_document_looks_its_rows_up(tmp_path: Path) -> None:
    """Without an index each dropped document would cost a walk over the whole file."""
    file = tmp_path / "library.ctx"
    index(Document(text="Some text.", source="a"), file)
    with Store(file) as store:
        for table in ("part", "tokens", "vectors", "sentences", "file"):
            plan = store.rows(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE document = 1")
            assert "USING" in plan[0][3]
            assert "INDEX" in plan[0][3] or "PRIMARY KEY" in plan[0][3]


def test_they_can_be_left_out_and_made_later(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "library.ctx"
    index(folder, file, dense=False)
    assert index(None, file).embedded == 0
    passages = contents(file).passages
    assert index(None, file, dense=True).embedded == passages
    assert (contents(file).vectors, contents(file).sentences) == (passages, 0)
    assert index(None, file, sentences=True).embedded == passages
    assert index(None, file).embedded == 0
    assert (contents(file).vectors, contents(file).sentences) == (passages, passages)
    index(None, file, sentences=False)
    assert (contents(file).vectors, contents(file).sentences) == (passages, 0)
    index(None, file, sentences=True)
    index(None, file, dense=False)
    assert (contents(file).vectors, contents(file).sentences) == (0, 0)
    with pytest.raises(UsageError, match="beside those of their passages"):
        index(None, file, dense=False, sentences=True)


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


def test_sentences_of_a_searched_corpus_are_not_embedded_again(
    folder: Path, tmp_path: Path, large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The context is that of the corpus without them; only questions are embedded."""
    file = tmp_path / "library.ctx"
    index(folder, file, sentences=True)
    encoded: list[str] = []
    encode = OnnxEmbedder.encode

    def counted(self: OnnxEmbedder, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
        encoded.extend(texts)
        return encode(self, texts, on_progress=on_progress)

    monkeypatch.setattr(OnnxEmbedder, "encode", counted)
    kept = Pipeline(rank="hybrid", score_cache=0).compress(file, question=QUESTION, budget=60).text
    assert encoded
    assert all(text.startswith(QUESTION) for text in encoded)
    with Store(file, "write") as store, store.writing() as database:
        database.execute("DELETE FROM sentences WHERE document % 3 = 0")
    encoded.clear()
    assert Pipeline(rank="hybrid", score_cache=0).compress(file, question=QUESTION, budget=60).text == kept
    assert any(not text.startswith(QUESTION) for text in encoded)


def test_the_vectors_of_sentences_are_those_of_their_texts(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "library.ctx"
    (folder / "guide.md").write_text("# Ferry\n\nIt runs at nine. It costs four.\n", encoding="utf-8")
    corpus = Corpus.build(folder, file, sentences=True)
    encoder = load_encoder()
    place = next(i for i, one in enumerate(corpus.documents) if one.source.endswith("guide.md"))
    index_of = np.flatnonzero(corpus.passages.document == place)
    ((_, stored),) = corpus.sentence_vectors(index_of).items()
    texts = sentence_texts(corpus.documents[place], corpus.outlines[place], corpus.prepared[place].passages, 0)
    assert "Ferry. It runs at nine." in texts
    assert np.einsum("ij,ij->i", stored, encoder.encode(texts)).min() > 0.999


@pytest.mark.parametrize("damage", ["passages = passages + 1", "passage = -1", "value = substr(value, 2)"])
def test_damaged_vectors_are_one_line(folder: Path, tmp_path: Path, large: None, damage: str) -> None:
    file = tmp_path / "library.ctx"
    index(folder, file)
    with Store(file, "write") as store, store.writing() as database:
        database.execute(f"UPDATE vectors SET {damage} WHERE document = 3")
    with pytest.raises(CorpusError, match="damaged: vectors of another size"):
        Pipeline(rank="hybrid").compress(file, question=QUESTION, budget=60)


def test_damaged_vectors_of_sentences_are_one_line(folder: Path, tmp_path: Path, large: None) -> None:
    file = tmp_path / "library.ctx"
    index(folder, file, sentences=True)
    with Store(file, "write") as store, store.writing() as database:
        database.execute("UPDATE sentences SET value = substr(value, 2)")
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

    index([Document(text=text, source="a"), Document(text=text, source="b")], file, on_stage=on_stage, sentences=True)
    held = contents(file)
    assert held.vectors == held.passages > 4
    assert len(told) > 2
    assert told == sorted(told)
    # Each passage counts for itself and for its sentences.
    assert (told[0], told[-1]) == ((0, 2 * held.passages), (2 * held.passages, 2 * held.passages))
    # Both documents share one text, and so one set of vectors.
    corpus = Corpus.open(file)
    assert corpus.vectors is not None
    cosines = corpus.vectors.cosines(np.eye(384, dtype=np.float32)[:1])[0]
    assert cosines.tolist() == [*cosines[: held.passages], *cosines[: held.passages]]
    with Store(file, "write") as store:
        with store.writing() as database:
            database.execute("DELETE FROM vectors WHERE passage >= 2")
            database.execute("DELETE FROM sentences WHERE passage >= 4")
        assert embed(store, (PASSAGES, SENTENCES), on_stage) == held.passages - 2
        assert told[-1] == (2 * held.passages, 2 * held.passages)


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
    index(folder, file, sentences=True)
    index(folder, tmp_path / "fresh.ctx", sentences=True)
    assert rows(file) == rows(tmp_path / "fresh.ctx")
    assert rows(file, "sentences") == rows(tmp_path / "fresh.ctx", "sentences")
