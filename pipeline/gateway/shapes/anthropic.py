"""``/v1/messages``, in Anthropic's form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ctxpipe.pipeline.gateway.shapes.chat import tokenizing
from ctxpipe.pipeline.gateway.shapes.converted import chat_of, kind_of
from ctxpipe.pipeline.gateway.shapes.shape import Body, Counting, Kept, Message, given, tools_of, whole_number

_COUNTED = (
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "chat_template_kwargs",
)


class _MessagePart(NamedTuple):
    """What of one message is a message of its own in OpenAI's form.

    Attributes:
        place: Index of the message.
        blocks: Indices of the blocks of its content that belong to it; None for a content that is a text.
        message: In OpenAI's form.
    """

    place: int
    blocks: tuple[int, ...] | None
    message: Message


class Anthropic:
    """Messages whose results of tools stand among what the user said.

    Message 0 is the system prompt, which is empty where there is none; the others are the parts of the messages.
    """

    name = "messages"

    def messages(self, body: Body) -> list[Message] | None:
        """The system prompt and the parts of the messages as a chat."""
        system = body.get("system") or ""
        listed = body.get("messages")
        if not isinstance(listed, list) or not listed or not isinstance(system, (str, list)):
            return None
        if not all(_is_message(message) for message in listed):
            return None
        return [{"role": "system", "content": system}, *(part.message for part in _parts(listed))]

    def write(self, body: Body, kept: Kept) -> Body:
        """With the parts that are left, put together to messages again."""
        made: list[Any] = []
        left: dict[int, dict[int, Any]] = {}
        texts: dict[int, str] = {}
        for place, part in enumerate(_parts(body["messages"]), start=1):
            if place not in kept:
                continue
            if part.blocks is None:
                texts[part.place] = kept[place]["content"]
            else:
                blocks = body["messages"][part.place]["content"]
                left.setdefault(part.place, {}).update(_blocks(part, blocks, kept[place]))
        for index, message in enumerate(body["messages"]):
            if index in texts:
                made.append({**message, "content": texts[index]})
            elif index in left:
                made.append({**message, "content": [left[index][place] for place in sorted(left[index])]})
        return {**body, "messages": made}

    def answer_room(self, body: Body) -> int | None:
        """What ``max_tokens`` says."""
        return whole_number(body, "max_tokens")

    def countings(self, body: Body) -> Sequence[Counting]:
        """By the endpoint that counts such messages, else as the chat that it is."""
        tools = [_tool(tool) for tool in tools_of(body) if isinstance(tool, dict)]
        asked = {**given(body, "model", "chat_template_kwargs"), **({"tools": tools} if tools else {}), **_effort(body)}
        return [
            Counting("base", "/messages/count_tokens", given(body, *_COUNTED), "input_tokens"),
            Counting("root", "/tokenize", tokenizing(asked, chat_of(body)), "count"),
        ]


def _is_message(message: object) -> bool:
    return (
        isinstance(message, Mapping)
        and message.get("role") in ("user", "assistant", "system")
        and isinstance(message.get("content"), (str, list))
    )


def _parts(messages: Sequence[Mapping[str, Any]]) -> Iterator[_MessagePart]:
    """Each result of a tool by itself, and what else of a message there is."""
    for index, message in enumerate(messages):
        content = message["content"]
        if isinstance(content, str):
            yield _MessagePart(index, None, {"role": message["role"], "content": content})
            continue
        results = [i for i, block in enumerate(content) if kind_of(block) == "tool_result"]
        for place in results:
            block = content[place]
            said = block.get("content")
            said = said if isinstance(said, (str, list)) else ""
            result = {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": said}
            yield _MessagePart(index, (place,), result)
        others = tuple(i for i in range(len(content)) if i not in results)
        if others:
            yield _MessagePart(index, others, _other(message["role"], [content[i] for i in others]))


def _other(role: str, blocks: list[Any]) -> Message:
    calls = [
        {"id": b.get("id"), "type": "function", "function": {"name": b.get("name"), "arguments": b.get("input")}}
        for b in blocks
        if kind_of(b) == "tool_use"
    ]
    return {"role": role, "content": blocks, **({"tool_calls": calls} if calls else {})}


def _blocks(part: _MessagePart, blocks: Sequence[Any], left: Message) -> dict[int, Any]:
    """The blocks of a part with what is left of its texts."""
    places = part.blocks or ()
    if part.message["role"] == "tool":
        block = blocks[places[0]]
        return {places[0]: {**block, "content": left["content"]} if "content" in block else block}
    return dict(zip(places, left["content"], strict=True))


def _effort(body: Body) -> Body:
    """How much a model is told to think, as vLLM reads it from a request."""
    thinking, config = body.get("thinking"), body.get("output_config")
    if isinstance(thinking, Mapping) and thinking.get("type") == "disabled":
        return {"reasoning_effort": "none"}
    effort = config.get("effort") if isinstance(config, Mapping) else None
    return {"reasoning_effort": effort} if isinstance(effort, str) else {}


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = {
        "name": tool.get("name"),
        "description": tool.get("description"),
        "parameters": tool.get("input_schema"),
        "strict": tool.get("strict"),
    }
    return {"type": "function", "function": {key: value for key, value in function.items() if value is not None}}
