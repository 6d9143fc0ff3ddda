"""The export of ChatGPT: conversations whose messages are nodes of a tree."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

_SHOWN = frozenset(("user", "assistant", "tool"))


def chatgpt_chats(data: object) -> Iterator[tuple[str, Iterator[str]]]:
    """Title and lines of each conversation, along the branch that was last open; nothing for other data."""
    for chat in data if isinstance(data, list) else [data]:
        if isinstance(chat, dict) and isinstance(chat.get("mapping"), dict):
            title = chat.get("title")
            yield title if isinstance(title, str) else "", _lines(chat["mapping"], chat.get("current_node"))


def _lines(nodes: Mapping[str, Any], last: object) -> Iterator[str]:
    messages = _branch(nodes, last)
    return (line for message in messages if (line := _line(message)))


def _branch(nodes: Mapping[str, Any], last: object) -> list[Mapping[str, Any]]:
    """The messages from the root to ``last``; all in their order, when that is not known."""
    branch: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    at = last
    while isinstance(at, str) and at not in seen and isinstance(nodes.get(at), dict):
        seen.add(at)
        if isinstance(nodes[at].get("message"), dict):
            branch.append(nodes[at]["message"])
        at = nodes[at].get("parent")
    if branch:
        return branch[::-1]
    return [n["message"] for n in nodes.values() if isinstance(n, dict) and isinstance(n.get("message"), dict)]


def _line(message: Mapping[str, Any]) -> str:
    author, content = message.get("author"), message.get("content")
    role = author.get("role") if isinstance(author, dict) else None
    if role not in _SHOWN or not isinstance(content, dict):
        return ""
    parts = content.get("parts")
    said = [part if isinstance(part, str) else "[image]" for part in parts] if isinstance(parts, list) else []
    said += [content["text"]] if isinstance(content.get("text"), str) else []
    words = " ".join(" ".join(said).split())
    return f"{_when(message.get('create_time'))}{role}: {words}" if words else ""


def _when(stamp: object) -> str:
    if not isinstance(stamp, int | float):
        return ""
    try:
        return f"[{datetime.datetime.fromtimestamp(stamp, datetime.UTC):%Y-%m-%d %H:%M} UTC] "
    except (ValueError, OverflowError, OSError):
        return ""
