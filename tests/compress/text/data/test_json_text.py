"""Any valid JSON stays valid."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import prose

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker, FakeScorer
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.text.data import json_tree
from ctxpipe.compress.types import CompressedContext, Document
from ctxpipe.models.tokenizer import TargetTokenizer

QUESTION = "Which market sold copper?"
SPACE = st.text(alphabet=" \t\r\n", max_size=3)
STRINGS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "\ud83d\ude00" * 60,
            "\ud83d",
            "a\\" * 50,
            '"' * 90,
            "\u2028\u0000\x7f",
            "河" * 100,
            "x" * 400,
            "https://a.b/" * 9,
        ]
    ),
    st.just("He did not sell 3,000 kg of stone. " * 12),
)
SCALARS = st.one_of(
    st.none().map(lambda _: "null"),
    st.booleans().map(json.dumps),
    st.integers().map(str),
    st.sampled_from(["-0", "1e999", "-1.5E-3", "9" * 5000, "0.10"]),
    st.tuples(STRINGS, st.booleans()).map(lambda made: json.dumps(made[0], ensure_ascii=made[1])),
)


def _array(made: list[tuple[str, str]]) -> str:
    return "[" + ",".join(f"{space}{value}{space}" for value, space in made) + "]"


def _object(made: list[tuple[str, str, str]]) -> str:
    # Built as text, so that a key may come twice and space may stand anywhere.
    return "{" + ",".join(f"{space}{json.dumps(key)}{space}:{space}{value}" for key, value, space in made) + "}"


JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(st.tuples(inner, SPACE), max_size=5).map(_array)
        | st.lists(st.tuples(st.sampled_from(["a", "a", 'k"\\', "", "role", "name"]), inner, SPACE), max_size=5).map(
            _object
        )
    ),
    max_leaves=20,
)


def parsed(text: str) -> Any:
    return json.loads(text, parse_int=str)


def is_valid(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def compress(text: str, budget: int, prune: str = "fake", question: str | None = None) -> CompressedContext:
    tokenizer = TargetTokenizer.load("smollm2-135m")
    scorer = FakeScorer() if prune == "fake" else SCORERS.create(prune)
    made = Compressor(tokenizer=tokenizer, ranker=FakeRanker(), scorer=scorer, rank="fake", prune=prune)
    context = made.compress([Document(text=text, kind="json", source="a.json")], question=question, budget=budget)
    assert tokenizer.count(context.text) == context.kept_tokens <= budget
    return context


@settings(max_examples=25)
@given(JSON, st.integers(1, 200), st.sampled_from(["none", "random", "fake"]))
def test_valid_json_stays_valid(text: str, budget: int, prune: str) -> None:
    kept = compress(text, budget, prune).text
    assert kept == "" or is_valid(kept)


@settings(max_examples=12)
@given(st.lists(JSON.filter(lambda text: "\n" not in text), min_size=1, max_size=5), st.integers(1, 150))
def test_valid_json_lines_stay_valid(lines: list[str], budget: int) -> None:
    text = "\n".join(lines).replace("\r", " ")
    if not json_tree.is_json(text):
        return  # numbers alone, which are text
    kept = compress(text, budget, "random").text
    assert [line for line in kept.split("\n") if line.strip() and not is_valid(line)] == []


@pytest.mark.parametrize("text", ["[" * 30_000 + "1" + "]" * 30_000, '{"a":' * 5000 + "[]" + "}" * 5000])
def test_nesting_beyond_the_interpreters_stack_stays_balanced(text: str) -> None:
    assert json_tree.is_json(text)
    kept = compress(text, 60).text
    assert kept == "" or json_tree.is_json(kept)
    assert len(kept) < len(text)


@pytest.mark.parametrize(
    "inside",
    ["1 2", '"a":1', "{1:2}", "{,}", '{"a"}', "[1,]", "[,1]", "01", "nul", '"\t"', '"\\x"', "}", '{"a":1,}', "1]["],
)
def test_deep_text_that_is_no_json_is_told(inside: str) -> None:
    assert not json_tree.is_json("[" * 30_000 + inside + "]" * 30_000)
    assert not json_tree.is_json("[" * 30_000 + "1" + "]" * 30_000 + inside)


def test_a_long_string_alone_is_json() -> None:
    kept = compress(json.dumps(prose(50)), 100, "random")
    assert 98 <= kept.kept_tokens <= 100
    assert isinstance(json.loads(kept.text), str)
