"""What comes last in a request is what the model goes on from, however the client has put it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_support import WINDOW, Running, Target, count
from samples import prose

NEEDLE = "The ladder of Ada Fenwick leans behind the granary."
QUESTION = "Where does the ladder of Ada Fenwick lean?"
LONG = f"{prose(80, 1)}\n\n{NEEDLE}\n\n{prose(80, 2)}"
TURNS: list[dict[str, Any]] = [
    message
    for i in range(14)
    for message in (
        {"role": "user", "content": f"How is pump {i}?"},
        {"role": "assistant", "content": prose(10, i)},
    )
]


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def sent(running: Running, behind: Target, messages: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    """The messages that the target gets of a chat that does not fit."""
    answer = running.post("/v1/chat/completions", {"model": "m", "messages": messages, "max_tokens": 50, **more})
    got = behind.last("/v1/chat/completions").json
    assert answer.headers["x-ctxpipe-action"] == "compressed", answer.headers.get("x-ctxpipe-reason")
    assert count(got) <= WINDOW - 50
    assert {name: got[name] for name in more} == more
    made: list[dict[str, Any]] = got["messages"]
    return made


@pytest.mark.parametrize(
    "asked",
    [
        [user(LONG), user(QUESTION)],
        [user(QUESTION), user(LONG)],
        [user(LONG), user(LONG), user(QUESTION)],
        [user([text(LONG), text(QUESTION)])],
        [user([*(text(prose(9, i)) for i in range(20)), text(NEEDLE), text(QUESTION)])],
    ],
    ids=["material first", "question first", "material twice", "parts", "many parts"],
)
def test_material_and_question_may_stand_apart(running: Running, behind: Target, asked: list[dict[str, Any]]) -> None:
    got = sent(running, behind, asked)
    assert len(got) == len(asked)
    assert QUESTION in json.dumps(got)
    assert NEEDLE in json.dumps(got)


def test_an_answer_that_is_begun_is_gone_on_from(running: Running, behind: Target) -> None:
    last = [user("How is the market of Mr. Hale?"), {"role": "assistant", "content": "The market"}]
    how = {"add_generation_prompt": False, "continue_final_message": True}
    assert sent(running, behind, [*TURNS, *last], **how)[-2:] == last


def test_a_message_that_is_long_beside_its_content_is_no_fault(running: Running) -> None:
    """Nothing of it can be cut, and it is all there is."""
    body = {"model": "m", "messages": [{"role": "assistant", "content": "Hi", "output": prose(200)}]}
    said = running.post("/v1/chat/completions", body)
    assert said.headers["x-ctxpipe-action"] == "failed-open"
    assert said.headers["x-ctxpipe-reason"] == "what must stay does not fit"


@pytest.mark.parametrize("content", [5, True, {"a": 1}, [5], [None], []])
def test_a_small_content_of_any_kind_is_no_fault(running: Running, content: object) -> None:
    for _ in range(2):  # the second time the window is known
        said = running.post("/v1/chat/completions", {"model": "m", "messages": [user(content)]})
        assert said.headers["x-ctxpipe-action"] == "passed", said.headers["x-ctxpipe-reason"]


@pytest.mark.parametrize("ids", [lambda i, k: "call_0", lambda i, k: f"{i}-{k}"], ids=["the same", "their own"])
def test_calls_in_parallel_keep_their_results(running: Running, behind: Target, ids: Any) -> None:
    several = 1 if ids(0, 0) == ids(1, 0) else 3
    chat = []
    for i in range(12):
        calls = [
            {"id": ids(i, k), "type": "function", "function": {"name": "look", "arguments": "{}"}}
            for k in range(several)
        ]
        results = [{"role": "tool", "tool_call_id": call["id"], "content": prose(10 // several, i)} for call in calls]
        chat += [user(f"How is pump {i}?"), {"role": "assistant", "content": None, "tool_calls": calls}]
        chat += [*reversed(results), {"role": "assistant", "content": "It runs."}]
    got = sent(running, behind, [*chat, user("And pump 3?")])
    waiting: list[str] = []
    for message in got:
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting
        waiting += [call["id"] for call in message.get("tool_calls") or ()]
    assert not waiting
    assert got[-1] == user("And pump 3?")


def test_roles_go_on_taking_turns(running: Running, behind: Target) -> None:
    got = sent(running, behind, [{"role": "system", "content": "Be brief."}, *TURNS, user("And now?")])
    assert [message["role"] for message in got] == ["system", *("user", "assistant") * (len(got) // 2 - 1), "user"]
