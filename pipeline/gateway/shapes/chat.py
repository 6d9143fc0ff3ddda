"""``/v1/chat/completions``."""

from __future__ import annotations

from collections.abc import Sequence

from ctxpipe.compress.chat.shape import messages_in
from ctxpipe.pipeline.gateway.shapes.shape import Body, Counting, Kept, Message, given, whole_number

_TEMPLATE = (
    "tools",
    "add_generation_prompt",
    "continue_final_message",
    "add_special_tokens",
    "chat_template",
    "mm_processor_kwargs",
    "media_io_kwargs",
)
"""Members that a chat template sees under the same name."""


class Chat:
    """A chat in OpenAI's form."""

    name = "chat"

    def messages(self, body: Body) -> list[Message] | None:
        """Its messages; None if the server is told to cut the prompt itself."""
        found = messages_in(body)
        return None if found is None or body.get("truncate_prompt_tokens") else [dict(message) for message in found]

    def write(self, body: Body, kept: Kept) -> Body:
        """With the messages that are left."""
        return {**body, "messages": [kept[index] for index in sorted(kept)]}

    def answer_room(self, body: Body) -> int | None:
        """What ``max_completion_tokens`` says, else ``max_tokens``."""
        return whole_number(body, "max_completion_tokens", "max_tokens")

    def countings(self, body: Body) -> Sequence[Counting]:
        """By the server's chat template, with the values that it gives to the template."""
        return [Counting("root", "/tokenize", tokenizing(body, body["messages"]), "count")]


def tokenizing(body: Body, messages: Sequence[Message]) -> Body:
    """A request to vLLM's ``/tokenize`` that renders messages as the chat endpoint would."""
    named = body.get("chat_template_kwargs")
    values = {**given(body, "documents", "reasoning_effort"), **(named if isinstance(named, dict) else {})}
    if "reasoning_effort" in values:
        values.setdefault("enable_thinking", values["reasoning_effort"] != "none")
    more = {"chat_template_kwargs": values} if values else {}
    return {**given(body, "model", *_TEMPLATE), "messages": list(messages), **more}
