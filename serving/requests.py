"""Checks that every engine makes before it does any work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from ctxpipe.errors import UsageError, WindowError
from ctxpipe.serving.types import Message, Role


def check_request(messages: Sequence[Message], max_tokens: int, temperature: float) -> None:
    """Refuse an invalid request.

    Raises:
        UsageError: for no messages, an unknown role, no room for an answer, or a temperature below 0.
    """
    if not messages:
        raise UsageError("there is nothing to ask: no messages")
    for message in messages:
        if message.role not in get_args(Role):
            raise UsageError(f"unknown role {message.role!r}; known: {', '.join(get_args(Role))}")
    if max_tokens < 1:
        raise UsageError(f"max_tokens must be at least 1, not {max_tokens}")
    if temperature < 0:
        raise UsageError(f"the temperature must be at least 0, not {temperature:g}")


def check_window(prompt_tokens: int, max_tokens: int, window: int) -> None:
    """Refuse a prompt that leaves too little of the window for the answer.

    Raises:
        WindowError: if prompt and answer together may exceed the window.
    """
    if prompt_tokens + max_tokens > window:
        hint = f"of the window's {window:,}, {max_tokens:,} are kept for the answer"
        raise WindowError(prompt_tokens, max(0, window - max_tokens), hint)
