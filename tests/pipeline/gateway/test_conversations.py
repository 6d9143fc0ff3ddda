"""Conversations that outgrow the window: earlier turns are sent again the same, calls and results stay pairs."""

from __future__ import annotations

import itertools
import json
from typing import Any

from gateway_support import WINDOW, Running, Target, count
from samples import prose

from ctxpipe.pipeline.gateway.memory import ConversationMemory, keys_of

TURNS = 24
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


def turn(number: int) -> list[dict[str, Any]]:
    """A question that is looked up and answered."""
    call = {"id": f"c{number}", "type": "function", "function": {"name": "look", "arguments": f'{{"pump": {number}}}'}}
    return [
        {"role": "user", "content": f"How is pump P-{number}?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"c{number}", "content": prose(6, number)},
        {"role": "assistant", "content": f"Pump P-{number} runs at {number}.5 bar. {prose(2, number)}"},
    ]


def conversation(running: Running, behind: Target, turns: int = TURNS) -> list[list[dict[str, Any]]]:
    """The messages that the target got, request by request, as a conversation grows."""
    chat: list[dict[str, Any]] = [{"role": "system", "content": "You look after the pumps of a harbour."}]
    got = []
    for number in range(turns):
        question, *answers = turn(number)
        for step in ([question], answers[:2]):
            chat += step
            body = {"model": "m", "messages": chat, "tools": TOOLS, "max_tokens": 50}
            said = running.post("/v1/chat/completions", body)
            assert said.headers["x-ctxpipe-action"] in ("passed", "compressed")
            sent = behind.last("/v1/chat/completions").json
            assert count(sent) <= WINDOW - 50
            got.append(sent["messages"])
            check(chat, sent["messages"])
        chat += answers[2:]
    assert count({"messages": chat, "tools": TOOLS}) > 2 * WINDOW
    return got


def check(chat: list[dict[str, Any]], sent: list[dict[str, Any]]) -> None:
    assert sent[0] == chat[0]
    assert sent[-1] == chat[-1]
    calls = [call["id"] for message in sent for call in message.get("tool_calls") or ()]
    assert calls == [message["tool_call_id"] for message in sent if message["role"] == "tool"]
    asked = [message for message in chat if message["role"] == "user"]
    assert asked[-1] in sent
    assert all(message.get("content") or message.get("tool_calls") for message in sent)


def shared(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> int:
    """How many messages two requests have in common from their beginning."""
    same = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        same += 1
    return same


def test_earlier_turns_are_sent_again_the_same(running: Running, behind: Target) -> None:
    got = conversation(running, behind)
    whole = [shared(before, after) == len(before) for before, after in itertools.pairwise(got)]
    # Now and then everything is decided on anew, to make room for many turns.
    assert sum(whole) >= 0.8 * len(whole)


def test_another_question_changes_nothing_of_earlier_turns(running: Running, behind: Target) -> None:
    chat: list[dict[str, Any]] = [{"role": "system", "content": "You look after pumps."}]
    for number in range(12):
        chat += turn(100 + number)
    sent = []
    for question in ("How is pump P-103?", "And the market of Mr. Hale?"):
        chat.append({"role": "user", "content": question})
        running.post("/v1/chat/completions", {"model": "m", "messages": chat, "max_tokens": 50})
        sent.append(behind.last("/v1/chat/completions").json["messages"])
        chat.append({"role": "assistant", "content": "It runs."})
    assert shared(*sent) == len(sent[0])


def test_a_moving_cache_marker_does_not_hide_what_was_decided(running: Running, behind: Target) -> None:
    def marked(text: str) -> list[dict[str, Any]]:
        return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]

    chat: list[dict[str, Any]] = []
    for number in range(12):
        chat.append({"role": "user", "content": [{"type": "text", "text": prose(12, number)}]})
        chat.append({"role": "assistant", "content": [{"type": "text", "text": "Noted."}]})
    first = [*chat, {"role": "user", "content": marked("Which pump?")}]
    second = [
        *chat,
        {"role": "user", "content": [{"type": "text", "text": "Which pump?"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "The first."}]},
        {"role": "user", "content": marked("And then?")},
    ]
    said = [
        running.post("/v1/messages", {"model": "m", "max_tokens": 50, "messages": messages})
        for messages in (first, second)
    ]
    assert int(said[1].headers["x-ctxpipe-remembered"]) == len(first) + 1  # and the system prompt
    assert said[0].headers["x-ctxpipe-remembered"] == "0"


def test_clients_with_other_keys_share_no_decisions(running: Running) -> None:
    chat = [{"role": "user", "content": prose(200)}, {"role": "assistant", "content": "Noted."}]
    body = {"model": "m", "messages": [*chat, {"role": "user", "content": "Which pump?"}]}
    remembered = [
        running.post("/v1/chat/completions", body, authorization=f"Bearer {key}").headers["x-ctxpipe-remembered"]
        for key in ("one", "two", "one")
    ]
    assert remembered == ["0", "0", "3"]


def test_memory_is_bounded() -> None:
    memory = ConversationMemory(20_000)
    for number in range(200):
        messages = [{"role": "user", "content": prose(10, number)}, {"role": "user", "content": "?"}]
        keys = keys_of(messages)
        memory.put(keys, messages, {0: {"role": "user", "content": prose(3, number)}, 1: messages[1]})
        found = memory.find(keys)
        assert found is not None
        assert found.apply(messages)[0]["content"] == prose(3, number)
        assert memory.bytes <= 20_000
    assert 10 < len(memory) < 200
    assert memory.find(keys_of([{"role": "user", "content": "other"}])) is None


def test_keys_tell_boundaries_of_messages() -> None:
    one = keys_of([{"role": "user", "content": "ab"}, {"role": "user", "content": "c"}])
    other = keys_of([{"role": "user", "content": "a"}, {"role": "user", "content": "bc"}])
    assert len({*one, *other}) == 4
    assert keys_of([{"role": "user", "content": "a"}], "x") != keys_of([{"role": "user", "content": "a"}], "y")
    assert json.dumps(len(keys_of([]))) == "0"
