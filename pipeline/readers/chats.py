"""Chat exports: messages of Slack, Telegram, Discord and WhatsApp, one a line with its time and speaker."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.cards import card_words, mappings, text_of
from ctxpipe.pipeline.readers.chat_lines import ChatMessage, chat_lines
from ctxpipe.pipeline.readers.chatgpt import chatgpt_chats
from ctxpipe.pipeline.readers.slack import slack_chats

_HEAD = 20_000
_SLACK = re.compile(r'"ts"\s*:\s*"\d{9,11}\.\d{3,}"')
_OTHERS = re.compile(r'"messages"\s*:\s*\[|"mapping"\s*:\s*\{')
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
    for read in (slack_chats, _discord, _telegram, chatgpt_chats):
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


def _telegram(data: object) -> Iterator[tuple[str, Iterator[str]]]:
    if not isinstance(data, dict):
        return
    chats = data.get("chats")
    listed = chats.get("list") if isinstance(chats, dict) else None
    for chat in listed if isinstance(listed, list) else [data]:
        messages = chat.get("messages") if isinstance(chat, dict) else None
        if isinstance(messages, list):
            yield text_of(chat.get("name")), chat_lines(filter(None, map(_telegram_message, mappings(messages))))


def _telegram_message(message: Mapping[str, Any]) -> ChatMessage | None:
    if message.get("type") != "message" or not isinstance(message.get("date"), str) or "text" not in message:
        return None
    text = message["text"]
    parts = text if isinstance(text, list) else [text]
    said = "".join(str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in parts)
    file = message.get("file_name") or message.get("file")
    said += f" [file: {file}]" if isinstance(file, str) else " [photo]" if "photo" in message else ""
    who, source = message.get("from"), text_of(message.get("forwarded_from"))
    return ChatMessage(
        message["date"].replace("T", " ")[:16],
        f"{who or 'unknown'} (forwarded from {source})" if source else who,
        said,
        key=str(message.get("id", "")),
        # A number of another chat says nothing here.
        to="" if "reply_to_peer_id" in message else str(message.get("reply_to_message_id", "")),
    )


def _discord(data: object) -> Iterator[tuple[str, Iterator[str]]]:
    if not isinstance(data, dict) or not isinstance(data.get("channel"), dict):
        return
    messages = data.get("messages")
    if isinstance(messages, list):
        name = text_of(data["channel"].get("name"))
        yield name, chat_lines(filter(None, map(_discord_message, mappings(messages))))


def _discord_message(message: Mapping[str, Any]) -> ChatMessage | None:
    author, when, said = message.get("author"), message.get("timestamp"), message.get("content")
    if not isinstance(author, dict) or not isinstance(when, str) or not isinstance(said, str):
        return None
    reference = message.get("reference")
    cards = (card for card in mappings(message.get("embeds")) if not _is_previewed(card, said))
    files = (text_of(file.get("fileName")) for file in mappings(message.get("attachments")))
    parts = (said.strip(), *(card_words(card, ("description",), name="title") for card in cards))
    return ChatMessage(
        when.replace("T", " ")[:16],
        author.get("nickname") or author.get("name"),
        " ".join(filter(None, (*parts, *(f"[file: {name}]" for name in files if name)))),
        key=str(message.get("id", "")),
        to=text_of(reference.get("messageId")) if isinstance(reference, dict) else "",
    )


def _is_previewed(card: Mapping[str, Any], said: str) -> bool:
    """Whether a card shows a page whose address is in the message."""
    address = text_of(card.get("url"))
    return bool(address) and address in said
