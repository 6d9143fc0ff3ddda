"""Roman numbers, as lists are counted in."""

from __future__ import annotations

_SIGNS = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


def roman(count: int) -> str:
    """A count from 1 on as a Roman number in small letters."""
    written = ""
    for worth, letters in _SIGNS:
        times, count = divmod(count, worth)
        written += letters * times
    return written
