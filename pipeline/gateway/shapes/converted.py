"""Anthropic's messages as the chat that vLLM makes of them, which is what its template renders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ctxpipe.pipeline.gateway.shapes.shape import Body, Message

_BILLING = "x-anthropic-billing-header"
"""Beginning of a system text that Claude Code adds and vLLM leaves out: it changes with every request."""


def chat_of(body: Body) -> list[Message]:
    """The system prompt and the messages of a request as a chat in OpenAI's form."""
    said = _instructions(body.get("system"))
    chat: list[Message] = [{"role": "system", "content": said}] if said else []
    for message in body["messages"]:
        chat += _converted(message)
    return chat


def kind_of(block: object) -> object:
    """The type of a block."""
    return block.get("type") if isinstance(block, Mapping) else None


def _converted(message: Mapping[str, Any]) -> Iterator[Message]:
    """The results of tools in a message, each by itself, and then what else there is."""
    role, content = message["role"], message["content"]
    if role == "system":
        if said := _instructions(content):
            yield {"role": role, "content": said}
        return
    if isinstance(content, str):
        yield {"role": role, "content": content}
        return
    blocks = [block for block in content if isinstance(block, Mapping)]
    for block in blocks:
        if kind_of(block) == "tool_result":
            yield from _result(block)
    parts = [part for block in blocks if (part := _part(block)) is not None]
    made: Message = {"role": role}
    if thoughts := "".join(_text(block.get("thinking")) for block in blocks if kind_of(block) == "thinking"):
        made["reasoning"] = thoughts
    if calls := [_call(block) for block in blocks if kind_of(block) == "tool_use"]:
        made["tool_calls"] = calls
    if parts:
        made["content"] = parts[0]["text"] if len(parts) == 1 and "text" in parts[0] else parts
    if parts or role != "user":
        yield made


def _result(block: Mapping[str, Any]) -> Iterator[Message]:
    said = block.get("content")
    inner = [one for one in said if isinstance(one, Mapping)] if isinstance(said, list) else []
    texts = [_text(one.get("text")) for one in inner if kind_of(one) == "text"]
    content = said if isinstance(said, str) else "\n".join(texts)
    yield {"role": "tool", "tool_call_id": block.get("tool_use_id") or "", "content": content}
    if pictures := [_picture(one) for one in inner if kind_of(one) == "image"]:
        yield {"role": "user", "content": pictures}


def _part(block: Mapping[str, Any]) -> dict[str, Any] | None:
    """A part of a content; None for a block that stands elsewhere, or says nothing."""
    if kind_of(block) == "text" and _text(block.get("text")):
        return {"type": "text", "text": block["text"]}
    return _picture(block) if kind_of(block) == "image" else None


def _picture(block: Mapping[str, Any]) -> dict[str, Any]:
    source = block.get("source")
    given = source if isinstance(source, Mapping) else {}
    url = given.get("url") or f"data:{given.get('media_type')};base64,{given.get('data')}"
    return {"type": "image_url", "image_url": {"url": url}}


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": block.get("name") or "", "arguments": json.dumps(block.get("input") or {})}
    return {"id": block.get("id") or "call", "type": "function", "function": function}


def _instructions(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks: Sequence[Any] = content if isinstance(content, list) else ()
    said = [_text(block.get("text")) for block in blocks if kind_of(block) == "text"]
    return "".join(text for text in said if not text.startswith(_BILLING))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
