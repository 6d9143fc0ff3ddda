"""Rows of a table as Markdown."""

from __future__ import annotations


def table_lines(rows: list[list[str]]) -> list[str]:
    """Markdown rows, the first of them as the header; nothing for no rows."""
    if not rows:
        return []
    header = rows[0] + [""] * (max(map(len, rows)) - len(rows[0]))
    return [_row(header), _row(["---"] * len(header)), *map(_row, rows[1:])]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in cells)} |"
