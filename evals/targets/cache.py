"""A cache of a target's results, by model and request."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from ctxpipe.closing import Closing
from ctxpipe.errors import CtxpipeError, ReadError
from ctxpipe.evals.targets.generation import Generated
from ctxpipe.evals.targets.likelihood import Ask, Likelihood, ask_hash

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")

_SCHEMA = "CREATE TABLE IF NOT EXISTS {} (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
_TABLES: Mapping[type, str] = {Likelihood: "likelihood", Generated: "answer"}


class ResultCache(Closing, Generic[T]):
    """A target with a SQLite cache of its results, as a context manager.

    All results of one call are stored together before any is returned. So a killed run finds exactly the numbers of its
    records again, although another composition of batches would change the last digits.

    Args:
        path: The file; created if missing.
        kind: Type of the results: ``Likelihood`` or ``Generated``.
        revision: Revision of the target; another revision has other results.
        compute: Returns one result per request that is not cached, in order.

    Raises:
        ReadError: if the file cannot be opened or is not such a cache.
    """

    def __init__(
        self, path: Path, kind: type[T], revision: str, compute: Callable[[Sequence[Ask]], Sequence[T]]
    ) -> None:
        self.path = path
        self._kind, self._table = kind, _TABLES[kind]
        self._revision, self._compute = revision, compute
        try:
            self._database = sqlite3.connect(path)
            self._database.execute(_SCHEMA.format(self._table))
        except sqlite3.Error as exc:
            raise ReadError(str(path), f"cannot be used as a cache ({exc})") from exc

    def get(self, asks: Sequence[Ask], repeats: Sequence[int]) -> list[T]:
        """Look up or compute results.

        Args:
            asks: The requests.
            repeats: For each, 0 or the number of a repetition that is computed separately.

        Raises:
            CtxpipeError: from the target.
        """
        keys = [self._key(ask, repeat) for ask, repeat in zip(asks, repeats, strict=True)]
        known = {key: value for key in dict.fromkeys(keys) if (value := self._find(key)) is not None}
        missing = {key: ask for key, ask in zip(keys, asks, strict=True) if key not in known}
        if missing:
            computed = dict(zip(missing, self._compute(list(missing.values())), strict=True))
            self._store(computed)
            known |= computed
        return [known[key] for key in keys]

    def _store(self, computed: Mapping[str, T]) -> None:
        rows = []
        for key, result in computed.items():
            try:
                rows.append((key, json.dumps(asdict(result), allow_nan=False)))
            except ValueError:  # NaN is an error of this run and is not stored
                continue
        try:
            with self._database:
                self._database.executemany(f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?)", rows)
        except sqlite3.Error as exc:
            raise CtxpipeError(f"{self.path}: cannot write a result ({exc})") from exc

    def _key(self, ask: Ask, repeat: int) -> str:
        return hashlib.sha256(f"{self._revision}\0{ask_hash(ask)}\0{repeat}".encode()).hexdigest()

    def _find(self, key: str) -> T | None:
        try:
            row = self._database.execute(f"SELECT value FROM {self._table} WHERE key = ?", (key,)).fetchone()
            return None if row is None else self._kind(**json.loads(row[0]))
        except (sqlite3.Error, TypeError, ValueError) as exc:
            raise ReadError(str(self.path), f"damaged; remove it to compute its results again ({exc})") from exc

    def close(self) -> None:
        """Close the file."""
        self._database.close()
