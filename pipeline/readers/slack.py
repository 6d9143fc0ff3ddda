"""Exports of Slack: messages, also of programs, whose words stand in attachments and blocks."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ctxpipe.pipeline.readers.cards import card_words, mappings, text_of
from ctxpipe.pipeline.readers.chat_lines import ChatMessage, chat_lines

_MENTION = re.compile(r"<@(\w+)(?:\|([^>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^|>]*)(?:\|([^>]*))?>")
_DEEPEST = 8
"""Floors of a block below which it has no words."""


def slack_chats(data: object) -> Iterator[tuple[str, Iterator[str]]]:
    """The lines of a channel, which has no name in its export; nothing for other data."""
    if isinstance(data, list) and any(isinstance(item, dict) and _is_message(item) for item in data[:50]):
        messages = [item for item in data if isinstance(item, dict)]
        yield "", chat_lines(_messages(messages))


def _is_message(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("ts"), str) and "text" in item and "role" not in item


def _messages(messages: list[dict[str, Any]]) -> Iterator[ChatMessage]:
    names = _names(messages)
    for message in messages:
        if not _is_message(message) or str(message.get("subtype", "")).endswith(("_join", "_leave")):
            continue
        stamp, thread = message["ts"], text_of(message.get("thread_ts"))
        yield ChatMessage(
            _moment(stamp),
            _sender(message, names),
            _plain(_words(message), names),
            key=stamp,
            to=thread if thread != stamp else "",
            to_whom=names.get(text_of(message.get("parent_user_id")), "") if thread != stamp else "",
        )


def _names(messages: list[dict[str, Any]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for message in messages:
        profile = message.get("user_profile")
        if isinstance(profile, dict) and isinstance(message.get("user"), str):
            name = profile.get("real_name") or profile.get("display_name") or profile.get("name")
            names[message["user"]] = str(name or message["user"])
    return names


def _sender(message: Mapping[str, Any], names: Mapping[str, str]) -> str:
    user, profile = text_of(message.get("user")), message.get("bot_profile")
    named = text_of(message.get("username")) or (text_of(profile.get("name")) if isinstance(profile, dict) else "")
    return names.get(user) or named or user or text_of(message.get("bot_id"))


def _words(message: Mapping[str, Any]) -> str:
    """What a message says; the preview of a page that it names is left out, unless there is nothing else."""
    said = text_of(message["text"]).strip() or _block_words(message.get("blocks"))
    cards = [card for card in mappings(message.get("attachments")) if not said or "from_url" not in card]
    parts = [said, *(_attached(card) for card in cards)]
    files = (text_of(file.get("name")) for file in mappings(message.get("files")))
    return " ".join(part for part in (*parts, *(f"[file: {name}]" for name in files if name)) if part)


def _attached(card: Mapping[str, Any]) -> str:
    return (
        card_words(card, ("pretext", "text"), name="title")
        or _block_words(card.get("blocks"))
        or text_of(card.get("fallback"))
    )


def _block_words(blocks: object) -> str:
    parts = (("" if block.get("type") == "rich_text" else " ").join(_texts(block)) for block in mappings(blocks))
    return " ".join(part.strip() for part in parts if part.strip())


def _texts(part: object, depth: int = 0) -> Iterator[str]:
    """The strings under ``text`` in a block, in order."""
    if depth > _DEEPEST:
        return
    if isinstance(part, list):
        for element in part:
            yield from _texts(element, depth + 1)
    elif isinstance(part, dict):
        for key in ("text", "fields", "elements"):
            if isinstance(part.get(key), str):
                yield part[key]
            else:
                yield from _texts(part.get(key), depth + 1)


def _plain(text: str, names: Mapping[str, str]) -> str:
    text = _MENTION.sub(lambda match: f"@{names.get(match[1]) or match[2] or match[1]}", text)
    text = _LINK.sub(lambda match: f"{match[2]} ({match[1]})" if match[2] else match[1], text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _moment(stamp: str) -> str:
    try:
        when = datetime.datetime.fromtimestamp(float(stamp), datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return stamp[:30]
    return f"{when:%Y-%m-%d %H:%M} UTC"
