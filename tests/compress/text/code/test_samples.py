"""A small source in each language, and exactly the units that it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from units_support import check_units, outline

from ctxpipe.compress.text.code import code_units

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.txt"))


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_units_of_a_sample(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    units = code_units(text, path.stem)
    check_units(text, units)
    assert outline(text, units) == path.with_suffix(".units").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_line_ends_change_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    dos = text.replace("\n", "\r\n")
    units = code_units(dos, path.stem)
    check_units(dos, units)
    assert outline(dos, units).replace("\r", "") == path.with_suffix(".units").read_text(encoding="utf-8")
