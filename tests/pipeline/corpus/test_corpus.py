"""A corpus file: the same contexts as from paths, updates, and everything that can go wrong with a file."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from corpus_support import killed_at
from samples import prose

from ctxpipe.compress.find import shortlist as finding
from ctxpipe.compress.types import Document
from ctxpipe.errors import CorpusError, ReadError, UsageError
from ctxpipe.pipeline.corpus.corpus import Corpus, index
from ctxpipe.pipeline.corpus.store import APPLICATION, Store, is_corpus
from ctxpipe.pipeline.pipeline import Pipeline

TOPICS = "ferry harbour mill orchard quarry foundry brewery lighthouse tannery smithy".split()


def library(folder: Path, count: int = 20) -> Path:
    """Files of several kinds, each with a fact of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        topic = TOPICS[number % len(TOPICS)]
        fact = f"The {topic} number {number} opened in {1800 + number} and costs {number + 3} crowns a day."
        if number % 4 == 0:
            text = f"# The {topic}\n\n{prose(12, number)}\n\n## Prices\n\n{fact}\n\n{prose(8, number + 100)}\n"
            (folder / f"{topic}-{number}.md").write_text(text, encoding="utf-8")
        elif number % 4 == 1:
            text = f'[{topic}]\nname = "{topic} {number}"\nopened = {1800 + number}\n\n[other]\nprice = {number}\n'
            (folder / f"{topic}-{number}.toml").write_text(text, encoding="utf-8")
        elif number % 4 == 2:
            code = f'def {topic}_{number}(days):\n    """{fact}"""\n    return days * {number + 3}\n'
            (folder / f"{topic}_{number}.py").write_text(code, encoding="utf-8")
        else:
            (folder / f"{topic}-{number}.txt").write_text(f"{prose(20, number)}\n\n{fact}\n", encoding="utf-8")
    return folder


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(rank="hybrid")


