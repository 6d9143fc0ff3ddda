"""Documents that further processes prepare are those that this one would."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest
from processes import gone
from samples import prose

from ctxpipe import Document, Pipeline
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.prepare.prepared import Prepared
from ctxpipe.compress.text.prose import parts
from ctxpipe.errors import UsageError
from ctxpipe.pipeline.corpus import ahead
from ctxpipe.pipeline.corpus.ahead import Ahead
from ctxpipe.pipeline.corpus.parts import outline_out, passages_out, words_out
from ctxpipe.pipeline.corpus.work import MadeElsewhere

DOCUMENTS = [Document(source=f"{n}.md", kind="markdown", text=f"# Part {n}\n\n{prose(40, n)}") for n in range(5)]


@pytest.fixture(autouse=True)
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "WORTH_A_POOL", 1)


def _workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_they_are_the_same_and_in_order() -> None:
    taken = Ahead(2)
    try:
        for document in DOCUMENTS:
            taken.take(document)
        made = list(taken.prepared())
    finally:
        taken.close()
    assert [one.document for one in made] == DOCUMENTS
    assert all(isinstance(one, MadeElsewhere) for one in made)
    for one, document in zip(made, DOCUMENTS, strict=True):
        here = Prepared(document)
        assert outline_out(one.outline) == outline_out(here.outline)
        assert passages_out(one.passages) == passages_out(here.passages)
        assert words_out(one.words) == words_out(here.words)


def test_a_document_whose_process_died_is_prepared_here() -> None:
    taken = Ahead(2)
    try:
        for document in DOCUMENTS:
            taken.take(document)
        for worker in _workers():
            worker.kill()
        made = list(taken.prepared())
    finally:
        taken.close()
    assert [one.document for one in made] == DOCUMENTS
    assert all(one.passages.start.size for one in made)


def test_closing_ends_what_is_being_prepared() -> None:
    taken = Ahead(2)
    for document in [Document(source="long", text=prose(60_000)), *DOCUMENTS]:
        taken.take(document)
    workers = [worker.pid for worker in _workers()]
    started = time.monotonic()
    taken.close()
    assert time.monotonic() - started < 10
    assert gone(workers, 10)


def test_a_context_does_not_depend_on_the_number(tmp_path: Path) -> None:
    for document in DOCUMENTS:
        (tmp_path / document.source).write_text(document.text)
    kept = [
        Pipeline(rank="bm25", processes=number).compress(tmp_path, question="What is part 3?", budget=200).text
        for number in (1, 2)
    ]
    assert kept[0] == kept[1]


def test_none_is_refused() -> None:
    with pytest.raises(UsageError, match="processes must be at least 1, not 0"):
        Pipeline(processes=0)


def test_one_long_document_is_prepared_by_this_process_and_helpers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_LEAST", 1)
    document = Document(source="all.md", kind="markdown", text="".join(one.text for one in DOCUMENTS))
    ahead_of_it = Ahead(2)
    ahead_of_it.take(document)
    (prepared,) = ahead_of_it.prepared()
    before = len(_workers())
    assert prepared.outline.regions == Prepared(document).outline.regions
    assert len(_workers()) == before
    ahead_of_it.close()


class ProcessCounter:
    """A tokenizer whose number of tokens is the process that counts."""

    name = "process"

    def count_long(self, text: str) -> int:
        return os.getpid()


def test_one_long_document_is_counted_in_a_process_of_its_own() -> None:
    ahead_of_it = Ahead(2)
    ahead_of_it.take(DOCUMENTS[0])
    collection = Collection(list(ahead_of_it.prepared()))
    with collection.counting(ProcessCounter()) as sizes:
        (size,) = sizes()
    assert size.tokens != os.getpid()
    assert size.tokens == collection.prepared[0].tokens(ProcessCounter())
    ahead_of_it.close()


def test_documents_without_helpers_are_counted_in_this_process() -> None:
    collection = Collection.of(DOCUMENTS)
    with collection.counting(ProcessCounter()) as sizes:
        assert {size.tokens for size in sizes()} == {os.getpid()}
