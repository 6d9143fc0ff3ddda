"""Whether a JSON value is a chat, and what in a message is text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Message = Mapping[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
INSTRUCTIONS = frozenset({"system", "developer"})
"""Roles whose messages say what to do, and stay whole."""
RESULTS = frozenset({"tool", "function"})
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


def messages_in(value: object) -> list[Message] | None:
    """The messages of a chat: a list of objects with known roles, alone or as the member ``messages``; else None."""
    if isinstance(value, Mapping):
        value = value.get("messages")
    if not isinstance(value, list) or not value:
        return None
    fits = all(
        isinstance(m, Mapping) and is_role(m.get("role")) and {"content", "tool_calls"} & m.keys() for m in value
    )
    return list(value) if fits else None


def is_role(value: object) -> bool:
    """Whether a value, of any kind, is a known role."""
    return isinstance(value, str) and value in ROLES


def _is_text(part: Mapping[str, Any]) -> bool:
    kind = part.get("type")
    return isinstance(kind, str) and kind in _TEXT_PARTS and isinstance(part.get("text"), str)


def calls(message: Message) -> bool:
    """Whether an assistant's message calls tools."""
    content = message.get("content")
    used = isinstance(content, list) and any(isinstance(p, Mapping) and p.get("type") == "tool_use" for p in content)
    return bool(message.get("tool_calls") or message.get("function_call")) or used


def is_result(message: Message) -> bool:
    """Whether a message is what a tool gave back."""
    content = message.get("content")
    if isinstance(content, list) and content:
        given = [isinstance(p, Mapping) and p.get("type") == "tool_result" for p in content]
        if all(given):
            return True
    return message.get("role") in RESULTS


def calls_made(message: Message) -> Iterator[str]:
    """The name of each tool that a message calls, with the arguments."""
    called = message.get("tool_calls")
    made = [call.get("function") for call in called if isinstance(call, Mapping)] if isinstance(called, list) else []
    content = message.get("content")
    made += (
        [p for p in content if isinstance(p, Mapping) and p.get("type") == "tool_use"]
        if isinstance(content, list)
        else []
    )
    for call in (*made, message.get("function_call")):
        if isinstance(call, Mapping):
            yield f"{call.get('name', '')} {call.get('arguments', call.get('input', ''))}"


def texts(message: Message) -> Iterator[str]:
    """The texts of a message's content."""
    content = message.get("content")
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, Mapping) and _is_text(part):
            yield part["text"]


def with_texts(message: Message, new: Mapping[str, str]) -> dict[str, Any]:
    """The message with some of its texts in place of others."""
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": new.get(content, content)}
    if not isinstance(content, list):
        return dict(message)
    parts = [
        {**part, "text": new.get(part["text"], part["text"])} if isinstance(part, Mapping) and _is_text(part) else part
        for part in content
    ]
    return {**message, "content": parts}
