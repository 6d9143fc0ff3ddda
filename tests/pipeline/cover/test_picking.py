"""Lists and numbers for small targets: the sentences that stand out, and when none do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Document, Pipeline
from ctxpipe.pipeline.cover.picking import GAP, UNLIKELY, standing_out
from ctxpipe.serving.fake import FakeEngine

NAMES = ("Larkmoor granary", "Eastholm mill", "Calder library", "Varley archive")
FILLER = "The clerk of Penrose repaired the fence behind the chapel on a windy morning."


class SmallEngine(FakeEngine):
    """Reads little well, and says of everything that there is nothing."""

    well_read = 600


def report() -> Document:
    sold = [f"The {place} depot was sold that year." for place in ("Dunmere", "Oakhaven")]
    parts = [f"{FILLER} The {name} was insured that year. {FILLER}" for name in NAMES]
    return Document(text="\n\n".join([*parts, *sold, FILLER]), source="report.txt")


def test_the_list_of_a_small_target_is_of_the_sentences_that_stand_out() -> None:
    engine = SmallEngine("nothing")
    document = report()
    run = Pipeline(target=engine, score_cache=0, max_tokens=200).cover(
        document, question="List every building that was insured.", window=100
    )
    lines = run.answer.text.splitlines()
    assert len(lines) == len(NAMES)
    assert all(name in line for name, line in zip(NAMES, lines, strict=True))
    assert [c.text for c in run.citations] == [f"The {name} was insured that year." for name in NAMES]
    assert engine.calls == []
    assert "4 sentences stand out by the learned ranking; the target was not asked for the entries" in run.context.notes


def test_their_number_is_given_to_the_target() -> None:
    engine = SmallEngine("There were 4.")
    run = Pipeline(target=engine, score_cache=0, max_tokens=200).cover(
        report(), question="How many buildings were insured?", window=100
    )
    (call,) = engine.calls
    assert "They hold 4 such entries" in call.messages[-1].content
    assert run.answer.text == "There were 4."


@pytest.mark.parametrize("text", [f"{FILLER} " * 40, "x = 1\n" * 40])
def test_where_nothing_stands_out_windows_are_read(text: str) -> None:
    engine = SmallEngine("nothing")
    Pipeline(target=engine, score_cache=0, max_tokens=200).cover(
        Document(text=text), question="List every building that was insured.", window=100
    )
    assert any("Excerpts:" in call.messages[-1].content for call in engine.calls)


def test_a_target_that_reads_much_is_asked_for_every_window() -> None:
    engine = FakeEngine("nothing")
    Pipeline(target=engine, score_cache=0, max_tokens=200).cover(
        report(), question="List every building that was insured.", window=100
    )
    assert len(engine.calls) > 1


@given(st.lists(st.floats(-8, 2, width=32), max_size=30))
def test_what_stands_out_is_a_gap_above_the_rest(values: list[float]) -> None:
    logits = np.array(values, dtype=np.float32)
    count = standing_out(logits)
    assert count == 0 or 2 <= count <= len(values) / 2 + 1
    if count:
        ordered = np.sort(logits)[::-1]
        assert ordered[count - 1] - ordered[count] >= GAP
        assert ordered[count] <= UNLIKELY


def test_a_gap_among_likely_sentences_tells_nothing() -> None:
    rest = [-4.0] * 20
    assert standing_out(np.array([1.0, 0.9, *rest], dtype=np.float32)) == 2
    assert standing_out(np.array([1.0, 0.9, -0.4, -0.5, *rest], dtype=np.float32)) == 4
    assert standing_out(np.array([1.0, 0.9, -0.4, -0.9, -1.4, -2.0, -2.4, -3.0, *rest], dtype=np.float32)) == 0
    assert standing_out(np.array([1.0, *rest], dtype=np.float32)) == 0
