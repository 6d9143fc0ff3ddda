"""A corpus: documents prepared once, in one file, that answer any number of questions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from ctxpipe.closing import Closing
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.types import Document, OnProgress, OnStage, SourceInfo
from ctxpipe.errors import CorpusError, ReadError, UsageError, reason_of
from ctxpipe.models.once import turn
from ctxpipe.pipeline.corpus.embed import PASSAGES, SENTENCES, drop_vectors, embed
from ctxpipe.pipeline.corpus.index import Indexed, Indexer
from ctxpipe.pipeline.corpus.plan import CorpusPlan, Given
from ctxpipe.pipeline.corpus.store import Store
from ctxpipe.pipeline.corpus.stored import Shelf, StoredDocument
from ctxpipe.pipeline.readers.reader import Errors


class Corpus(Closing, Collection):
    """Documents of a corpus file, as they were when it was opened. Many threads and processes may ask one file.

    Example:
        ```python
        corpus = Corpus.build(["handbook/"], "handbook.ctx")
        Pipeline().compress(corpus, question="Who signs?", budget=2000)
        ```

    Args:
        store: The file, open for reading.
    """

    def __init__(self, store: Store) -> None:
        self.path = store.path
        self._store = store
        shelf = Shelf(store)
        self._stored = [StoredDocument(entry, shelf) for entry in store.entries()]
        super().__init__(self._stored)
        self.is_complete = store.is_complete

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a corpus file.

        Raises:
            CorpusError: if there is none, or it is damaged, of another version or of another program.
        """
        return cls(Store(Path(path)))

    @classmethod
    def build(
        cls,
        paths: Given | Sequence[Given],
        path: str | os.PathLike[str],
        *,
        decode_errors: Errors = "strict",
        all_files: bool = False,
        dense: bool = True,
        sentences: bool = False,
        on_stage: OnStage | None = None,
    ) -> Self:
        """Index documents into a file, and open it. A file that is there is updated; see ``index``."""
        index(
            paths,
            path,
            decode_errors=decode_errors,
            all_files=all_files,
            dense=dense,
            sentences=sentences,
            on_stage=on_stage,
        )
        return cls.open(path)

    def update(self, *, on_stage: OnStage | None = None) -> Indexed:
        """Read changed files of the corpus's paths again, and open the file anew."""
        self._store.close()
        done = index(None, self.path, on_stage=on_stage)
        self.__init__(Store(self.path))  # type: ignore[misc]  # as if it were opened now
        return done

    def sources(self, tokenizer: Tokenizer, on_progress: OnProgress) -> tuple[SourceInfo, ...]:
        """The size of each document. New counts are stored in the file if it can be written."""
        sizes = super().sources(tokenizer, on_progress)
        counted = [(d.entry.document, tokenizer.name, d.tokens(tokenizer)) for d in self._stored if d.was_counted]
        if counted:
            with suppress(CorpusError), Store(self.path, "write") as store, store.writing() as database:
                database.executemany("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?)", counted)
            for document in self._stored:
                document.was_counted = False
        return sizes

    def close(self) -> None:
        """Close the file."""
        self._store.close()


def index(
    paths: Given | Sequence[Given] | None,
    path: str | os.PathLike[str],
    *,
    decode_errors: Errors = "strict",
    all_files: bool = False,
    dense: bool | None = None,
    sentences: bool | None = None,
    on_stage: OnStage | None = None,
    on_wait: Callable[[], None] | None = None,
    processes: int = 1,
) -> Indexed:
    """Make or update a corpus file, so that it holds what the paths give and nothing else.

    Files of the same size and time, or with the same bytes, are not read again. A stopped run loses at most some
    seconds of work, and the next run continues it. Until all documents are read, readers see those of the last run.
    Then the passages are embedded; readers see the vectors that there are when they open the file.

    Args:
        paths: Files, directories, patterns, documents; None for those of the last run, whose documents are kept.
        path: The corpus file.
        decode_errors, all_files: See ``Pipeline``.
        dense: Whether passages are embedded, for a search by meaning; if not, vectors of an earlier run are dropped.
            None embeds them if ``paths`` are given, else if the last run did.
        sentences: Whether the sentences of passages are embedded too, so that questions of a large corpus need not do
            it; if not, their vectors are dropped. None embeds them if ``paths`` are not given and the last run did.
        on_stage: Called with progress.
        on_wait: Called if another process is indexing into the file; it is waited for.
        processes: How many processes prepare documents. With more than one, the calling program is imported in each.

    Raises:
        UsageError: without paths; for ``sentences`` without ``dense``.
        CorpusError: if the file cannot be written, or is another program's.
    """
    if sentences and dense is False:
        raise UsageError(
            "vectors of sentences are kept beside those of their passages, so --sentences does not go with --no-dense"
        )
    file, on_stage = Path(path), on_stage or _nothing
    with _turn(file, on_wait), _made(file) as store:
        if paths is None:
            plan = CorpusPlan.load(store)
            plan.dense = plan.dense if dense is None else dense
            plan.sentences = plan.sentences if sentences is None else sentences
        else:
            given = [paths] if isinstance(paths, (str, os.PathLike, Document)) else list(paths)
            plan = CorpusPlan.of(given, decode_errors, all_files, dense is not False, bool(sentences))
        plan.save(store)
        indexer = Indexer(store, errors=plan.errors, rename=plan.name, on_stage=on_stage)
        done = indexer.run(plan.sources, all_files=plan.all_files, keep_documents=paths is None, processes=processes)
        kinds = ((PASSAGES, SENTENCES) if plan.sentences else (PASSAGES,)) if plan.dense else ()
        drop_vectors(store, kept=kinds)
        return replace(done, embedded=embed(store, kinds, on_stage))


@contextmanager
def _made(path: Path) -> Iterator[Store]:
    """A corpus file, open for writing. If nothing can be read, it is as it was: with its old paths, or not there."""
    was_there = path.exists()
    try:
        with Store(path, "write") as store:
            plan = CorpusPlan.load(store) if store.setting("plan") else None
            try:
                yield store
            except ReadError:
                if plan is not None:
                    plan.save(store)
                raise
    except (ReadError, UsageError):
        if not was_there:
            path.unlink(missing_ok=True)  # its log goes with the last connection
        raise


@contextmanager
def _turn(path: Path, on_wait: Callable[[], None] | None) -> Iterator[None]:
    """Hold the right to write a corpus file."""
    with ExitStack() as stack:
        try:
            stack.enter_context(turn(path.with_name(f".{path.name}.lock"), on_wait))
        except OSError as exc:
            raise CorpusError(str(path), reason_of(exc)) from exc
        yield


def _nothing(stage: str, done: int, total: int) -> None:
    return None
