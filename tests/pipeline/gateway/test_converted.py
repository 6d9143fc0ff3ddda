"""Anthropic's messages are counted as the chat that vLLM makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_support import WINDOW, Running, Target
from samples import prose

from ctxpipe.pipeline.gateway.shapes.converted import chat_of

LONG = prose(150)
USE = {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}
CALL = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
SHOWN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def result(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": content}]}


def test_every_kind_of_block() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    body = {
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: 5"},
            {"type": "text", "text": "Be ", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "brief."},
        ],
        "messages": [
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": [thought, {"type": "text", "text": "I look."}, USE]},
            {"role": "user", "content": [{"type": "text", "text": "And?"}, *result("Dry.")["content"]]},
            {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}, USE]},
            result([{"type": "text", "text": "Wet."}, PICTURE, {"type": "text", "text": "Cold."}]),
            {"role": "assistant", "content": [USE]},
            result(""),
            {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": [{"type": "text", "text": "See"}, PICTURE]},
        ],
    }
    assert chat_of(body) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Look."},
        {"role": "assistant", "reasoning": "Hm.", "tool_calls": [CALL], "content": "I look."},
        {"role": "tool", "tool_call_id": "t1", "content": "Dry."},
        {"role": "user", "content": "And?"},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "t1", "content": "Wet.\nCold."},
        {"role": "user", "content": [SHOWN]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "t1", "content": ""},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "See"}, SHOWN]},
    ]


@pytest.mark.parametrize(
    "last",
    [
        [{"role": "assistant", "content": [USE]}, result(LONG)],
        [{"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}, USE]}, result("Dry.")],
    ],
    ids=["results at the end", "thoughts that cannot be read"],
)
def test_chats_that_are_too_long_to_be_counted_as_they_are(
    running: Running, behind: Target, last: list[dict[str, Any]]
) -> None:
    """The server's own endpoint refuses to count them."""
    opening = [{"role": "user", "content": LONG}, {"role": "assistant", "content": "Noted."}]
    messages = [*opening, {"role": "user", "content": "Look."}, *last]
    said = running.post("/v1/messages", {"model": "m", "max_tokens": 80, "messages": messages})
    assert said.headers["x-ctxpipe-action"] == "compressed"
    assert int(said.headers["x-ctxpipe-sent-tokens"]) <= WINDOW - 80
    assert behind.last("/v1/messages").json["messages"][-2] == last[0]
