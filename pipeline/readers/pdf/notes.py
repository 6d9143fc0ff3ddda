"""What the user must know of how a PDF was read."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_RANGES = 12


def unread_note(pages: Sequence[int], total: int) -> str:
    """One line about pages without text.

    Args:
        pages: Their numbers, from 1, ascending.
        total: Number of pages.
    """
    what = (
        f"no text on page {pages[0]}"
        if len(pages) == 1
        else f"no text on {len(pages)} of {total} pages: {_ranges(pages)}"
    )
    return f"{what} (scanned?); run text recognition on {'it' if len(pages) == 1 else 'them'} first"


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
