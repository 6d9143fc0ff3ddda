"""Any valid JSON stays valid; chat messages and tools lose nothing but the inside of long texts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import prose

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker, FakeScorer
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.text import json_tree
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
    assert json_tree.is_json(kept)
    assert len(kept) < len(text)


@pytest.mark.parametrize(
    "inside",
    ["1 2", '"a":1', "{1:2}", "{,}", '{"a"}', "[1,]", "[,1]", "01", "nul", '"\t"', '"\\x"', "}", '{"a":1,}', "1]["],
)
def test_deep_text_that_is_no_json_is_told(inside: str) -> None:
    assert not json_tree.is_json("[" * 30_000 + inside + "]" * 30_000)
    assert not json_tree.is_json("[" * 30_000 + "1" + "]" * 30_000 + inside)


TOOL = {
    "type": "function",
    "function": {
        "name": "find_copper_market",
        "description": prose(12, 3),
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "town": {"type": "string", "enum": ["Skellig " * 20, "Hale"], "description": prose(6, 4)},
                "description": {"type": "string", "default": prose(4, 9)},
                "year": {"type": "integer", "minimum": 1900},
            },
            "required": ["town", "year"],
            "additionalProperties": False,
        },
    },
}
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "You sell copper. " + prose(3, 1)},
    {"role": "user", "name": "ann_1", "content": [{"type": "text", "text": prose(30, 5)},
                                                   {"type": "image_url", "image_url": {"url": "data:," + "x" * 300}}]},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call_9f", "type": "function", "function": {"name": "find", "arguments": json.dumps({"q": prose(3)})}}]},
    {"role": "tool", "tool_call_id": "call_9f", "content": prose(40, 6)},
    {"role": "user", "content": "Which market?"},
]  # fmt: skip


def without_texts(value: Any, kept: Any) -> tuple[Any, Any]:
    """Both with the texts of the first masked, and the same places of the second."""
    if isinstance(value, dict):
        pairs = {key: without_texts(value[key], kept[key]) for key in value}
        return {k: a for k, (a, _) in pairs.items()}, {k: b for k, (_, b) in pairs.items()}
    if isinstance(value, list):
        pairs_list = [without_texts(a, b) for a, b in zip(value, kept, strict=True)]
        return [a for a, _ in pairs_list], [b for _, b in pairs_list]
    if isinstance(value, str) and isinstance(kept, str) and len(value) > json_tree.LONG_STRING - 2 and value != kept:
        words, left = value.split(), iter(value.split())
        assert all(word in left for word in kept.split()), (words, kept)
        return "...", "..."
    return value, kept


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("prune", ["none", "random", "head-tail", "fake"])
@pytest.mark.parametrize(
    "whole", [MESSAGES, {"model": "m", "messages": MESSAGES, "tools": [TOOL], "temperature": 0.5}, [TOOL, TOOL]],
    ids=["messages", "request", "tools"],
)  # fmt: skip
def test_only_long_texts_of_messages_and_tools_are_cut(whole: Any, prune: str, indent: int | None) -> None:
    text = json.dumps(whole, indent=indent)

    def emptied(o: dict[str, Any]) -> dict[str, Any]:
        free = ("content", "text", "description") if o.get("role") != "system" else ()
        return {k: "" if k in free and isinstance(v, str) and len(v) > 80 else v for k, v in o.items()}

    frame = json.loads(text, object_hook=emptied)
    tokens = TargetTokenizer.load("smollm2-135m").count(json.dumps(frame, indent=indent))
    context = compress(text, tokens + 60, prune, QUESTION)
    assert context.notes == ()
    assert context.kept_tokens < context.source_tokens
    expected, found = without_texts(whole, json.loads(context.text))
    assert found == expected
    messages = json.loads(context.text)
    messages = messages if isinstance(messages, list) else messages["messages"]
    if "role" in messages[0]:
        assert messages[0] == MESSAGES[0]
        assert messages[1]["content"][1] == MESSAGES[1]["content"][1]
        assert messages[2] == MESSAGES[2]


def test_what_is_fixed_in_a_schema_is_never_cut() -> None:
    context = compress(json.dumps({"tools": [TOOL]}), 330, "random")
    kept = json.loads(context.text)["tools"][0]["function"]
    whole = TOOL["function"]
    assert kept["parameters"]["properties"]["town"]["enum"] == whole["parameters"]["properties"]["town"]["enum"]
    assert kept["parameters"]["properties"]["description"] == whole["parameters"]["properties"]["description"]
    assert kept["parameters"]["required"] == ["town", "year"]
    assert len(kept["description"]) < len(whole["description"])


def test_too_small_a_budget_leaves_out_whole_messages() -> None:
    messages = [MESSAGES[0], *({"role": "user", "name": f"ann_{i}", "content": prose(8, i)} for i in range(30))]
    context = compress(json.dumps(messages), 300, "none")
    kept = json.loads(context.text)
    assert 1 < len(kept) < len(messages)
    assert kept[0] == MESSAGES[0]
    assert all(list(message) == ["role", "name", "content"] for message in kept[1:])
    assert kept[-1]["name"] == "ann_29"
    (note,) = context.notes
    assert re.fullmatch(
        r"the budget of 300 tokens has no room for the frames of 30 messages or tools; \d+ of them were left out", note
    )


def test_not_even_one_frame_fits() -> None:
    context = compress(json.dumps({"messages": MESSAGES}), 12)
    assert "no room for the frame" in context.notes[0]
    if context.text:
        json.loads(context.text)


def test_conversations_a_line_each() -> None:
    lines = [{"messages": [{"role": "user", "content": prose(9, i)}, {"role": "assistant", "content": "ok"}]}
             for i in range(6)]  # fmt: skip
    kept = compress("\n".join(map(json.dumps, lines)), 400, "random").text.split("\n")
    assert len(kept) == 6
    for line in map(json.loads, kept):
        assert [m["role"] for m in line["messages"]] == ["user", "assistant"]
        assert line["messages"][1]["content"] == "ok"


@pytest.mark.parametrize(
    "data",
    [
        [{"role": "admin", "content": prose(9)}] * 9,
        [{"name": "stone", "note": prose(9)}] * 9,
        {"messages": [{"text": prose(9)}] * 9},
        [{"role": "user", "content": prose(9)}, {"id": 3, "note": prose(60)}],
    ],
)
def test_data_of_other_shapes_loses_members(data: Any) -> None:
    nodes = json_tree.scan(json.dumps(data))
    from ctxpipe.compress.text.chat import mark_frames

    mark_frames(json.dumps(data), nodes)
    assert not any(node.fixed for node in nodes)


def test_a_long_string_alone_is_json() -> None:
    kept = compress(json.dumps(prose(50)), 100, "random")
    assert 98 <= kept.kept_tokens <= 100
    assert isinstance(json.loads(kept.text), str)
