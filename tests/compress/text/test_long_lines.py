"""Lines of any length are read in a time that grows as they do."""

from __future__ import annotations

import time

import pytest
from units_support import check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

HEADS = ("", "# a", "=== a", "h1. a", "a: ", "Section 1 A")
RUNS = (" ", "\t", "=", "a", "a ", ". ", "\n", " \n", "[")
LENGTH = 30_000
SECONDS = 15.0
"""Of the processor, for all runs; where the time grows as the square of the length, one of them takes minutes."""


@pytest.mark.parametrize("kind", ["text", "markdown", "html", "csv"])
@pytest.mark.parametrize("tail", ["", "b"])
def test_a_long_run_takes_no_longer_than_its_length(kind: Kind, tail: str) -> None:
    started = time.process_time()
    for head in HEADS:
        for run in RUNS:
            text = f"{head}{run * (LENGTH // len(run))}{tail}\n"
            check_units(text, outline(Document(text=text, source="a", kind=kind)).units(0, len(text)))
    assert time.process_time() - started < SECONDS
