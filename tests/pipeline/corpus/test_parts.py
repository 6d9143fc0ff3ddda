"""Prepared documents that were stored and read again are those that were prepared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind
from ctxpipe.pipeline.corpus.parts import outline_in, outline_out

CONTENTS = """The harbour

Contents

1. Berths
2. Fees
3. Lamps
4. Tides

1. Berths

\u00a0\u00a0\u00a0\u00a0A berth is let for a year. It may be passed on.

2. Fees

A mooring costs 54 euros.

3. Lamps

The lamp is lit at dusk.

4. Tides

The tide is read at noon.
"""
LINES = st.sampled_from([*CONTENTS.split("\n"), "{", "}", '"a": 1', "a,b", "| a | b |", "# Fees", "- [Fees](#fees)"])


def check(document: Document) -> None:
    made = outline(document)
    again = outline_in(outline_out(made), document)
    units = made.units(0, len(document.text))
    assert again.units(0, len(document.text)) == units
    assert [again.trail(unit) for unit in units] == [made.trail(unit) for unit in units]
    assert outline_out(again) == outline_out(made)


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_lists_of_contents_stay_noise(kind: Kind) -> None:
    document = Document(text=CONTENTS, source="x", kind=kind)
    assert any(unit.noise for unit in outline(document).units(0, len(CONTENTS)))
    check(document)


@pytest.mark.parametrize("kind", ["text", "markdown", "html", "pdf", "json", "csv", "code"])
@given(lines=st.lists(LINES, max_size=25))
@settings(max_examples=50)
def test_any_text_of_any_kind(kind: Kind, lines: list[str]) -> None:
    check(Document(text="\n".join(lines), source="x", kind=kind))
