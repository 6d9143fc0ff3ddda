"""Tables that JSON holds by column keep whole rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker
from ctxpipe.compress.rank.bm25 import BM25Ranker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.models.tokenizer import TargetTokenizer

CELLS = st.one_of(st.integers(-999, 999), st.text("abcdefgh ", min_size=4, max_size=30), st.none(), st.booleans())
ROWS = [(f"Station {i}", 100 + i, f"2025-11-{1 + i % 28:02}") for i in range(80)]
NAMES, VOLTS, DATES = (list(column) for column in zip(*ROWS, strict=True))


def kept(value: Any, budget: int, question: str | None = None) -> Any:
    """What is kept of JSON; None for nothing."""
    rank = "fake" if question is None else "bm25"
    made = Compressor(
        tokenizer=TargetTokenizer.load("smollm2-135m"),
        ranker=FakeRanker() if question is None else BM25Ranker(),
        scorer=SCORERS.create("none"),
        rank=rank,
        prune="none",
    )
    document = Document(text=json.dumps(value, indent=1), source="a.json", kind="json")
    context = made.compress([document], question=question or "Which station?", budget=budget)
    return json.loads(context.text) if context.text else None


def rows(table: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    """Rows of a table by column; the columns must be of one length."""
    return list(zip(*table.values(), strict=True))


@settings(max_examples=20)
@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELLS] * (width + 1)), min_size=3, max_size=60)),
    st.integers(30, 400),
)
def test_a_row_is_kept_in_all_columns_or_in_none(table: list[tuple[Any, ...]], budget: int) -> None:
    table = [(f"row {i}", *row) for i, row in enumerate(table)]
    found = kept({f"c{i}": list(column) for i, column in enumerate(zip(*table, strict=True))}, budget)
    if found:
        assert len(found) == len(table[0])
        left = rows(found)
        assert left == [row for row in table if row in left]


def test_the_row_that_is_asked_for_is_kept_with_its_values() -> None:
    found = kept({"name": NAMES, "volts": VOLTS, "seen": DATES}, 120, "What are the volts of Station 37?")
    assert ROWS[37] in rows(found)
    assert len(found["name"]) < 10


def test_columns_of_a_chart_are_in_objects_of_their_own() -> None:
    lines = [{"label": "Mains", "data": VOLTS}, {"label": "Reserve", "data": [volts - 3 for volts in VOLTS]}]
    chart = {"type": "bar", "data": {"labels": NAMES, "datasets": lines}}
    found = kept(chart, 150, "What are the volts of Station 37?")["data"]
    mains, reserve = found["datasets"]
    assert ("Station 37", 137, 134) in zip(found["labels"], mains["data"], reserve["data"], strict=True)
    assert (mains["label"], reserve["label"]) == ("Mains", "Reserve")


def test_short_columns_are_kept_together() -> None:
    table = {"name": NAMES[:12], "volts": VOLTS[:12]}
    for budget in range(40, 200, 20):
        found = kept({**table, "note": ["It was calm at sea and nothing came. " * 9] * 2}, budget, "volts?")
        assert not found or "volts" not in found or found["name"] == table["name"]


def test_rows_stand_under_the_names_of_their_columns() -> None:
    table = {"columns": ["name", "volts", "seen"], "data": ROWS}
    for budget in range(60, 300, 40):
        found = kept(table, budget, "What is known of Station 37?")
        assert not found or found["columns"] == table["columns"]
    assert list(ROWS[37]) in found["data"]


def test_a_long_text_is_kept_with_its_row() -> None:
    texts = [f"{name} stands on a hill. " + "The crew went home by the old road. " * 12 for name in NAMES]
    found = kept({"ids": NAMES, "texts": texts, "pages": VOLTS}, 400, "Where does Station 37 stand?")
    assert ("Station 37", texts[37], 137) in rows(found)


@pytest.mark.parametrize("other", [VOLTS[:-1], [[volts] for volts in VOLTS], ["x" * 3000, *VOLTS[1:]]])
def test_arrays_that_are_no_columns_are_cut_alone(other: list[Any]) -> None:
    text = json.dumps({"name": NAMES, "other": other})
    array = text.index("[", text.index('"other"'))
    units = outline(Document(text=text, source="a.json", kind="json")).units(0, len(text))
    assert not [unit for unit in units if unit.start > array and unit.parent < text.index('"other"')]
