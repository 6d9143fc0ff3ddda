"""The requests of a file by the places of their lines, so that machines of a cluster read them beside each other.

Ray's own reader of JSON lines ends with the first line that is none, takes two kinds of ids for one, and does not know
the numbers of lines, which are the ids of requests without one.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING

from ctxpipe.pipeline.batch.rows import Id, lines_in, request_in

if TYPE_CHECKING:
    import pyarrow


def index_of(path: Path, done: Set[Id], *, text: bool = False) -> tuple[pyarrow.Table, int]:
    """What is left of a file of requests, and how many requests it has.

    Args:
        path: The file.
        done: Ids that are done.
        text: Whether results hold ids as texts, so that 13 and "13" are one.

    Returns:
        A table with a row for each line that is left: ``number``, ``start`` and ``length`` in bytes, and ``again``,
        whether its id stood on an earlier line.

    Raises:
        ReadError: if the file cannot be read.
    """
    import pyarrow as pa

    seen: set[Id | None] = set()
    total = 0
    left: list[tuple[int, int, int, bool]] = []
    for number, start, line in lines_in(path):
        total += 1
        given = request_in(line, number, path.parent).id
        name = str(given) if text else given
        if name not in done:
            left.append((number, start, len(line), name in seen))
        seen.add(name)
    columns = zip(*left, strict=True) if left else ((), (), (), ())
    types = (pa.int64(), pa.int64(), pa.int64(), pa.bool_())
    names = ("number", "start", "length", "again")
    return pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=names), total
