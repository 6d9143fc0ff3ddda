"""JSON stays JSON, whatever is dropped."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.arrays import BoolArray
from ctxpipe.compress.select.render import merge, render
from ctxpipe.compress.text import json_tree
from ctxpipe.compress.text.units import build_units
from ctxpipe.compress.types import Document

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.just("Long text. " * 40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=25,
)
CONTAINERS = st.lists(VALUES, max_size=5) | st.dictionaries(st.text(max_size=8), VALUES, max_size=5)


class OneEach:
    """A tokenizer that counts characters."""

    def count_many(self, texts: list[str]) -> np.ndarray:
        return np.array([len(text) for text in texts], dtype=np.int64)

    def starts_many(self, texts: list[str]) -> list[np.ndarray]:
        return [np.arange(len(text)) for text in texts]


def closed(kept: BoolArray, parent: np.ndarray) -> BoolArray:
    kept = kept.copy()
    for index in range(len(kept)):
        if parent[index] >= 0 and not kept[parent[index]]:
            kept[index] = False
    return kept


@given(CONTAINERS, st.sampled_from([None, 1]), st.booleans(), st.integers(0, 2**32), st.booleans())
def test_any_closed_selection_of_units_is_valid_json(
    value: object, indent: int | None, ascii_only: bool, seed: int, fine: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = Document(text=text, kind="json")
    nodes = json_tree.scan(text)
    pool = json_tree.segments(text, nodes)
    cut = frozenset(range(len(pool))) if fine else frozenset()
    units = build_units(document, nodes, pool, OneEach(), whole=16, fine=cut)
    everything = render(merge([document], [(0, units, 0)]), np.ones(len(units), dtype=np.bool_))
    assert json.loads(everything.text) == value
    draw = np.random.default_rng(seed)
    kept = closed(draw.random(len(units)) < 0.6, units.parent)
    text_kept = render(merge([document], [(0, units, 0)]), kept).text
    if text_kept:
        json.loads(text_kept)


@given(CONTAINERS)
def test_segments_lie_in_order_and_apart(value: object) -> None:
    text = json.dumps(value)
    found = json_tree.segments(text, json_tree.scan(text))
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", True),
        ("[1]", True),
        ('{"a":1}\n{"b":2}\n', True),
        ("12", False),
        ("{a:1}", False),
        ("", False),
        ("{", False),
    ],
)
def test_json_is_told_from_text(text: str, expected: bool) -> None:
    assert json_tree.is_json(text) is expected


def test_deep_nesting_is_read_and_too_deep_is_text() -> None:
    deep = "[" * 500 + "]" * 500
    assert json_tree.is_json(deep)
    assert len(json_tree.scan(deep)) == 500
    assert not json_tree.is_json("[" * 200_000)


def test_paths_name_the_keys_above() -> None:
    nodes = json_tree.scan('{"a": {"b": [{"c": 1}]}}')
    assert nodes[-1].path == "a.b.c"
