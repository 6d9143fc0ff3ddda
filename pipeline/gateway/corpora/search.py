"""Searches corpora; runs in a worker process, which keeps them open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ctxpipe.pipeline.corpus.corpus import Corpus
from ctxpipe.pipeline.gateway.corpora.held import Held, held_of
from ctxpipe.pipeline.pipeline import Pipeline
from ctxpipe.pipeline.target import DEFAULT_TOKENIZER
from ctxpipe.recent import Recent

_MOST_OPEN = 8


class Searcher:
    """Finds what corpora hold on questions.

    Args:
        pipeline: Ranks and cuts.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._open: Recent[str, tuple[object, Corpus]] = Recent(_MOST_OPEN)

    def find(self, job: Mapping[str, Any]) -> Held:
        """What answers a question.

        Args:
            job: ``corpus``, the file; ``question``; ``budget`` in estimated tokens.

        Raises:
            CtxpipeError: if the file cannot be read, or a model not be loaded.
        """
        corpus = self._corpus(job["corpus"])
        return held_of(self._pipeline.context_of(corpus, job["question"], job["budget"], None, asks=True))

    def _corpus(self, path: str) -> Corpus:
        """A corpus, opened anew when its file has changed."""
        state = state_of(Path(path))
        known = self._open.get(path)
        if known is not None and known[0] == state:
            return known[1]
        opened = Corpus.open(path)
        if known is not None:
            known[1].close()
        if dropped := self._open.put(path, (state, opened)):
            dropped[1].close()
        return opened


@cache
def searcher(tokenizer: str | None, rank: str) -> Searcher:
    """A searcher with a tokenizer and a ranker; models stay loaded."""
    return Searcher(Pipeline(tokenizer=tokenizer or DEFAULT_TOKENIZER, rank=rank))


def state_of(path: Path) -> tuple[tuple[int, int] | None, ...]:
    """What changes when a corpus is updated: sizes and times of the file and of its log."""
    return tuple(_state(str(path) + end) for end in ("", "-wal"))


def _state(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
