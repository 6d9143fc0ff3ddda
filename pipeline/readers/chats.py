"""Chat exports: messages of Slack, Telegram, Discord and WhatsApp, one a line with its time and speaker."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.chatgpt import chatgpt_chats

_HEAD = 20_000
_SLACK = re.compile(r'"ts"\s*:\s*"\d{9,11}\.\d{3,}"')
_OTHERS = re.compile(r'"messages"\s*:\s*\[|"mapping"\s*:\s*\{')
_MENTION = re.compile(r"<@(\w+)(?:\|([^>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^|>]*)(?:\|([^>]*))?>")
_WHATSAPP = re.compile(
    r"^\u200e?\[?\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[\s\u202f][APap]\.?[Mm]\.?)?"
    r"(?:\]| -) ",
    re.MULTILINE,
)
_FEWEST = 3
"""Messages at the start of a text that make it a chat."""
_SAMPLE, _LONGEST_NAME = 50, 80


def chat_document(text: str, *, source: str) -> Document | None:
    """The messages of a chat export in JSON as lines; None for any other JSON.

    Args:
        text: Valid JSON.
        source: Source of the document.
    """
    head = text[:_HEAD]
    if not (_SLACK.search(head) or _OTHERS.search(head)):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for read in (_slack, _discord, _telegram, chatgpt_chats):
        chats = [(name, [line for line in lines if line]) for name, lines in read(data)]
        if any(lines for _, lines in chats):
            return chats_of(chats, source=source)
    return None


def chats_of(chats: Iterable[tuple[str, Sequence[str]]], *, source: str) -> Document:
    """A document of chats: the name of each, which may be empty, above its messages."""
    builder = DocumentBuilder()
    for name, lines in chats:
        if name and lines:
            builder.heading(name, 1)
        builder.add("\n".join(lines))
    return builder.document(source=source, kind="text")


def joined_messages(text: str) -> str:
    """A text chat whose messages are on one line each: a line break inside a message becomes a space.

    Offsets do not change. A text that is no chat is returned as it is.
    """
    found = list(_WHATSAPP.finditer(text, 0, _HEAD))
    if len(found) < _FEWEST or text[: found[0].start()].strip("\ufeff\r\n "):
        return text
    # Where no colon follows the names, what is said stands on lines of its own.
    if 2 * sum(
        ": " in text[match.end() : match.end() + _LONGEST_NAME].partition("\n")[0] for match in found[:_SAMPLE]
    ) < len(found[:_SAMPLE]):
        return text
    starts = [match.start() for match in _WHATSAPP.finditer(text)]
    parts = [text[: starts[0]]]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        message = text[start:end]
        body = message.rstrip("\r\n")
        parts.append(body.replace("\r", " ").replace("\n", " ") + message[len(body) :])
    return "".join(parts)


def message_line(when: str, who: object, said: str) -> str:
    """A message on one line with its time and speaker; empty where nothing is said."""
    words = " ".join(said.split())
    return f"[{when}] {who or 'unknown'}: {words}" if words else ""


def _slack(data: object) -> Iterator[tuple[str, Iterator[str]]]:
    if isinstance(data, list) and any(isinstance(item, dict) and _is_slack(item) for item in data[:50]):
        yield "", _slack_lines([item for item in data if isinstance(item, dict)])


def _is_slack(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("ts"), str) and "text" in item and "role" not in item


def _slack_lines(messages: list[dict[str, Any]]) -> Iterator[str]:
    names: dict[str, str] = {}
    for message in messages:
        profile = message.get("user_profile")
        if isinstance(profile, dict) and isinstance(message.get("user"), str):
            name = profile.get("real_name") or profile.get("display_name") or profile.get("name")
            names[message["user"]] = str(name or message["user"])
    for message in messages:
        if not _is_slack(message) or str(message.get("subtype", "")).endswith(("_join", "_leave")):
            continue
        text = message["text"] if isinstance(message["text"], str) else ""
        text = _MENTION.sub(lambda match: f"@{names.get(match[1]) or match[2] or match[1]}", text)
        text = _LINK.sub(lambda match: f"{match[2]} ({match[1]})" if match[2] else match[1], text)
        files = message.get("files")
        for file in files if isinstance(files, list) else []:
            if isinstance(file, dict) and isinstance(file.get("name"), str):
                text += f" [file: {file['name']}]"
        user = str(message.get("user") or message.get("username") or message.get("bot_id") or "")
        plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        yield message_line(_moment(message["ts"]), names.get(user, user), plain)


def _moment(stamp: str) -> str:
    try:
        when = datetime.datetime.fromtimestamp(float(stamp), datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return stamp[:30]
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _telegram(data: object) -> Iterator[tuple[str, Iterator[str]]]:
    if not isinstance(data, dict):
        return
    chats = data.get("chats")
    listed = chats.get("list") if isinstance(chats, dict) else None
    for chat in listed if isinstance(listed, list) else [data]:
        messages = chat.get("messages") if isinstance(chat, dict) else None
        if isinstance(messages, list):
            name = chat.get("name")
            yield name if isinstance(name, str) else "", (_telegram_line(m) for m in messages if isinstance(m, dict))


def _telegram_line(message: Mapping[str, Any]) -> str:
    if message.get("type") != "message" or not isinstance(message.get("date"), str) or "text" not in message:
        return ""
    text = message["text"]
    parts = text if isinstance(text, list) else [text]
    said = "".join(str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in parts)
    file = message.get("file_name") or message.get("file")
    said += f" [file: {file}]" if isinstance(file, str) else " [photo]" if "photo" in message else ""
    return message_line(message["date"].replace("T", " ")[:16], message.get("from"), said)


def _discord(data: object) -> Iterator[tuple[str, Iterator[str]]]:
    if not isinstance(data, dict) or not isinstance(data.get("channel"), dict):
        return
    messages = data.get("messages")
    name = data["channel"].get("name")
    if isinstance(messages, list):
        yield name if isinstance(name, str) else "", (_discord_line(m) for m in messages if isinstance(m, dict))


def _discord_line(message: Mapping[str, Any]) -> str:
    author, when, said = message.get("author"), message.get("timestamp"), message.get("content")
    if not isinstance(author, dict) or not isinstance(when, str) or not isinstance(said, str):
        return ""
    files = message.get("attachments")
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict) and isinstance(file.get("fileName"), str):
            said += f" [file: {file['fileName']}]"
    return message_line(when.replace("T", " ")[:16], author.get("nickname") or author.get("name"), said)
