"""``/v1/responses``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ctxpipe.compress.chat.shape import is_role
from ctxpipe.pipeline.gateway.shapes.chat import tokenizing
from ctxpipe.pipeline.gateway.shapes.shape import Body, Counting, Kept, Message, given, tools_of, whole_number

_ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Members by which a part of the prompt is taken from the server."""
_REFERENCES = frozenset({"item_reference", "message"})
"""Kinds of items of which nothing is known: what stands on the server, and messages of another form."""
_OUTPUT = "_call_output"
"""End of the kinds of items that hold what a tool gave back."""


class Responses:
    """A list of items, or one text, with instructions beside it.

    Message 0 is the instructions, which are empty where there are none; the others are the items in their order.
    """

    name = "responses"

    def messages(self, body: Body) -> list[Message] | None:
        """Instructions and items as a chat; None if a part of the prompt stands on the server."""
        if any(body.get(name) for name in _ELSEWHERE):
            return None
        instructions = body.get("instructions") or ""
        items = [_message(item) for item in _items(body)]
        if not items or not isinstance(instructions, str) or None in items:
            return None
        return [{"role": "system", "content": instructions}, *(item for item in items if item is not None)]

    def write(self, body: Body, kept: Kept) -> Body:
        """With the items that are left."""
        items = _items(body)
        if isinstance(body["input"], str):
            return {**body, "input": kept[1]["content"]}
        # Thoughts are refused by some servers without the item that they led to.
        lost = {
            i for i in kept if i and items[i - 1].get("type") == "reasoning" and i < len(items) and i + 1 not in kept
        }
        return {**body, "input": [_item(items[i - 1], kept[i]) for i in sorted(kept.keys() - lost) if i]}

    def answer_room(self, body: Body) -> int | None:
        """What ``max_output_tokens`` says."""
        return whole_number(body, "max_output_tokens")

    def countings(self, body: Body) -> Sequence[Counting]:
        """As the chat that a server makes of it: calls in a row belong to one message."""
        chat: list[Message] = []
        for message in self.messages(body) or ():
            if not message.get("content") and not message.get("tool_calls"):
                continue
            if message.get("tool_calls") and chat and chat[-1].get("tool_calls"):
                chat[-1] = {**chat[-1], "tool_calls": [*chat[-1]["tool_calls"], *message["tool_calls"]]}
            else:
                chat.append({**message, "content": _as_chat(message.get("content"))})
        tools = [_tool(tool) for tool in tools_of(body) if isinstance(tool, dict)]
        asked = {**given(body, "model", "chat_template_kwargs"), **({"tools": tools} if tools else {})}
        return [Counting("root", "/tokenize", tokenizing(asked, chat), "count")]


def _items(body: Body) -> list[Any]:
    value = body.get("input")
    return [{"role": "user", "content": value}] if isinstance(value, str) else value if isinstance(value, list) else []


def _message(item: object) -> Message | None:
    """An item as a message; None for one that is not known."""
    if not isinstance(item, Mapping):
        return None
    kind = item.get("type") or "message"
    if kind == "message" and is_role(item.get("role")) and isinstance(item.get("content"), (str, list)):
        return {"role": item["role"], "content": item["content"]}
    if kind == "reasoning":
        return {"role": "assistant", "content": "", "reasoning": json.dumps(dict(item), ensure_ascii=False)}
    if not isinstance(kind, str) or kind in _REFERENCES:
        return None
    if kind.endswith(_OUTPUT):
        output = item.get("output")
        said = output if isinstance(output, (str, list)) else json.dumps(output, ensure_ascii=False)
        return {"role": "tool", "tool_call_id": item.get("call_id"), "content": said}
    return _called(kind, item)


def _called(kind: str, item: Mapping[str, Any]) -> Message:
    """A call of a tool, or what a tool of the server's did: whole, as the arguments of a call."""
    is_function = kind == "function_call"
    rest = {name: value for name, value in item.items() if name not in ("type", "id", "call_id", "status")}
    call = {
        "id": item.get("call_id"),
        "type": "function",
        "function": {
            "name": item.get("name") or kind,
            "arguments": item.get("arguments") if is_function else json.dumps(rest, ensure_ascii=False),
        },
    }
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _item(item: Any, left: Message) -> Any:
    kind = item.get("type") or "message"
    if kind == "message":
        return {**item, "content": left["content"]}
    if kind.endswith(_OUTPUT) and isinstance(item.get("output"), (str, list)):
        return {**item, "output": left["content"]}
    return item


def _as_chat(content: Any) -> Any:
    """Parts of a content under the names that the chat endpoint has for them."""
    if not isinstance(content, list):
        return content
    parts: list[Any] = []
    for part in content:
        if isinstance(part, Mapping) and part.get("type") == "input_image":
            parts.append({"type": "image_url", "image_url": {"url": part.get("image_url")}})
        elif isinstance(part, Mapping) and part.get("type") in ("input_text", "output_text"):
            parts.append({"type": "text", "text": part.get("text")})
        else:
            parts.append(part)
    return parts


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    inner = {key: value for key, value in tool.items() if key != "type"}
    return tool if "function" in tool else {"type": "function", "function": inner}
