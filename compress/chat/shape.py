"""Whether a JSON value is a chat, and what in a message is text: as OpenAI, Anthropic and Google write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Message = Mapping[str, Any]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
INSTRUCTIONS = frozenset({"system", "developer"})
"""Roles whose messages say what to do, and stay whole."""
RESULTS = frozenset({"tool", "function"})
_MEMBERS = ("messages", "contents")
"""Members of an object that hold a chat: Google's API calls it contents."""
_CONTENTS = ("content", "parts")
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_RESULTS = {"tool_result": "content", "functionResponse": "response", "function_response": "response"}
"""Parts of a content that hold what a tool gave back, by type or member, and the member that holds it."""
_DOCUMENTS = {"text": "data", "content": "content"}
"""Sources of a document in a content, by type, that hold text, and the member that holds it."""
_CALLS = ("functionCall", "function_call")


def messages_in(value: object) -> list[Message] | None:
    """The messages of a chat: a list of objects with known roles, alone or as a member of an object; else None."""
    if isinstance(value, Mapping):
        value = value.get(list_member(value))
    if not isinstance(value, list) or not value:
        return None
    return list(value) if all(isinstance(message, Mapping) and _is_message(message) for message in value) else None


def list_member(value: Mapping[str, Any]) -> str | None:
    """The member of an object that may be a chat."""
    return next((name for name in _MEMBERS if isinstance(value.get(name), list)), None)


def _is_message(message: Message) -> bool:
    if isinstance(message.get("parts"), list):
        return message.get("role") in ("user", "model", *RESULTS)
    return is_role(message.get("role")) and bool({"content", "tool_calls"} & message.keys())


def is_role(value: object) -> bool:
    """Whether a value, of any kind, is a known role."""
    return isinstance(value, str) and value in ROLES


def is_answer(message: Message) -> bool:
    """Whether the model says something, and calls no tool."""
    return message.get("role") in ("assistant", "model") and not calls(message)


def parts(message: Message) -> list[Mapping[str, Any]]:
    """The parts of a message's content; none if it is plain text."""
    return [part for part in _listed(message) if isinstance(part, Mapping)]


def _listed(message: Message) -> list[Any]:
    return [part for name in _CONTENTS if isinstance(held := message.get(name), list) for part in held]


def is_text(part: Mapping[str, Any]) -> bool:
    """Whether a part is text, and no thought. Google's parts have no type."""
    kind = part.get("type", "text")
    is_said = isinstance(kind, str) and kind in _TEXT_PARTS and not part.get("thought")
    return is_said and isinstance(part.get("text"), str)


def is_tool_part(part: Mapping[str, Any]) -> bool:
    """Whether a part calls a tool or holds what one gave back."""
    return _calls(part) or _given(part) is not None


def _calls(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "tool_use" or any(name in part for name in _CALLS)


def calls(message: Message) -> bool:
    """Whether a message of the model's calls tools."""
    return bool(message.get("tool_calls") or message.get("function_call")) or any(map(_calls, parts(message)))


def is_result(message: Message) -> bool:
    """Whether a message is what a tool gave back."""
    given = [isinstance(part, Mapping) and _given(part) is not None for part in _listed(message)]
    return message.get("role") in RESULTS or (bool(given) and all(given))


def _given(part: Mapping[str, Any]) -> tuple[str, str] | None:
    """The members in which a part holds what a tool gave back; the first is empty if the part itself does."""
    kind = part.get("type")
    if isinstance(kind, str) and kind in _RESULTS:
        return "", _RESULTS[kind]
    name = next((name for name in _RESULTS if isinstance(part.get(name), Mapping)), None)
    return None if name is None else (name, _RESULTS[name])


def document_place(part: Mapping[str, Any]) -> tuple[str, str] | None:
    """The members in which a part holds the text of a document or a search result; the first may be empty."""
    if part.get("type") == "search_result":
        return "", "content"
    source = part.get("source")
    kind = source.get("type") if part.get("type") == "document" and isinstance(source, Mapping) else None
    return ("source", _DOCUMENTS[kind]) if isinstance(kind, str) and kind in _DOCUMENTS else None


def calls_made(message: Message) -> Iterator[str]:
    """The name of each tool that a message calls, with the arguments."""
    called = message.get("tool_calls")
    made = [call.get("function") for call in called if isinstance(call, Mapping)] if isinstance(called, list) else []
    for part in parts(message):
        made += [part] if part.get("type") == "tool_use" else [part.get(name) for name in _CALLS]
    for call in (*made, message.get("function_call")):
        if isinstance(call, Mapping):
            given = next((call[name] for name in ("arguments", "input", "args") if name in call), "")
            yield f"{call.get('name', '')} {given}"


def texts(message: Message) -> Iterator[str]:
    """The texts of a message's content."""
    for name in _CONTENTS:
        yield from _texts(message.get(name))


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        yield from (value for value in content.values() if isinstance(value, str))
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, Mapping):
            continue
        if is_text(part):
            yield part["text"]
        elif (place := _given(part) or document_place(part)) is not None:
            outer, inner = place
            yield from _texts((part[outer] if outer else part).get(inner))


def with_texts(message: Message, new: Mapping[str, str]) -> dict[str, Any]:
    """The message with some of its texts in place of others."""
    changed = {name: _with_texts(message[name], new) for name in _CONTENTS if name in message}
    return {**message, **changed}


def _with_texts(content: Any, new: Mapping[str, str]) -> Any:
    if isinstance(content, str):
        return new.get(content, content)
    if isinstance(content, Mapping):
        return {name: new.get(value, value) if isinstance(value, str) else value for name, value in content.items()}
    return [_changed(part, new) for part in content] if isinstance(content, list) else content


def _changed(part: Any, new: Mapping[str, str]) -> Any:
    if not isinstance(part, Mapping):
        return part
    if is_text(part):
        return {**part, "text": new.get(part["text"], part["text"])}
    place = _given(part) or document_place(part)
    if place is None:
        return part
    outer, inner = place
    held = part[outer] if outer else part
    changed = {**held, inner: _with_texts(held[inner], new)} if inner in held else held
    return {**part, outer: changed} if outer else changed
