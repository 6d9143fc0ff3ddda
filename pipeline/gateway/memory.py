"""What was done to the turns of conversations: sent again the same, they are found in a server's cache."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctxpipe.compress.chat.shape import texts

Message = dict[str, Any]

_MARKER = "cache_control"
"""A member by which clients mark what a server should cache; it moves from turn to turn."""
_OVERHEAD = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """What was done to the first messages of a conversation.

    Attributes:
        messages: How many of them there were.
        kept: Index to the content that a message was sent with; None if it was sent as it came.
    """

    messages: int
    kept: Mapping[int, Any]

    def apply(self, messages: Sequence[Message]) -> dict[int, Message]:
        """What is left of the messages, those after them as they came."""
        left = {
            index: messages[index] if content is None else {**messages[index], "content": content}
            for index, content in self.kept.items()
        }
        return left | {index: messages[index] for index in range(self.messages, len(messages))}


class ConversationMemory:
    """Decisions by the content of all messages that they cover, the least used dropped first.

    Args:
        most: Most bytes of cut texts and entries.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        self._known: OrderedDict[bytes, tuple[PastDecision, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, keys: Sequence[bytes]) -> PastDecision | None:
        """The decision that covers most of a conversation.

        Args:
            keys: See ``keys_of``.
        """
        for key in reversed(keys):
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key][0]
        return None

    def put(self, keys: Sequence[bytes], messages: Sequence[Message], kept: Mapping[int, Message]) -> None:
        """Remember what is left of a conversation."""
        contents = {
            index: None if message == messages[index] else message.get("content") for index, message in kept.items()
        }
        size = _OVERHEAD * (1 + len(kept)) + sum(
            len(text) for index, content in contents.items() if content is not None for text in texts(kept[index])
        )
        old = self._known.pop(keys[-1], None)
        self.bytes += size - (old[1] if old else 0)
        self._known[keys[-1]] = PastDecision(messages=len(messages), kept=contents), size
        while self.bytes > self.most and self._known:
            _, (_, dropped) = self._known.popitem(last=False)
            self.bytes -= dropped


def keys_of(messages: Sequence[Message], *around: object) -> list[bytes]:
    """A hash of each beginning of a conversation: of its first message, its first two, and so on.

    Args:
        messages: The conversation.
        *around: What else a decision depends on; the client's key is part of it, so that no client can find out by the
            time of an answer what another one sent.
    """
    digest = hashlib.blake2b(_bytes(around), digest_size=16)
    keys = []
    for message in messages:
        data = _bytes(_without_marker(message))
        digest.update(len(data).to_bytes(8, "big") + data)
        keys.append(digest.digest())
    return keys


def _bytes(value: object) -> bytes:
    return json.dumps(value, default=repr).encode()


def _without_marker(message: Message) -> Message:
    content = message.get("content")
    if isinstance(content, list):
        content = [
            {key: value for key, value in part.items() if key != _MARKER} if isinstance(part, dict) else part
            for part in content
        ]
    return {key: value for key, value in message.items() if key != _MARKER} | {"content": content}