@pytest.fixture
def small_shortlist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of some thousand tokens are then searched before they are ranked."""
    monkeypatch.setattr(finding, "SHORTLIST_TOKENS", 1500)
    monkeypatch.setattr(finding, "SHORTLIST_BUDGETS", 1)


def test_a_context_is_the_same_from_a_corpus_as_from_its_paths(
    tmp_path: Path, pipeline: Pipeline, small_shortlist: None
) -> None:
    folder = library(tmp_path / "library", 50)
    corpus = Corpus.build(folder, tmp_path / "library.ctx", dense=False)  # with vectors it is searched by meaning too
    assert len(corpus.prepared) == 50
    for number in range(0, 50, 5):
        question = f"What does the {TOPICS[number % 10]} number {number} cost?"
        for budget in (120, 600):
            direct = pipeline.compress(folder, question=question, budget=budget)
            kept = pipeline.compress(corpus, question=question, budget=budget)
            assert kept.text == direct.text
            assert kept.spans == direct.spans
            assert kept.sources == direct.sources
    whole = pipeline.compress(folder, rate=1.0)
    assert pipeline.compress(corpus, rate=1.0).text == whole.text
    assert pipeline.compress(corpus, rate=0.3).text == pipeline.compress(folder, rate=0.3).text


def test_every_kind_of_document_comes_back_as_it_was(tmp_path: Path) -> None:
    given = [
        Document(
            text=prose(30), source="a.pdf", kind="pdf", page_starts=(0, 300), headings=((0, 4, 1),), noise=((5, 9),)
        ),
        Document(text='{"a": [1, 2, {"b": "c"}]}', source="b.json", kind="json", title="B", notes=("said",)),
        Document(text="x,y\n1,2\n3,4\n", source="c.csv", kind="csv"),
        Document(text="def f():\n    return 1\n", source="d.py", kind="code", language="python"),
        Document(text="a lone \ud800 surrogate, and \U0001f6a2", source="e.txt"),
    ]
    with Corpus.build(given, tmp_path / "kinds.ctx") as corpus:
        assert corpus.documents == tuple(given)
        again = Pipeline().prepare(given)
        assert [one.outline.regions for one in corpus.prepared] == [one.outline.regions for one in again.prepared]


def test_a_corpus_goes_wherever_a_path_goes(tmp_path: Path, pipeline: Pipeline) -> None:
    folder = library(tmp_path / "library", 8)
    file = tmp_path / "library.ctx"
    index(folder, file)
    extra = tmp_path / "extra.txt"
    extra.write_text("The observatory number 99 costs 77 crowns a day.", encoding="utf-8")
    assert is_corpus(file)
    assert not is_corpus(extra)
    alone = pipeline.compress(file, question="What does the ferry cost?", budget=200)
    assert alone.text == pipeline.compress(folder, question="What does the ferry cost?", budget=200).text
    both = pipeline.compress([extra, file], question="What does the observatory cost?", budget=200)
    assert "77 crowns" in both.text
    assert len(both.documents) == 9


def test_an_update_reads_what_has_changed_and_drops_what_is_gone(tmp_path: Path) -> None:
    folder = library(tmp_path / "library", 12)
    file = tmp_path / "library.ctx"
    first = index(folder, file)
    assert (first.documents, first.read, first.unchanged, first.dropped) == (12, 12, 0, 0)
    assert (index(folder, file).read, index(None, file).unchanged) == (0, 12)
    changed, gone, touched = sorted(folder.iterdir())[:3]
    changed.write_text("The windmill was torn down.", encoding="utf-8")
    gone.unlink()
    os.utime(touched, ns=(1, 1))
    (folder / "new.txt").write_text("The windmill stood on the hill.", encoding="utf-8")
    corpus = Corpus.open(file)
    report = corpus.update()
    assert (report.documents, report.read, report.unchanged, report.dropped) == (12, 2, 10, 1)
    assert {"The windmill was torn down.", "The windmill stood on the hill."} <= {d.text for d in corpus.documents}
    assert corpus.documents == Corpus.build(folder, tmp_path / "fresh.ctx").documents


@pytest.mark.parametrize("files", [0, 3])
def test_an_update_keeps_documents_that_were_no_files(tmp_path: Path, files: int) -> None:
    folder = [library(tmp_path / "library", files)] if files else []
    given = [Document(text="The weir was built in 1804.", source="weir"), Document(text="No ferry.", source="ferry")]
    file = tmp_path / "library.ctx"
    index([*folder, *given], file)
    before = Corpus.open(file).documents
    for _ in range(2):
        assert index(None, file).dropped == 0
        assert Corpus.open(file).documents == before
    assert index(given[:1], file).dropped == files + 1


def test_an_update_from_another_folder_keeps_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library(tmp_path / "library", 4)
    monkeypatch.chdir(tmp_path)
    index("library", "library.ctx")
    names = [d.source for d in Corpus.open("library.ctx").documents]
    monkeypatch.chdir(tmp_path.parent)
    assert index(None, tmp_path / "library.ctx").unchanged == 4
    assert [d.source for d in Corpus.open(tmp_path / "library.ctx").documents] == names
    assert not any(os.path.isabs(name) for name in names)


def test_one_file_that_cannot_be_read_is_one_failure(tmp_path: Path) -> None:
    folder = library(tmp_path / "library", 4)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    report = index(folder, tmp_path / "library.ctx")
    assert report.documents == 4
    assert [failure.source for failure in report.failures] == [str(folder / "broken.pdf")]


def test_a_wrong_path_leaves_the_corpus_as_it_was(tmp_path: Path) -> None:
    folder = library(tmp_path / "library", 4)
    file = tmp_path / "library.ctx"
    index(folder, file)
    with pytest.raises(ReadError):
        index(tmp_path / "missing", file)
    assert len(Corpus.open(file).prepared) == 4
    assert index(None, file).unchanged == 4


def test_a_first_run_without_documents_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    for wrong in ("missing", "nothing"):
        with pytest.raises(ReadError):
            index(tmp_path / wrong, tmp_path / "new.ctx")
    with pytest.raises(UsageError):
        index(None, tmp_path / "new.ctx")
    assert not list(tmp_path.glob("new.ctx*"))


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    index(library(tmp_path / "library", 2), tmp_path / "library.ctx")
    assert stat.S_IMODE((tmp_path / "library.ctx").stat().st_mode) == 0o600


def test_who_reads_sees_the_old_or_the_new_and_never_a_mix(tmp_path: Path) -> None:
    folder = library(tmp_path / "library", 10)
    file = tmp_path / "library.ctx"
    index(folder, file)
    old = Corpus.open(file)
    for path in folder.iterdir():
        path.write_text(f"New text of {path.name}.", encoding="utf-8")
    index(None, file)
    new = Corpus.open(file)
    assert all(document.text.startswith("New text") for document in new.documents)
    assert not any(document.text.startswith("New text") for document in old.documents)
    assert all(one.passages and one.outline for one in old.prepared)


def test_threads_may_ask_one_corpus(tmp_path: Path, small_shortlist: None) -> None:
    folder = library(tmp_path / "library", 20)
    corpus = Corpus.build(folder, tmp_path / "library.ctx")
    question = "What does the mill number 2 cost?"
    expected = Pipeline(rank="bm25").compress(folder, question=question, budget=150).text
    found: list[str] = []

    def ask() -> None:
        found.append(Pipeline(rank="bm25").compress(corpus, question=question, budget=150).text)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 6


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda file: file.write_bytes(b"not a database"), "not a corpus file"),
        (lambda file: file.write_bytes(file.read_bytes()[:50]), "cut off"),
        (lambda file: file.write_bytes(file.read_bytes()[:9000] + b"\x00" * 9000), "damaged"),
        (lambda file: _pragma(file, "user_version = 99"), "another version"),
        (lambda file: _pragma(file, "application_id = 7"), "another program"),
        (lambda file: file.unlink(), "no such file"),
        (lambda file: file.write_bytes(b""), "an empty file"),
        (lambda file: (file.unlink(), file.mkdir()), "a folder"),
        (lambda file: (file.unlink(), file.symlink_to("/dev/null")), "a device"),
    ],
    ids=["rubbish", "cut off", "overwritten", "version", "foreign", "missing", "empty", "folder", "device"],
)
def test_a_file_that_is_none_of_ours_is_one_line(tmp_path: Path, damage: object, says: str) -> None:
    file = tmp_path / "library.ctx"
    index(library(tmp_path / "library", 6), file)
    damage(file)  # type: ignore[operator]  # a function of the file
    with pytest.raises(CorpusError) as caught:
        _ = Corpus.open(file).documents
    assert str(file) in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    if says in ("another version", "another program", "not a corpus file"):
        before = file.read_bytes()
        with pytest.raises(CorpusError):
            index(tmp_path / "library", file)
        assert file.read_bytes() == before
    if says in ("a folder", "a device"):
        with pytest.raises(CorpusError, match=says):
            index(tmp_path / "library", file)


def _pragma(file: Path, what: str) -> None:
    database = sqlite3.connect(file)
    database.execute(f"PRAGMA {what}")
    database.commit()
    database.close()


def test_a_folder_that_cannot_be_written_can_be_asked(tmp_path: Path, pipeline: Pipeline) -> None:
    folder = library(tmp_path / "library", 4)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    index(folder, shelf / "library.ctx")
    shelf.chmod(0o500)
    try:
        assert "crowns" in pipeline.compress(shelf / "library.ctx", question="What does it cost?", budget=100).text
    finally:
        shelf.chmod(0o700)


def test_a_full_disk_is_one_line_and_the_rest_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "library.ctx"
    index(library(tmp_path / "library", 4), file)
    with Store(file, "write") as store:
        size = store.rows("PRAGMA page_count")[0][0]
        store.rows(f"PRAGMA max_page_count = {size + 4}")
        with pytest.raises(CorpusError, match="disk is full"):
            _fill(store)
    assert len(Corpus.open(file).documents) == 4


def _fill(store: Store) -> None:
    with store.writing() as database:
        for number in range(100):
            database.execute("INSERT INTO setting VALUES (?, ?)", (f"n{number}", "x" * 10_000))


def test_two_who_index_take_turns(tmp_path: Path) -> None:
    folder = library(tmp_path / "library", 30)
    file = tmp_path / "library.ctx"
    waited: list[bool] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            index(folder, file, on_wait=lambda: waited.append(True))
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(Corpus.open(file).prepared) == 30


def test_killed_anywhere_it_opens_and_goes_on(tmp_path: Path) -> None:
    folder = library(tmp_path / "library", 60)
    file = tmp_path / "library.ctx"
    draw = random.Random(5)
    held: list[int] = []
    for _ in range(8):
        killed_at(folder, file, "INSERT", draw.randint(2, 40))
        with Corpus.open(file) as corpus:
            assert all(document.text for document in corpus.documents)
            held.append(len(corpus.documents))
    assert held == sorted(held)
    assert 1 < max(held) < 60
    report = index(folder, file)
    assert report.documents == 60
    assert Corpus.open(file).documents == Corpus.build(folder, tmp_path / "fresh.ctx").documents


def test_a_stopped_run_leaves_nothing_in_a_run_over_other_paths(tmp_path: Path) -> None:
    old, new = library(tmp_path / "old", 6), library(tmp_path / "new", 2)
    file = tmp_path / "library.ctx"

    def stop(stage: str, done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index(old, file, on_stage=stop)
    assert Corpus.open(file).documents
    report = index(new, file)
    assert (report.documents, report.dropped) == (2, 0)
    assert {Path(document.source).parent for document in Corpus.open(file).documents} == {new}


def test_nothing_to_index_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing was indexed into it yet"):
        index(None, tmp_path / "new.ctx")
    with pytest.raises(UsageError, match="standard input cannot"):
        index("-", tmp_path / "other.ctx")


def test_counts_of_another_tokenizer_are_kept(tmp_path: Path, smollm2_dir: Path) -> None:
    file = tmp_path / "library.ctx"
    index(library(tmp_path / "library", 6), file)
    copy = tmp_path / "tokens"
    copy.mkdir()
    shutil.copy(smollm2_dir / "tokenizer.json", copy)
    pipeline = Pipeline(tokenizer=str(copy), rank="bm25")
    first = pipeline.compress(file, question="What does the mill cost?", budget=100)
    with Store(file) as store:
        assert store.rows("SELECT count(*) FROM tokens WHERE tokenizer = ?", (str(copy),)) == [(6,)]
    assert pipeline.compress(file, question="What does the mill cost?", budget=100).sources == first.sources


def test_the_mark_is_where_sqlite_puts_it(tmp_path: Path) -> None:
    file = tmp_path / "library.ctx"
    index(library(tmp_path / "library", 2), file)
    database = sqlite3.connect(file)
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
