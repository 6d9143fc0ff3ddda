"""Suites by name: generated tasks, public sets in a data folder or on the Hub, files in several formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.evals.suites.generated import TASKS, CountMany, generate
from ctxpipe.evals.suites.hub import PREFIX, hub_samples, parse_hub_name
from ctxpipe.evals.suites.lengths import grow
from ctxpipe.evals.suites.nolima import is_needle_file, nolima_samples
from ctxpipe.evals.suites.schema import SUITES, available_suites, load_suite, read_samples
from ctxpipe.evals.suites.twins.twins import NAME as TWINS
from ctxpipe.evals.suites.twins.twins import generate_twins
from ctxpipe.evals.types import Sample

GENERATED: Mapping[str, Callable[..., Iterator[Sample]]] = {
    **{name: partial(generate, name) for name in TASKS},
    TWINS: generate_twins,
}
"""Suites made in code, by name; each takes ``tokens``, ``limit``, ``seed`` and ``count_many``."""
DEFAULT_LENGTHS = (1000,)
DEFAULT_LIMIT = 50
"""Default number of items of a generated task."""

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*([kK]?)")


def parse_length(text: str) -> int:
    """Parse a length such as ``512`` or ``8k``; k is 1,000.

    Raises:
        UsageError: if it is not a length.
    """
    match = _LENGTH.fullmatch(text.strip())
    if not match:
        raise UsageError(f"{text!r} is not a length; write it like 512 or 8k")
    return round(float(match[1]) * (1000 if match[2] else 1))


def default_suites(data: Path | None) -> tuple[str, ...]:
    """All generated tasks, and the known sets that are in a data folder."""
    return (*GENERATED, *(available_suites(data) if data is not None else ()))


def check_suite(name: str, data: Path | None) -> None:
    """Refuse a suite that cannot be read.

    Raises:
        UnknownNameError: if it is not a task, public set or file, with the nearest names.
        UsageError: for a public set without a data folder, or an invalid ``hf:`` name.
        MissingExtraError: for a set on the Hub without ``datasets``.
    """
    if name.startswith(PREFIX):
        parse_hub_name(name)
        return
    if name in GENERATED or Path(name).exists():
        return
    if name not in SUITES:
        raise UnknownNameError("suite", name, [*GENERATED, *SUITES])
    if data is None:
        raise UsageError(f"the suite {name!r} is read from a folder; name it with --data")


def suite_samples(
    name: str,
    *,
    data: Path | None,
    limit: int | None,
    seed: int,
    lengths: Sequence[int] = (),
    count_many: CountMany,
) -> Iterator[Sample]:
    """Yield the items of a suite.

    Args:
        name: A generated task, a public set, a set on the Hub (``hf:...``), a file or folder in the JSONL schema or of
            LongBench or RULER, or a needle file of NoLiMa.
        data: Folder of the public sets.
        limit: Most items (at each length).
        seed: Seed for the choice of items and for generated tasks.
        lengths: Source tokens; by default ``DEFAULT_LENGTHS`` for generated tasks and needle files, and the unchanged
            contexts for other files. Passages of other items of the file are added to reach a length.
        count_many: Counts tokens as the target does.

    Raises:
        UnknownNameError, UsageError, MissingExtraError: as ``check_suite``.
        ReadError: if a file cannot be read, or the Hub cannot be reached.
    """
    check_suite(name, data)
    if name in GENERATED:
        for tokens in lengths or DEFAULT_LENGTHS:
            size = DEFAULT_LIMIT if limit is None else limit
            yield from GENERATED[name](tokens=tokens, limit=size, seed=seed, count_many=count_many)
        return
    if is_needle_file(Path(name)):
        yield from nolima_samples(
            Path(name), lengths=lengths or DEFAULT_LENGTHS, limit=limit, seed=seed, count_many=count_many
        )
        return
    chosen = list(_read(name, data, limit, seed))
    if lengths:
        chosen = list(grow(chosen, list(_read(name, data, None, seed)), lengths, seed=seed, count_many=count_many))
    yield from chosen


def _read(name: str, data: Path | None, limit: int | None, seed: int) -> Iterator[Sample]:
    if name.startswith(PREFIX):
        return hub_samples(name, limit=limit, seed=seed)
    if name in SUITES and data is not None:
        return load_suite(name, data, limit=limit, seed=seed)
    return read_samples(name, limit=limit, seed=seed)
