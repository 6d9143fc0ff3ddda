"""Pieces of HTML: escaped text, numbers, tables."""

from __future__ import annotations

import html
from collections.abc import Sequence

_PICTURES = (
    {code: 0x2400 + code for code in range(32) if code not in (9, 10, 13)}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
)


def esc(text: str) -> str:
    """Text escaped for HTML and its attributes; control characters, which HTML forbids, become symbols."""
    return html.escape(text.translate(_PICTURES))


def signed(value: float, *, plus: bool = True) -> str:
    """A number with a true minus sign; without trailing zeros unless ``plus``."""
    text = f"{round(value, 3) + 0.0:+.3f}" if plus else f"{value:.10g}"  # adding 0 turns -0 into 0
    return text.replace("-", "−")


def number(value: float | None, digits: int = 3) -> str:
    """A number, or a dash."""
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def percent(value: float | None) -> str:
    """A share, or a dash."""
    return "–" if value is None else f"{value:.1%}"


def interval(value: float, limits: tuple[float, float], *, plus: bool = False) -> str:
    """A value and its interval."""
    shown = signed(value) if plus else number(value)
    low, high = (signed(limit) if plus else number(limit) for limit in limits)
    return f"{shown} <small>[{low}, {high}]</small>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of HTML cells; it scrolls if it is wider than the page."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    return f'<div class="wide" tabindex="0"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
