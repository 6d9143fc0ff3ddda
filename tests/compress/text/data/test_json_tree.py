"""JSON stays JSON, whatever is dropped."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from character_tokenizer import Characters
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.arrays import BoolArray
from ctxpipe.compress.select.formats import Plain
from ctxpipe.compress.select.pieces import pieces_of
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.select.render import Layout, render
from ctxpipe.compress.text.control import neutralise
from ctxpipe.compress.text.counting import Estimates
from ctxpipe.compress.text.data import json_tree
from ctxpipe.compress.text.data.json_units import json_units
from ctxpipe.compress.text.outline import outline
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


def closed(kept: BoolArray, parent: np.ndarray) -> BoolArray:
    """Without what lacks something that it stands under, whichever comes first."""
    kept = kept.copy()
    while (bad := kept & (parent >= 0) & ~kept[parent]).any():
        kept[bad] = False
    return kept


@given(CONTAINERS, st.sampled_from([None, 1]), st.booleans(), st.integers(0, 2**32), st.booleans())
def test_any_closed_selection_of_units_is_valid_json(
    value: object, indent: int | None, ascii_only: bool, seed: int, cut: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = Document(text=text, kind="json")
    made = outline(document)
    units = made.units(0, len(text))
    candidates = Candidates(units=units, document=[0] * len(units), passage=[0] * len(units), passages=[])
    pieces = pieces_of([document], [made], candidates, Estimates(tokenizer=Characters()), cut=cut)
    trails = [made.trail(unit) for unit in pieces.units]
    layout = Layout(Plain(), [""], ())
    everything = render(pieces, np.ones(len(pieces), dtype=np.bool_), trails, layout)
    if units and json_tree.is_json(text):
        assert json.loads(everything.text) == json.loads(neutralise(text))
    draw = np.random.default_rng(seed)
    kept = closed(draw.random(len(pieces)) < 0.6, pieces.parent)
    kept = closed(kept, pieces.container)
    text_kept = render(pieces, kept, trails, layout).text
    if text_kept and json_tree.is_json(text):
        json.loads(text_kept)


@given(CONTAINERS)
def test_units_lie_in_order_and_apart(value: object) -> None:
    found = json_units(json.dumps(value))
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
