"""A client for the tests of the OpenAI-compatible engine, and behaviours that several of them give a server."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from ctxpipe.serving.openai.engine import OpenAIEngine
from ctxpipe.serving.types import Answer, Message

Serve = Callable[..., Any]
HELLO = [Message(role="user", content="hello brown fox")]
KEY = "sk-test-0123456789-secret"


def connect(url: str, **options: Any) -> OpenAIEngine:
    return OpenAIEngine(url, **{"timeout": 60.0, "backoff": 0.01, **options})


def ask(engine: OpenAIEngine, *, stream: bool = True, max_tokens: int = 20) -> Answer:
    return engine.answer(HELLO, max_tokens=max_tokens, on_text=(lambda _: None) if stream else None)


def sequence(*behaviours: Callable[[Any], None]) -> Callable[[Any], None]:
    """Behave as each in turn, then like the last for ever."""
    left = list(behaviours)
    return lambda x: (left.pop(0) if len(left) > 1 else left[0])(x)


def failing(status: int, message: str = "it broke", **headers: str) -> Callable[[Any], None]:
    return lambda x: x.error(status, message, **headers)


def good(x: Any) -> None:
    if not x.body.get("stream"):
        x.json({"model": "m", "choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}]})
        return
    x.open_stream()
    x.piece("fine", "stop")
    x.event("[DONE]")


def drop(x: Any) -> None:
    """Reset the connection before any answer."""
    x.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    x.handler.connection.close()
