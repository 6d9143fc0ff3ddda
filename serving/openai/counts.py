"""Token counts of recent prompts, so that a prompt is not counted again when it is sent."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence

from ctxpipe.serving.types import Message

_KEPT = 64


class PromptCounts:
    """Token counts of the most recent prompts, by a hash of their text. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[bytes, int] = {}

    def get(self, endpoint: str, messages: Sequence[Message]) -> int | None:
        """The token count of a prompt; None if it is not stored."""
        with self._lock:
            return self._known.get(_key(endpoint, messages))

    def put(self, endpoint: str, messages: Sequence[Message], tokens: int) -> None:
        """Store the token count of a prompt; the oldest is dropped."""
        with self._lock:
            self._known[_key(endpoint, messages)] = tokens
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]


def names(text: str, name: str) -> bool:
    """Whether a text contains a name as a whole word."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text) is not None


def _key(endpoint: str, messages: Sequence[Message]) -> bytes:
    digest = hashlib.blake2b(endpoint.encode(), digest_size=16)
    for message in messages:
        for part in (message.role, message.content):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
