"""Numbers of list items as HTML and OpenDocument count them: in digits, letters or Roman numbers."""

from __future__ import annotations

import string

from ctxpipe.pipeline.readers.roman import roman

_MOST_ROMAN = 3999


def list_number(number: int, style: str) -> str:
    """A number in the style ``1``, ``a``, ``A``, ``i`` or ``I``; in digits where the style has none for it."""
    if style in ("a", "A") and number > 0:
        shown = _letters(number)
    elif style in ("i", "I") and 0 < number <= _MOST_ROMAN:
        shown = roman(number)
    else:
        return str(number)
    return shown.upper() if style.isupper() else shown


def _letters(number: int) -> str:
    shown = ""
    while number:
        number, letter = divmod(number - 1, 26)
        shown = string.ascii_lowercase[letter] + shown
    return shown
