"""Requests and rows as Arrow tables: as columns of their fields, or as lines of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ctxpipe.errors import UsageError
from ctxpipe.pipeline.batch.rows import (
    KNOWN,
    BadRequest,
    BatchRequest,
    Requests,
    line_of,
    lines_at,
    repeated,
    request_in,
    request_of,
)

if TYPE_CHECKING:
    import pyarrow

Row = Mapping[str, Any]


class Reads(Protocol):
    """Reads the requests of a table."""

    def __call__(self, table: pyarrow.Table) -> Requests:
        """The requests, one for each row."""
        ...


class Writes(Protocol):
    """Makes a table of rows."""

    def __call__(self, rows: Sequence[Row], asked: pyarrow.Table) -> pyarrow.Table:
        """A table of the rows of the requests in ``asked``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FromLines:
    """Requests of a file that every machine can read, by the places of their lines; see ``index.py``."""

    path: Path

    def __call__(self, table: pyarrow.Table) -> Requests:
        """See ``Reads``."""
        places = table.to_pylist()
        lines = lines_at(self.path, [(place["start"], place["length"]) for place in places])
        for place, line in zip(places, lines, strict=True):
            made = request_in(line, place["number"], self.path.parent)
            yield repeated(made, place["number"]) if place["again"] else made


@dataclass(frozen=True, slots=True, kw_only=True)
class FromColumns:
    """Requests of columns that have the names of their fields; other columns are passed over.

    Attributes:
        folder: What relative paths are below.
        skipped: Ids that are done.
    """

    folder: Path
    skipped: frozenset[str | int] = frozenset()

    def __call__(self, table: pyarrow.Table) -> Requests:
        """See ``Reads``."""
        for name in ("id", "question"):
            if name not in table.column_names:
                raise UsageError(f"requests need a column {name!r}; there are: {', '.join(table.column_names)}")
        for given in table.select([name for name in table.column_names if name in KNOWN]).to_pylist():
            made = _of_columns(given, self.folder)
            if made.id not in self.skipped:
                yield made


def _of_columns(given: dict[str, Any], folder: Path) -> BatchRequest | BadRequest:
    name = given["id"]
    if not isinstance(name, (str, int)) or isinstance(name, bool):
        return BadRequest(id=None, reason="'id' must be a text or a whole number")
    # A column of whole numbers with gaps becomes one of floats in pandas, with NaN in the gaps.
    fields = {field: value for field, value in given.items() if not _missing(value)}
    budget = fields.get("budget")
    if isinstance(budget, float) and budget.is_integer():
        fields["budget"] = int(budget)
    return request_of(fields, name, folder)


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def to_lines(rows: Sequence[Row], asked: pyarrow.Table) -> pyarrow.Table:
    """The lines of a file of results; see ``Writes``."""
    import pyarrow as pa

    return pa.table({"line": pa.array([line_of(row) for row in rows], pa.binary())})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToColumns:
    """Columns that have the names of a row's fields, empty where a row has none; see ``Writes``.

    Attributes:
        compress_only: Whether contexts are the results.
    """

    compress_only: bool

    def __call__(self, rows: Sequence[Row], asked: pyarrow.Table) -> pyarrow.Table:
        """See ``Writes``."""
        import pyarrow as pa

        whole = "id" in asked.column_names and pa.types.is_integer(asked.schema.field("id").type)
        schema = _schema(pa.int64() if whole else pa.string(), self.compress_only)
        columns = {name: [row.get(name) for row in rows] for name in schema.names}
        if not whole:
            columns["id"] = [None if name is None else str(name) for name in columns["id"]]
        columns["timings"] = [None if row is None else list(row.items()) for row in columns["timings"]]
        return pa.table(columns, schema=schema)


def _schema(ids: pyarrow.DataType, compress_only: bool) -> pyarrow.Schema:
    # Stated and not inferred: every block of a dataset must have the same types, also one of errors alone.
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    excerpt = pa.struct({"source": text, "pages": pa.list_(whole), "stretches": pa.list_(pa.list_(whole))})
    citation = pa.struct(
        {
            "source": text,
            "start": whole,
            "end": whole,
            "page": whole,
            "text": text,
            "support": pa.float64(),
            "number": whole,
        }
    )
    answer = {
        "answer": text,
        "unanswered": pa.bool_(),
        "citations": pa.list_(citation),
        "model": text,
        "prompt_tokens": whole,
        "completion_tokens": whole,
        "finish_reason": text,
    }
    both = {"kept_tokens": whole, "source_tokens": whole}
    own = {"context": text, **both, "excerpts": pa.list_(excerpt)} if compress_only else {**answer, **both}
    end = {"notes": pa.list_(text), "timings": pa.map_(text, pa.float64()), "error": text}
    return pa.schema({"id": ids, **own, **end})
