"""Headings with Roman numbers."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.prose.roman import roman_headings


@pytest.mark.parametrize("head", ["{}", "{}.", "{}. The Song of {}", "    {}", "{} – Of Tides"])
def test_parts_with_roman_numbers_stand_above_their_text(head: str) -> None:
    text = "".join(f"{head.format(n, n)}\n\nThe gull\nwas {k} years old.\n\n" for k, n in enumerate(("I", "II", "III")))
    assert above(text, "was 1 years") == [head.format("II", "II").strip()]


@pytest.mark.parametrize(
    "text", ["I\n\nam here.\n\nV\n\nis five.\n", "I. One\n\nII. Two\n\nIII. Three\n", "I saw\n\nit.\n"]
)
def test_letters_and_lists_are_none(text: str) -> None:
    assert roman_headings(text) == []
