"""What the user must know of how a PDF was read."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_RANGES = 12


def scans_note(scanned: Sequence[int], total: int, *, recognised: bool, empty: Sequence[int] = ()) -> str:
    """One line about pages without a text layer.

    Args:
        scanned: Their numbers, from 0, ascending.
        total: Number of pages.
        recognised: Whether they were read by text recognition.
        empty: Those on which it found no text.
    """
    one = len(scanned) == 1
    numbers = f"{'page' if one else 'pages'} {_ranges([at + 1 for at in scanned])}"
    if recognised:
        none = f"; no text found on {_ranges([at + 1 for at in empty])}" if empty else ""
        return f"read by text recognition, which may err: {numbers}{none}"
    where = numbers if one else f"{len(scanned)} of {total} {numbers.replace(' ', ': ', 1)}"
    return f"no text on {where} (scanned?); install ctxpipe[ocr] to read {'it' if one else 'them'}"


def _ranges(pages: Sequence[int]) -> str:
    """Numbers as ``3, 7-9``."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:_MOST_RANGES]]
    return ", ".join(shown + (["..."] if len(runs) > _MOST_RANGES else []))
