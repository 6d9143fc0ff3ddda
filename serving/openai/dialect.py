"""What a server accepts, learnt from what it refuses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ctxpipe.errors import RejectedError
from ctxpipe.serving.openai.completion import Endpoint
from ctxpipe.serving.openai.prompts import lacks_template, plain, prompt_of
from ctxpipe.serving.types import Message

_NO_SYSTEM = re.compile(
    r"system role|role[^.]{0,40}\bsystem\b|only (?:support )?user[^.]{0,40}\bassistant\b|roles must alternate",
    re.IGNORECASE,
)
_OTHER_LIMIT = re.compile(r"max_completion_tokens", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a server is asked.

    Attributes:
        endpoint: Where answers are asked for.
        has_system: Whether the model's template has a system role; without it, instructions stand in the user's turn.
        limit: The field that bounds an answer's tokens.
    """

    endpoint: Endpoint = "chat"
    has_system: bool = True
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"

    def messages(self, messages: Sequence[Message]) -> list[Message]:
        """The messages as the model's template takes them."""
        if self.has_system or self.endpoint != "chat":
            return list(messages)
        return _without_system(messages)

    def request(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        """The part of an answer request that holds messages and limit."""
        return {self.limit: max_tokens, **prompt_of(self.messages(messages), self.endpoint)}

    def tokenizing(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The part of a tokenize request that holds the same prompt."""
        if self.endpoint == "chat":
            return {**prompt_of(self.messages(messages), "chat"), "add_generation_prompt": True}
        return {"prompt": plain(messages), "add_special_tokens": True}

    def after(self, exc: RejectedError, *, may_switch: bool) -> Dialect | None:
        """The dialect to try after a refusal; None when the refusal has another reason."""
        if self.endpoint == "chat" and may_switch and lacks_template(exc):
            return replace(self, endpoint="completion")
        refused = exc.status in (400, 422, 500)
        if refused and self.endpoint == "chat" and self.has_system and _NO_SYSTEM.search(str(exc)):
            return replace(self, has_system=False)
        if refused and self.limit == "max_tokens" and _OTHER_LIMIT.search(str(exc)):
            return replace(self, limit="max_completion_tokens")
        return None


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """System messages at the head of the first user turn."""
    said = [message.content for message in messages if message.role == "system"]
    others = [message for message in messages if message.role != "system"]
    for index, message in enumerate(others):
        if message.role == "user":
            others[index] = replace(message, content="\n\n".join([*said, message.content]))
            return others
    return [Message(role="user", content="\n\n".join(said)), *others] if said else others
