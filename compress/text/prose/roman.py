"""Headings of text without markup that count with Roman numbers, as parts of stories and poems do."""

from __future__ import annotations

import itertools

import regex

from ctxpipe.compress.text.prose.heading import begins_paragraph
from ctxpipe.compress.text.prose.lines import LinePattern
from ctxpipe.compress.text.prose.named import Named

_LINE = LinePattern(
    regex.compile(
        r"""^[ \t]*+(?P<number>[IVXL]{1,7})(?:\.? | \.?[ \t]+(?:[-–—][ \t]+)?["“‘']?\p{Lu}[^\n]{1,70}?[^\s.,;:])
        [ \t]*$(?=\n[ \t]*\n)""",
        regex.MULTILINE | regex.VERBOSE,
    ),
    r"[ \t]*+[IVXL]{1,7}(?=[. \t\n])",
)
_TENS = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX")
_ONES = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
_NUMBERS = {tens + ones: 10 * i + k for i, tens in enumerate(_TENS) for k, ones in enumerate(_ONES) if tens + ones}


def roman_headings(text: str) -> list[Named]:
    """Lines alone that begin with Roman numbers, each the one after that of the line before, with text between."""
    found = [
        match for match in _LINE.finditer(text) if match["number"] in _NUMBERS and begins_paragraph(text, match.start())
    ]
    counted = [
        (a, b)
        for a, b in itertools.pairwise(found)
        if _NUMBERS[b["number"]] == _NUMBERS[a["number"]] + 1 and text[a.end() : b.start()].strip()
    ]
    starts = sorted({match.start(): match for pair in counted for match in pair}.items())
    return [_named(match) for _, match in starts]


def _named(match: regex.Match[str]) -> Named:
    words = match.group()
    start = match.start() + len(words) - len(words.lstrip())
    return Named(start, start + len(words.strip()), 0, " ".join(words.split()))
