"""Sources of Texinfo: chapters, sections, definitions and terms of tables."""

from __future__ import annotations

import pytest
from units_support import check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

MANUAL = """\\input texinfo
@node Moor
@chapter Mooring

@section Ropes

@table @option
@item --length @var{m}
At most 40 metres.
@item --old
Only in calm weather.
@end table

Ropes are free.

@deftypefn {Function} int moor (int @var{n})
Moors @var{n} boats. Gives 0 on success.
@end deftypefn

@enumerate
@item Ring the bell.
@end enumerate

@unnumbered Fees

Boats pay 40 crowns.
"""


def trails(text: str) -> dict[str, tuple[str, ...]]:
    made = outline(Document(text=text, source="x.texi"))
    units = made.units(0, len(text))
    check_units(text, units)
    return {text[u.start : u.end]: made.trail(u) for u in units}


def test_text_stands_under_chapter_section_and_term() -> None:
    made = trails(MANUAL)
    assert made["Only in calm weather."] == ("Mooring", "Ropes", "--old")
    assert made["Ropes are free."] == ("Mooring", "Ropes")
    assert made["Gives 0 on success."] == ("Mooring", "Ropes", "{Function} int moor (int @var{n})")
    assert made["Boats pay 40 crowns."] == ("Fees",)
    assert not any("Ring the bell." in trail for trail in made.values())


@pytest.mark.parametrize("line", ["@section of the quay", "@item rope", "@table of boats"])
def test_other_texts_with_these_signs_have_no_such_headings(line: str) -> None:
    made = trails(f"{line}\nThe quay is closed at night.\n\nBoats pay 40 crowns.\n")
    assert made["Boats pay 40 crowns."] == ()
