"""Chats that were exported as pages: messages of Telegram and Discord, one a line with its time and speaker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.chat_lines import message_line

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_DAY_FIRST = re.compile(r"(\d{2})\.(\d{2})\.(\d{4}) (\d{2}:\d{2})")


class _Names(NamedTuple):
    """Selectors of what a page of one program holds."""

    mark: str
    """A piece of markup without which a page is none of it."""
    chat: str
    message: str
    speaker: str
    time: str
    said: str
    files: str


_PROGRAMS = (
    _Names(
        mark="from_name",
        chat=".page_header .text",
        message="div.message.default",
        speaker=".from_name",
        time=".date.details",
        said=".text",
        files=".media .title",
    ),
    _Names(
        mark="chatlog__message",
        chat=".preamble__entry + .preamble__entry",
        message="div.chatlog__message",
        speaker=".chatlog__author",
        time=".chatlog__timestamp, .chatlog__short-timestamp",
        said=".chatlog__content, .chatlog__markdown",
        files=".chatlog__attachment-generic-name",
    ),
)


class PageChat(NamedTuple):
    """The name of a chat, which may be empty, and its messages as lines."""

    name: str
    lines: list[str]


def page_chat(markup: str) -> PageChat | None:
    """The chat that a page shows; None for any other page."""
    for names in _PROGRAMS:
        if names.mark in markup:
            from selectolax.lexbor import LexborHTMLParser

            tree = LexborHTMLParser(markup)
            lines = list(_lines(tree, names))
            if lines:
                return PageChat(_words(tree.css_first(names.chat)), lines)
    return None


def _lines(tree: LexborHTMLParser, names: _Names) -> Iterator[str]:
    """Messages in order; one that goes on with the last names no speaker, and may have no time."""
    speaker = when = ""
    for message in tree.css(names.message):
        speaker = _words(message.css_first(names.speaker)) or speaker
        time = message.css_first(names.time)
        when = _moment(time) or when
        said = _words(message.css_first(names.said))
        files = "".join(f" [file: {name}]" for node in message.css(names.files) if (name := _words(node)))
        if line := message_line(when, speaker, said + files):
            yield line


def _moment(node: LexborNode | None) -> str:
    """The time that a page shows, with the day that Telegram shows only under the pointer."""
    day_first = _DAY_FIRST.match(node.attributes.get("title") or "") if node is not None else None
    return f"{day_first[3]}-{day_first[2]}-{day_first[1]} {day_first[4]}" if day_first else _words(node)


def _words(node: LexborNode | None) -> str:
    return " ".join(node.text(separator=" ").split()) if node is not None else ""
