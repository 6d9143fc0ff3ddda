"""Likelihoods that were already computed, found again by what was asked of which model."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ctxpipe.errors import CtxpipeError, ReadError
from ctxpipe.evals.likelihood import Ask, Likelihood, Target, ask_hash

_SCHEMA = "CREATE TABLE IF NOT EXISTS likelihood (key TEXT PRIMARY KEY, nll REAL, prompt_tokens INTEGER, seconds REAL)"


class LikelihoodCache:
    """A target in front of which a SQLite file remembers results. Use it as a context manager.

    All results of one call are stored together before any is returned. So a run that is killed finds again exactly the
    numbers that its records came from, although a batch's make-up changes the last digits.

    Args:
        path: The file; made when there is none.
        target: What computes what is not known.

    Raises:
        ReadError: if the file cannot be opened or is no such cache.
    """

    def __init__(self, path: Path, target: Target) -> None:
        self.path = path
        self.target = target
        self.hits = 0
        try:
            self._database = sqlite3.connect(path)
            self._database.execute(_SCHEMA)
        except sqlite3.Error as exc:
            raise ReadError(str(path), f"cannot be used as a cache ({exc})") from exc

    def score(self, asks: Sequence[Ask], repeats: Sequence[int]) -> list[Likelihood]:
        """Score asks, or find them.

        Args:
            asks: What to score.
            repeats: For each, 0, or the number of the repetition that is to be computed apart from the others.

        Raises:
            CtxpipeError: whatever the target raises.
        """
        keys = [self._key(ask, repeat) for ask, repeat in zip(asks, repeats, strict=True)]
        known = {key: found for key in dict.fromkeys(keys) if (found := self._find(key)) is not None}
        self.hits += len(known)
        missing = {key: ask for key, ask in zip(keys, asks, strict=True) if key not in known}
        if missing:
            computed = dict(zip(missing, self.target.score(list(missing.values())), strict=True))
            self._store(computed)
            known |= computed
        return [known[key] for key in keys]

    def _store(self, computed: Mapping[str, Likelihood]) -> None:
        # SQLite stores NaN as NULL, which would be read as a prompt that does not fit.
        rows = [
            (key, one.nll, one.prompt_tokens, one.seconds)
            for key, one in computed.items()
            if one.nll is None or math.isfinite(one.nll)
        ]
        try:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO likelihood VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as exc:
            raise CtxpipeError(f"{self.path}: cannot write a likelihood ({exc})") from exc

    def _key(self, ask: Ask, repeat: int) -> str:
        return hashlib.sha256(f"{self.target.revision}\0{ask_hash(ask)}\0{repeat}".encode()).hexdigest()

    def _find(self, key: str) -> Likelihood | None:
        row = self._database.execute(
            "SELECT nll, prompt_tokens, seconds FROM likelihood WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else Likelihood(nll=row[0], prompt_tokens=row[1], seconds=row[2])

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
