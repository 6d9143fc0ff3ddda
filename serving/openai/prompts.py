"""Messages in the form that a server expects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ctxpipe.errors import RejectedError
from ctxpipe.serving.openai.completion import Endpoint
from ctxpipe.serving.types import Message

STOPS = ("\n\nUser:", "\n\nSystem:")
"""Stop string for plain turns: a base model would go on and write the next question itself."""
_NO_TEMPLATE = re.compile(
    r"(?:provide|define|have|set|no|without) (?:an? |the )?chat.?template|chat.?template (?:is )?(?:not|missing)",
    re.IGNORECASE,
)


def turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages for the chat endpoint."""
    return [{"role": message.role, "content": message.content} for message in messages]


def plain(messages: Sequence[Message]) -> str:
    """Messages as plain turns, for models without a chat template, here and locally."""
    return "".join(f"{m.role.capitalize()}: {m.content}\n\n" for m in messages) + "Assistant:"


def prompt_of(messages: Sequence[Message], endpoint: Endpoint) -> dict[str, Any]:
    """The part of an answer request that holds the messages."""
    if endpoint == "chat":
        return {"messages": turns(messages)}
    return {"prompt": plain(messages), "stop": list(STOPS)}


def lacks_template(exc: RejectedError) -> bool:
    """Whether a server refused a chat because its model has no chat template."""
    return exc.status in (400, 422, 500) and _NO_TEMPLATE.search(str(exc)) is not None
