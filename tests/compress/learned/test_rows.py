"""Rows are laid out as in training, and together hold every token of a passage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import library, prose

from ctxpipe.compress.learned.model import LearnedModel
from ctxpipe.compress.learned.passages import FOREIGN, MARKS, PIECES, readable, shares

MIXED = st.lists(
    st.sampled_from(["river", "Café", "1,950", "stone.", "电视", "🙂", "naïve", "e-mail", "\n", "\u200b", "Ünal"]),
    max_size=40,
)


@pytest.fixture(scope="module")
def model(tiny_pruner: Path) -> LearnedModel:
    return LearnedModel.load(tiny_pruner / "float32")


@pytest.fixture(scope="module")
def trained(model: LearnedModel) -> Any:
    """The layout of training."""
    from training.examples import ExampleLayout
    from training.prepare import model_tokenizer

    return ExampleLayout(model_tokenizer())


@settings(max_examples=40)
@given(MIXED, MIXED, MIXED, st.booleans())
def test_rows_are_those_of_training(
    model: LearnedModel, trained: Any, question: list[str], title: list[str], text: list[str], second: bool
) -> None:
    from training.examples import QUESTION_TOKENS, SECOND_TOKENS

    asked, trail, body = " ".join(question * 4), " ".join(title), " ".join(text)
    layout = model.layout
    found = layout.asked(asked, again=second)
    encoded = layout.words.encode([body])[0]
    rows = list(layout.rows(found, layout.words.ids(trail), encoded.ids))
    limit = SECOND_TOKENS if second else QUESTION_TOKENS
    ids, start, begin = trained.row(asked, trail, body, limit=limit)
    if not len(encoded.ids):
        assert rows == []
        return
    (row,) = rows
    assert (row.ids.tolist(), row.second, row.body) == (ids, start, begin)
    assert list(zip(encoded.start.tolist(), encoded.end.tolist(), strict=True)) == trained.offsets(body)


@settings(max_examples=40)
@given(st.integers(0, 1500), st.integers(0, 128), st.integers(0, 60), st.integers(1, 90))
def test_windows_hold_every_token_once(model: LearnedModel, size: int, asked: int, title: int, sentence: int) -> None:
    layout = model.layout
    body = np.arange(2000, 2000 + size, dtype=np.int64)
    ends = (np.arange(size) % sentence) == sentence - 1
    head, trail = np.full(asked, 1996, dtype=np.int64), np.full(title, 1997, dtype=np.int64)
    rows = list(layout.rows(head, trail, body, ends))
    assert all(len(row.ids) <= layout.longest for row in rows)
    assert [i for row in rows for i in row.ids[row.body : -1].tolist()] == body.tolist()
    assert [row.first for row in rows] == [0, *(row.last for row in rows)][: len(rows)]
    assert all(row.ids[-1] == layout.words.sep == row.ids[row.second - 1] for row in rows)
    room = layout.longest - asked - min(title, layout.title) - 4
    assert len(rows) >= -(-size // room)
    if sentence <= 24:
        assert all(ends[row.last - 1] for row in rows[:-1])
        assert len(rows) <= -(-size // room) + 1


def test_special_tokens_in_a_text_are_characters(model: LearnedModel) -> None:
    words = model.layout.words
    for text in ("[SEP]", "a [CLS] b", "[UNK] [MASK] [PAD]"):
        ids = words.ids(text)
        assert not {words.cls, words.sep, 0, 100, 103} & set(ids.tolist())
        assert "".join(text.split()) == "".join(text[a:b] for a, b in zip(*words.encode([text])[0][1:], strict=True))


def test_halves_of_surrogate_pairs_are_read(model: LearnedModel) -> None:
    assert len(model.layout.words.ids("one \ud83d two")) >= 3


def test_prose_is_readable_and_other_things_are_not(model: LearnedModel) -> None:
    words = model.layout.words
    read = {name: shares(words.ids(d.text[:4000]), words) for name, d in library().items()}
    for name in ("chinese", "thai", "arabic", "emoji"):
        assert read[name].foreign >= FOREIGN, name
    for name in ("text", "pdf"):
        assert max(read[name]) < min(FOREIGN, MARKS, PIECES), name
    assert read["csv"].marks >= MARKS
    assert readable(words.ids(prose(5)), words)
    assert not readable(words.ids("Die Vorsitzende der Gewerkschaft erläuterte gestern ihre Zustimmung."), words)
    assert not readable(words.ids(""), words)
    assert not readable(words.ids("{}[]();:" * 5), words)
