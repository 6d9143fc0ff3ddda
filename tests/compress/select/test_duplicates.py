"""What units lose since others say the same."""

from __future__ import annotations

import numpy as np
import pytest

from ctxpipe.compress.select.bonus import leads
from ctxpipe.compress.select.duplicates import repetition
from ctxpipe.compress.select.pool import Candidates, candidates_of
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Chunk, Document

TEXTS = [f"A berth costs {price} francs." for price in (31, 45, 52)]


@pytest.mark.parametrize("scores", [(3.0, 1.0, 0.0), (0.0, 1.0, 3.0), (1.0, 3.0, 0.0)])
def test_twins_of_what_the_question_names_lose_most_whatever_they_scored(scores: tuple[float, ...]) -> None:
    documents = [Document(text=text, source=f"{at}.txt") for at, text in enumerate(TEXTS)]
    candidates = Candidates(
        units=[Unit(0, len(text), "sentence") for text in TEXTS],
        document=[0, 1, 2],
        passage=[0, 1, 2],
        passages=[
            Chunk(document=at, start=0, end=len(text), kind="text", headings=()) for at, text in enumerate(TEXTS)
        ],
        score=np.array(scores, dtype=np.float32),
    )
    loss = repetition(documents, candidates, np.array([0, 1, 0], dtype=np.float32))
    assert loss[1] == 0
    assert min(loss[0], loss[2]) >= 3


@pytest.mark.parametrize("between", ["\n\n", " "])
def test_twins_in_prose_are_told_apart_by_what_is_said_before_them(between: str) -> None:
    names = ("North", "South", "West", "East")
    text = between.join(f"The pier of {name} is long. A berth costs {at} francs." for at, name in enumerate(names))
    document = Document(text=text, source="a.txt")
    ranked = candidates_of([outline(document)], [Chunk(document=0, start=0, end=len(text), kind="text", headings=())])
    ranked = Candidates(
        units=ranked.units,
        document=ranked.document,
        passage=ranked.passage,
        passages=ranked.passages,
        score=np.arange(len(ranked.units), dtype=np.float32),
    )
    named = leads([document], ranked, "What does a berth cost in the South?")
    loss = repetition([document], ranked, None, named)
    costs = {text[u.start : u.end]: float(lost) for u, lost in zip(ranked.units, loss, strict=True)}
    assert costs["A berth costs 1 francs."] == 0
    assert all(costs[f"A berth costs {at} francs."] >= 3 for at in (0, 2, 3))
