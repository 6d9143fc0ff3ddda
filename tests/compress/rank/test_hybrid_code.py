"""How the fusion ranks code: by functions, not by lines alone."""

from __future__ import annotations

import numpy as np

from ctxpipe.compress.learned.scores import placed
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.types import Kind, RankingText

FUNCTIONS = {
    "mooring_fee": ["'''Compute what a boat pays for a mooring.'''", "base = RATES[size]", "return base * nights"],
    "open_gate": ["'''Open the gate of the lock.'''", "base = GATES[name]", "return base * turns"],
    "paint": ["'''Paint the buoy in its colour.'''", "base = PAINTS[tint]", "return base * layers"],
}


def ranked(kind: Kind, headings_of: dict[str, tuple[str, ...]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Scores of all lines, shape (functions, lines); each line is a passage of its own."""
    texts = [
        RankingText(text=line, headings=headings_of[name], group=3 * i + j, kind=kind)
        for i, (name, lines) in enumerate(FUNCTIONS.items())
        for j, line in enumerate(lines)
    ]
    return HybridRanker().rank(texts, "How is it computed what boats pay for a mooring?").reshape(3, 3)


def test_the_lines_of_a_function_share_what_it_says() -> None:
    trails = {name: ("ports", f"def f{i}") for i, name in enumerate(FUNCTIONS)}
    code, prose = ranked("code", trails), ranked("text", trails)
    assert code[0].min() > code[1:].max() + 1
    assert prose[0].min() < prose[1:].max() + 0.1


def test_what_the_model_cannot_read_keeps_its_distance() -> None:
    total = np.array([2.0, 1.0, 0.0, np.nan, np.nan, np.nan])
    fusion = np.array([1.0, 0.5, 0.0, 4.0, 3.0, -2.0])
    scores = placed(total, fusion, np.zeros(6, dtype=np.bool_))
    np.testing.assert_allclose(scores[3:], [8.0, 6.0, -4.0])
