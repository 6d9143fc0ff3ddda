"""What does not fit is cut until the target counts few enough tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_support import WINDOW, Running, Target, count, gateway, target
from samples import prose

LONG = prose(500)
NEEDLE = "The ladder of Ada Fenwick leans behind the granary."
HAY = f"{prose(250, 1)}\n\n{NEEDLE}\n\n{prose(250, 2)}"
QUESTION = "Where does the ladder of Ada Fenwick lean?"


def chat(*said: str, **more: Any) -> dict[str, Any]:
    """A chat in which user and assistant take turns, after a system message."""
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(said)]
    return {"model": "m", "messages": [{"role": "system", "content": "Be brief."}, *turns], **more}


def test_a_chat_is_cut_to_the_window(running: Running, behind: Target) -> None:
    body = chat(HAY, "Noted.", QUESTION, max_tokens=100, temperature=0.5)
    said = running.post("/v1/chat/completions", body)
    sent = behind.last("/v1/chat/completions").json
    assert said.status_code == 200
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert int(said.headers["x-ctxpipe-source-tokens"]) == count(body) > WINDOW
    assert int(said.headers["x-ctxpipe-sent-tokens"]) == count(sent) <= WINDOW - 100
    assert sent["messages"][0] == body["messages"][0]
    assert sent["messages"][-1] == body["messages"][-1]
    assert NEEDLE in sent["messages"][1]["content"]
    assert {**sent, "messages": 0} == {**body, "messages": 0}


def test_one_message_of_material_and_question_uses_the_room(running: Running, behind: Target) -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": f"Use this.\n\n{HAY}\n\n{QUESTION}"}],
        "max_tokens": 64,
    }
    said = running.post("/v1/chat/completions", body)
    sent = behind.last("/v1/chat/completions").json
    text = sent["messages"][0]["content"]
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert 0.9 * (WINDOW - 64) < count(sent) <= WINDOW - 64
    assert text.startswith("Use this.\n\n")
    assert text.endswith(f"\n\n{QUESTION}")
    assert NEEDLE in text


@pytest.mark.parametrize("room", [1, 10, 500, 1500])
def test_the_answer_keeps_its_room(running: Running, behind: Target, room: int) -> None:
    said = running.post("/v1/chat/completions", chat(HAY, "Noted.", QUESTION, max_completion_tokens=room))
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert count(behind.last("/v1/chat/completions").json) <= WINDOW - room


def test_a_budget_cuts_what_would_fit(behind: Target) -> None:
    with gateway(behind.url, budget=300) as running:
        said = running.post("/v1/chat/completions", chat(prose(40), "Noted.", QUESTION))
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert count(behind.last("/v1/chat/completions").json) <= 300


def test_a_completion_is_cut(running: Running, behind: Target) -> None:
    for prompt in (f"{HAY}\n\n{QUESTION}", [f"{HAY}\n\n{QUESTION}"]):
        said = running.post("/v1/completions", {"model": "m", "prompt": prompt, "max_tokens": 20, "seed": 1})
        sent = behind.last("/v1/completions").json
        text = sent["prompt"] if isinstance(prompt, str) else sent["prompt"][0]
        assert said.headers["x-ctxpipe-action"] == "compressed"
        assert count({"prompt": text}) <= WINDOW - 20
        assert NEEDLE in text
        assert text.endswith(QUESTION)
        assert sent["seed"] == 1


def test_results_that_end_a_chat_stay(running: Running, behind: Target) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    body = chat("What is known of pumps?", LONG[:3000], QUESTION)
    body["messages"] += [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": HAY},
    ]
    body["tools"] = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    running.post("/v1/chat/completions", body)
    sent = behind.last("/v1/chat/completions").json
    assert count(sent) <= WINDOW
    assert sent["messages"][-2] == body["messages"][-2]
    assert sent["messages"][-1]["tool_call_id"] == "c1"
    assert NEEDLE in sent["messages"][-1]["content"]
    assert sent["tools"] == body["tools"]


def test_pictures_stay_where_they_are(running: Running, behind: Target) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    body = chat(HAY, "Noted.")
    last = [picture, {"type": "text", "text": QUESTION}, picture]
    body["messages"].append({"role": "user", "content": last})
    running.post("/v1/chat/completions", body)
    sent = behind.last("/v1/chat/completions").json
    assert count(sent) <= WINDOW
    assert sent["messages"][-1]["content"] == last


def test_a_long_text_in_json_of_the_last_turn_is_cut_as_a_text_of_its_own(running: Running, behind: Target) -> None:
    held = json.dumps({"path": "hay.txt", "content": HAY.replace(". ", ".\n")})
    parts = [{"type": "text", "text": held}, {"type": "text", "text": QUESTION}]
    running.post("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": parts}]})
    sent = behind.last("/v1/chat/completions").json
    assert count(sent) <= WINDOW
    found = json.loads(sent["messages"][0]["content"][0]["text"])
    assert found["path"] == "hay.txt"
    assert NEEDLE in found["content"]
    assert "…" in found["content"]


def test_responses_keep_items_and_their_fields(running: Running, behind: Target) -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": HAY}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Noted.", "annotations": []}],
        },
        {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": prose(6, 3)},
        {"type": "function_call_output", "call_id": "b", "output": prose(6, 4)},
        {"role": "user", "content": QUESTION},
    ]
    body = {"model": "m", "instructions": "Be brief.", "input": items, "max_output_tokens": 50, "store": False}
    said = running.post("/v1/responses", body)
    sent = behind.last("/v1/responses").json
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert int(said.headers["x-ctxpipe-sent-tokens"]) <= WINDOW - 50
    assert {**sent, "input": 0} == {**body, "input": 0}
    assert sent["input"][-1] == items[-1]
    calls = {item["call_id"] for item in sent["input"] if item.get("type") == "function_call"}
    outputs = {item["call_id"] for item in sent["input"] if item.get("type") == "function_call_output"}
    assert calls == outputs
    assert NEEDLE in sent["input"][0]["content"][0]["text"]
    running.post("/v1/responses", {"model": "m", "input": f"{HAY}\n\n{QUESTION}"})
    assert NEEDLE in behind.last("/v1/responses").json["input"]


@pytest.mark.parametrize(
    "beside",
    [
        [
            {"type": "custom_tool_call", "call_id": "p", "name": "apply_patch", "input": "*** Begin Patch"},
            {"type": "custom_tool_call_output", "call_id": "p", "output": "Done."},
        ],
        [
            {"type": "local_shell_call", "id": "l", "call_id": "s", "action": {"type": "exec", "command": ["ls"]}},
            {"type": "local_shell_call_output", "call_id": "s", "output": "a.py"},
        ],
        [{"type": "web_search_call", "id": "w", "status": "completed", "action": {"type": "search", "query": "boats"}}],
        [
            {
                "type": "mcp_call",
                "id": "m",
                "name": "look",
                "arguments": "{}",
                "output": prose(6, 5),
                "server_label": "x",
            }
        ],
    ],
    ids=["custom", "shell", "search", "mcp"],
)
def test_items_of_tools_of_every_kind_are_kept_as_they_are_or_not_at_all(
    running: Running, behind: Target, beside: list[dict[str, Any]]
) -> None:
    items = [{"role": "user", "content": HAY}, *beside, {"role": "user", "content": QUESTION}]
    said = running.post("/v1/responses", {"model": "m", "input": items})
    sent = behind.last("/v1/responses").json["input"]
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert int(said.headers["x-ctxpipe-sent-tokens"]) <= WINDOW
    assert NEEDLE in sent[0]["content"]
    assert sent[-1] == items[-1]
    left = [item for item in sent if item.get("type", "message") != "message"]
    assert left in ([], beside)


def test_an_item_that_stands_on_the_server_is_left_to_it(running: Running) -> None:
    items = [
        {"role": "user", "content": HAY},
        {"type": "item_reference", "id": "r"},
        {"role": "user", "content": QUESTION},
    ]
    assert running.post("/v1/responses", {"model": "m", "input": items}).headers["x-ctxpipe-action"] == "passed"


def test_messages_keep_blocks_and_pairs(running: Running, behind: Target) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": HAY, "is_error": False}
    marked = {"type": "text", "text": QUESTION, "cache_control": {"type": "ephemeral"}}
    body = {
        "model": "m",
        "max_tokens": 80,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": LONG},
            {"role": "assistant", "content": [{"type": "text", "text": "Noted."}]},
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use]},
            {"role": "user", "content": [result, marked]},
        ],
    }
    said = running.post("/v1/messages", body)
    sent = behind.last("/v1/messages").json
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert count(sent) <= WINDOW - 80
    assert sent["system"] == body["system"]
    assert sent["messages"][-1]["content"][-1] == marked
    used = [
        block["id"] for m in sent["messages"] for block in m["content"] if isinstance(block, dict) and "id" in block
    ]
    results = [b for m in sent["messages"] for b in m["content"] if isinstance(b, dict) and b["type"] == "tool_result"]
    assert used == [block["tool_use_id"] for block in results]
    assert all(message["content"] for message in sent["messages"])


def test_what_must_stay_and_does_not_fit_goes_on_as_it_came(running: Running, behind: Target) -> None:
    body = chat(QUESTION)
    body["messages"][0]["content"] = LONG
    data = json.dumps(body, indent=1).encode()
    said = running.post("/v1/chat/completions", data)
    assert said.headers["x-ctxpipe-action"] == "failed-open"
    assert said.headers["x-ctxpipe-reason"] == "what must stay does not fit"
    assert behind.last("/v1/chat/completions").body == data


def test_a_target_that_cannot_count_gets_an_estimate() -> None:
    with target(tokenize=None, count_tokens=None) as behind, gateway(behind.url) as running:
        said = running.post("/v1/chat/completions", chat(HAY, "Noted.", QUESTION, max_tokens=100))
        assert said.headers["x-ctxpipe-action"] == "compressed"
        assert said.headers["x-ctxpipe-counted"] == "estimated"
        assert count(behind.last("/v1/chat/completions").json) <= WINDOW - 100


def test_an_unknown_window_passes_everything() -> None:
    def without(x: Any) -> None:
        x.json({"object": "list", "data": [{"id": "m"}]})

    body = chat(HAY, "Noted.", QUESTION)
    with target(tokenize=None, models=without) as behind:
        with gateway(behind.url) as running:
            said = running.post("/v1/chat/completions", body)
            assert said.headers["x-ctxpipe-action"] == "passed"
            assert "--window" in said.headers["x-ctxpipe-reason"]
        with gateway(behind.url, window=1000) as running:
            assert running.post("/v1/chat/completions", body).headers["x-ctxpipe-action"] == "compressed"


def test_an_audit_changes_nothing(behind: Target) -> None:
    data = json.dumps(chat(HAY, "Noted.", QUESTION)).encode()
    with gateway(behind.url, audit=True) as running:
        said = running.post("/v1/chat/completions", data)
        small = running.post("/v1/chat/completions", chat("Hello."))
    assert said.headers["x-ctxpipe-action"] == "audited"
    assert int(said.headers["x-ctxpipe-sent-tokens"]) < int(said.headers["x-ctxpipe-source-tokens"])
    assert behind.asked("/v1/chat/completions")[-2].body == data
    assert small.headers["x-ctxpipe-action"] == "passed"
    assert "x-ctxpipe-source-tokens" in small.headers
