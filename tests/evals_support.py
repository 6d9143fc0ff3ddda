"""Lines of record files as the tests of comparisons make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Lines = list[dict[str, Any]]


def arm(scores: Sequence[float | None], *, clusters: int = 0, name: str = "survival", **fields: Any) -> Lines:
    """One line an item, each its own cluster unless ``clusters`` says how many there are; None is an error."""
    lines: Lines = []
    for i, score in enumerate(scores):
        line: dict[str, Any] = {"id": f"q{i}", "cluster": f"c{i % clusters if clusters else i}", **fields}
        lines.append(line | ({"status": "error", "error": "x"} if score is None else {name: score}))
    return lines


def table(both: int, a_only: int, b_only: int, neither: int) -> tuple[list[float], list[float]]:
    a = [1.0] * (both + a_only) + [0.0] * (b_only + neither)
    b = [1.0] * both + [0.0] * a_only + [1.0] * b_only + [0.0] * neither
    return a, b
