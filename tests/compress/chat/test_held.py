"""Texts in the JSON that tools give back: cut as files and outputs are, and the JSON stays JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Pipeline
from ctxpipe.compress.chat.held import cut_held

LOG = (
    "".join(f"PASS tests/fare_{at}.js\n" for at in range(60))
    + "\nFAIL tests/truro.js\n    Expected: 31\n    Received: 45\n"
)
ASKED = "What did the truro test expect and receive?"


def given_back(content: str) -> str:
    chat = [
        {"role": "user", "content": "Run the tests."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "run", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": content},
        {"role": "assistant", "content": "They ran."},
        {"role": "user", "content": ASKED},
    ]
    made = Pipeline(rank="bm25").compress_messages(chat, budget=330, question=ASKED)
    return next((message["content"] for message in made.messages if message["role"] == "tool"), "")


@pytest.mark.parametrize(
    "value",
    [
        {"output": LOG, "metadata": {"exit_code": 1}},
        {"exit_code": 1, "stdout": LOG, "stderr": ""},
        {"path": "out/log.txt", "content": LOG},
        [{"type": "text", "text": json.dumps({"output": LOG})}],
    ],
    ids=["output", "stdout", "content", "nested"],
)
def test_the_lines_that_answer_are_kept_in_valid_json(value: Any) -> None:
    found = given_back(json.dumps(value))
    assert "Expected: 31" in found
    assert "Received: 45" in found
    assert "…" in found
    shape = json.loads(found)
    assert type(shape) is type(value)
    if isinstance(value, dict):
        assert shape.keys() == value.keys()


LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LONG = st.lists(LETTERS, min_size=20, max_size=60).map("\n".join)


@given(st.dictionaries(LETTERS, LETTERS | LONG | st.integers(), max_size=4), st.integers(1, 600))
def test_json_stays_json_with_its_keys_in_at_most_so_many_tokens(value: dict[str, Any], room: int) -> None:
    text = json.dumps(value)
    made = cut_held(text, room, count=len, cut=lambda text, most: text[:most])
    if made is not None:
        assert len(made) <= room
        shape = json.loads(made)
        assert shape.keys() == value.keys()
        assert all(shape[key] == value[key] for key in value if len(json.dumps(value[key])) < 400)


def test_what_is_cut_away_as_a_whole_leaves_a_mark() -> None:
    text = json.dumps({"content": "boats " * 200, "end": "harbour " * 200})
    assert json.loads(cut_held(text, 400, count=len, cut=lambda *_: "") or "") == {"content": "…", "end": "…"}


def test_notes_on_the_texts_of_a_chat_are_one_note() -> None:
    rows = [{"boat": f"Boat {at}", "fare": 3 * at, "pier": "north"} for at in range(80)]
    asked = "What does boat 7 cost from the east pier?"
    chat: list[dict[str, Any]] = []
    for pier in ("north", "south", "east"):
        chat.append({"role": "user", "content": json.dumps(rows).replace("north", pier)})
        chat.append({"role": "assistant", "content": "I see."})
    chat.append({"role": "user", "content": asked})
    made = Pipeline(rank="learned", score_cache=0).compress_messages(chat, budget=900, question=asked)
    assert sum("the fusion alone ranked" in note for note in made.notes) == 1
    assert len(made.notes) == len(set(made.notes))


def test_half_a_character_leaves_the_text_to_the_other_way() -> None:
    text = '{"content": "' + "boats \\ud83d " * 200 + '"}'
    assert cut_held(text, 300, count=len, cut=lambda text, most: text[:most]) is None
