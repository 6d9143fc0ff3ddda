"""JSON documents that are chats: JSON of the same shape, within the budget."""

from __future__ import annotations

import json

import pytest
from accounts import check_accounts
from character_tokenizer import Characters
from commands_support import Command
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxpipe.compress.chat.document import chat_in, compress_chat
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.types import Document
from ctxpipe.errors import ChatBudgetError

CHAT = [
    {"role": "system", "content": "Answer briefly."},
    *(
        {"role": role, "content": f"{said} {i}. " * (1 + i % 4)}
        for i in range(30)
        for role, said in (("user", "Who has key"), ("assistant", 'Ann has "key"'))
    ),
    {"role": "user", "content": "And the last key?"},
]


def compressor() -> Compressor:
    return Compressor(
        tokenizer=Characters(), ranker=FakeRanker(), scorer=SCORERS.create("none"), rank="fake", prune="none"
    )


@settings(max_examples=60)
@given(st.integers(1, 5000), st.booleans(), st.sampled_from([None, 1]), st.sampled_from([None, "key 7"]))
def test_json_of_the_same_shape_within_any_budget(
    budget: int, is_object: bool, indent: int | None, question: str | None
) -> None:
    value = {"model": "m", "messages": CHAT, "n": 1} if is_object else CHAT
    chat = chat_in(Document(text=json.dumps(value, indent=indent), kind="json", source="chat.json"))
    assert chat is not None
    try:
        context = compress_chat(compressor(), chat, question=question, budget=budget, rate=None)
    except ChatBudgetError:
        return
    assert len(context.text) == context.kept_tokens <= budget
    check_accounts(context)
    left = json.loads(context.text)
    if is_object:
        assert (left["model"], left["n"]) == ("m", 1)
        left = left["messages"]
    assert (left[0], left[-1]) == (CHAT[0], CHAT[-1])
    assert all(message["content"].strip() for message in left)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"messages": []}',
        '[{"role": "user"}]',
        '[{"role": "pilot", "content": "x"}]',
        '{"role": "user"}',
        "[",
    ],
)
def test_other_json_is_no_chat(text: str) -> None:
    assert chat_in(Document(text=text, kind="json")) is None
    assert chat_in(Document(text=json.dumps(CHAT), kind="text")) is None


def test_the_command_cuts_a_chat(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: object, smollm2_dir: object
) -> None:
    run = Command(capfd, monkeypatch)
    path = f"{tmp_path}/chat.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(CHAT, file)
    done = run("compress", path, "--rate", 0.5)
    left = json.loads(done.out)
    assert left[-1] == CHAT[-1]
    assert len(left) < len(CHAT)
    assert "turns of the chat were left out" in done.err
    shown = json.loads(run("compress", path, "--rate", 0.5, "--json").out)
    assert json.loads(shown["text"]) == left
    small = run("compress", path, "--budget", 5)
    assert small.code == 1
    assert "more than the budget of 5" in small.err
