"""Reading texts into rows, and token values into units."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.compress.prune.llmlingua2.compat_words import chunk_bounds
from ctxpipe.compress.prune.llmlingua2.config import ClassifierConfig
from ctxpipe.compress.prune.llmlingua2.reader import ClassifierReader
from ctxpipe.compress.prune.per_unit import per_unit
from ctxpipe.compress.text.cut import cut
from ctxpipe.compress.types import TokenScores


@given(st.lists(st.booleans(), max_size=200), st.integers(1, 30))
def test_rows_end_after_the_last_sentence_that_fits(ends: list[bool], limit: int) -> None:
    cuts = cut(len(ends), np.array(ends, dtype=np.bool_), limit).tolist()
    assert cuts[0] == 0
    assert cuts[-1] == len(ends)
    for a, b in itertools.pairwise(cuts):
        assert 0 < b - a <= limit
        if b < len(ends):
            later = [place for place in range(a, a + limit) if ends[place]]
            assert b == (later[-1] + 1 if later else a + limit)


@given(st.lists(st.booleans(), max_size=1400))
def test_upstream_chunks_hold_every_token_once(ends: list[bool]) -> None:
    tokens = ["." if end else "x" for end in ends]
    bounds = list(chunk_bounds(tokens, {"."}))
    assert [place for a, b in bounds for place in range(a, b)] == list(range(len(tokens)))
    assert all(b - a <= 511 for a, b in bounds)


@given(st.data())
def test_a_unit_has_the_mean_of_the_tokens_it_shares_characters_with(data: st.DataObject) -> None:
    edges = sorted(data.draw(st.sets(st.integers(0, 60), min_size=2, max_size=25)))
    if len(edges) % 2:
        edges.pop()
    start, end = np.array(edges[::2]), np.array(edges[1::2])
    values = np.array(data.draw(st.lists(st.floats(0, 1, width=32), min_size=len(start), max_size=len(start))))
    units = data.draw(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=12))
    left = np.array([a for a, _ in units], dtype=np.int64)
    right = np.array([a + size for a, size in units], dtype=np.int64)
    found = per_unit(TokenScores(start=start, end=end, values=values.astype(np.float32)), left, right)
    assert found.dtype == np.float32
    for a, b, value in zip(left, right, found, strict=True):
        mine = values[(start < b) & (end > a)]
        if len(mine):
            assert value == pytest.approx(mine.mean(), abs=1e-6)
        else:
            beside = [*values[end <= a][-1:], *values[start >= b][:1]]
            assert value == pytest.approx(np.mean(beside), abs=1e-6)


def test_units_of_a_text_without_tokens_have_a_score() -> None:
    none = TokenScores(start=np.zeros(0, np.int64), end=np.zeros(0, np.int64), values=np.zeros(0, np.float32))
    assert per_unit(none, np.array([0, 4]), np.array([3, 5])).tolist() == [0, 0]


@pytest.fixture(scope="module", params=["bert", "xlmr", "modernbert"])
def reader(request: pytest.FixtureRequest) -> ClassifierReader:
    return ClassifierReader.load(ClassifierConfig.describe(str(request.getfixturevalue(request.param))))


def test_special_tokens_in_a_text_are_its_characters(reader: ClassifierReader) -> None:
    frame = {*reader.begin.tolist(), *reader.finish.tolist()}
    assert len(reader.begin) == len(reader.finish) == 1
    for text in ("a [SEP] b [CLS] c [PAD] d", "a </s> b <s> c <pad> d"):
        (tokens,) = reader.read([text])
        assert not frame & set(tokens.ids.tolist())


def test_tokens_ascend_inside_the_text_and_rows_hold_them_all(reader: ClassifierReader, texts: list[str]) -> None:
    read = reader.read([*texts, "", "\ud800 half a pair", "👩‍👩‍👧‍👦🏽"])
    for text, tokens in zip(texts, read, strict=False):
        assert (np.diff(tokens.start) >= 0).all()
        assert (np.diff(tokens.end) >= 0).all()
        assert tokens.end[-1] <= len(text)
        rows = reader.rows(tokens, reader.cuts(text, tokens))
        assert max(map(len, rows)) <= 512
        inner = [row[len(reader.begin) : len(row) - len(reader.finish)] for row in rows]
        assert np.array_equal(np.concatenate(inner), tokens.ids)
    assert len(read[len(texts)].ids) == 0


def test_a_row_ends_at_a_line_or_sentence(reader: ClassifierReader) -> None:
    text = "one two three four five six seven\n" * 120
    (tokens,) = reader.read([text])
    cuts = reader.cuts(text, tokens)
    assert len(cuts) > 2
    for place in cuts[1:-1].tolist():
        assert text[int(tokens.end[place - 1]) - 1 :].lstrip("n")[0] == "\n"


def test_the_window_leaves_room_for_positions_before_the_first(xlmr: Path, bert: Path, modernbert: Path) -> None:
    assert [ClassifierConfig.describe(str(place)).window for place in (xlmr, bert, modernbert)] == [512, 512, 512]
