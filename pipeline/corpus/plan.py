"""The paths that a corpus is made of, saved in its file for the next run."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from ctxpipe.compress.types import Document
from ctxpipe.errors import UsageError
from ctxpipe.pipeline.corpus.store import Store
from ctxpipe.pipeline.readers.reader import Errors

Given = str | os.PathLike[str] | Document


class CorpusPlan:
    """The paths of a corpus, and how they are read.

    Args:
        roots: Paths as the user gave them.
        folder: The current directory at that time, for relative ones.
        errors, all_files: See ``Pipeline``.
        dense: Whether passages are embedded.
        sentences: Whether their sentences are embedded too.
        documents: Documents that are no files; they are not saved.
    """

    def __init__(
        self,
        roots: Sequence[str],
        folder: str,
        errors: Errors,
        all_files: bool,
        dense: bool,
        sentences: bool,
        documents: Sequence[Document] = (),
    ) -> None:
        self.roots = list(roots)
        self.folder = folder
        self.errors: Errors = errors
        self.all_files = all_files
        self.dense = dense
        self.sentences = sentences
        self.documents = list(documents)

    @classmethod
    def of(cls, given: Sequence[Given], errors: Errors, all_files: bool, dense: bool, sentences: bool) -> CorpusPlan:
        """The plan of paths and documents.

        Raises:
            UsageError: for standard input.
        """
        roots = [os.fspath(one) for one in given if not isinstance(one, Document)]
        if "-" in roots:
            raise UsageError("a corpus is made of files, which can be read again; standard input cannot")
        documents = [one for one in given if isinstance(one, Document)]
        return cls(roots, os.getcwd(), errors, all_files, dense, sentences, documents)

    @classmethod
    def load(cls, store: Store) -> CorpusPlan:
        """The plan that a corpus file was made with.

        Raises:
            UsageError: if it was never given paths.
        """
        saved = store.setting("plan")
        if not saved:
            raise UsageError(f"{store.path}: nothing was indexed into it yet; give paths")
        return cls(**json.loads(saved))

    def save(self, store: Store) -> None:
        """Write it into the corpus file."""
        names = ("roots", "folder", "errors", "all_files", "dense", "sentences")
        value = {name: getattr(self, name) for name in names}
        with store.writing() as database:
            database.execute("INSERT OR REPLACE INTO setting VALUES ('plan', ?)", (json.dumps(value),))

    @property
    def sources(self) -> list[str | Document]:
        """Paths as they lead from the current directory, and documents."""
        here = os.getcwd() == self.folder
        return [*(root if here else os.path.join(self.folder, root) for root in self.roots), *self.documents]

    def name(self, source: str) -> str:
        """A source's name without ``folder``, if paths were given relative to it."""
        prefix = os.path.join(self.folder, "")
        relative = any(not os.path.isabs(root) for root in self.roots)
        return source.removeprefix(prefix) if relative else source
