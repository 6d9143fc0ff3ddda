"""Messages of a chat as lines with time, speaker, and the message that one answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ctxpipe.compress.text.answers import quotation

_LONGEST_NAME = 60
_NO_NAME = re.compile(r'[:"]')
"""Characters that end a name in a line."""


class ChatMessage(NamedTuple):
    """A message of a chat."""

    when: str
    who: object
    said: str
    key: str = ""
    to: str = ""
    """The key of the message that it answers; empty for none."""
    to_whom: str = ""
    """Who wrote that one; empty where only that one says so."""


def chat_lines(messages: Iterable[ChatMessage]) -> Iterator[str]:
    """One line for each message in which something is said; one that answers another quotes its first words."""
    listed = list(messages)
    known = {message.key: message for message in listed if message.key}
    for message in listed:
        answered = known.get(message.to) if message.to != message.key else None
        whom = str(answered.who or "") if answered else message.to_whom
        words = quotation(answered.said) if answered else ""
        yield message_line(message.when, message.who, message.said, to=_to(whom, words) if whom else "")


def message_line(when: str, who: object, said: str, *, to: str = "") -> str:
    """A message on one line with its time and speaker; empty where nothing is said.

    Args:
        when: When it was said.
        who: Who says it.
        said: The words.
        to: Whom it answers, as it stands behind the speaker.
    """
    words = " ".join(said.split())
    return f"[{when}] {who or 'unknown'}{to}: {words}" if words else ""


def _to(whom: str, words: str) -> str:
    name = " ".join(_NO_NAME.sub(" ", whom).split())[:_LONGEST_NAME]
    return f' (to {name}: "{words or "…"}")'
