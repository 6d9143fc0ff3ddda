"""One answer from a server, whole or streamed, from the chat or the completion endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ctxpipe.errors import EngineError, InterruptedAnswer
from ctxpipe.remote.arrival import Arrival
from ctxpipe.remote.client import send
from ctxpipe.remote.http_errors import StreamedError
from ctxpipe.remote.values import dig, text_of, whole
from ctxpipe.serving.openai.thoughts import Thoughts

if TYPE_CHECKING:
    import httpx2

Endpoint = Literal["chat", "completion"]
"""``/chat/completions``, or ``/completions`` for models without a chat template."""
_PATHS = {"chat": "/chat/completions", "completion": "/completions"}
_NAMES = {"chat": "chat completion", "completion": "completion"}
_REASONING = ("reasoning", "reasoning_content")
"""Fields in which servers send what a model thinks; vLLM renamed the second to the first."""
# How vLLM ends a stream if its engine stops during a request.
_BROKEN_OFF = frozenset({"abort", "error"})


@dataclass(slots=True, kw_only=True)
class Reply:
    """An answer. A server can send anything, so every field may be missing.

    Attributes:
        arrival: The text so far.
        model, finish, prompt_tokens, completion_tokens: As the server sent them; None if it did not.
        first: When the first text arrived, by ``time.perf_counter``.
        thoughts: What the model thought, which is not part of the answer.
    """

    arrival: Arrival
    thoughts: Thoughts = field(default_factory=Thoughts)
    model: str | None = None
    finish: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first: float | None = None

    def take(self, body: object, place: tuple[str, ...]) -> None:
        """Add a whole completion or a piece of a stream; its text is at ``place`` inside the choice."""
        text = text_of(dig(body, "choices", 0, *place))
        thought = next(filter(None, (text_of(dig(body, "choices", 0, *place[:-1], name)) for name in _REASONING)), "")
        if text or thought:
            self.first = self.first or time.perf_counter()
        self.thoughts.pieces.extend([thought] if thought else [])
        self._add(self.thoughts.take(text or ""))
        self.finish = text_of(dig(body, "choices", 0, "finish_reason")) or self.finish
        self.model = text_of(dig(body, "model")) or self.model
        self.prompt_tokens = whole(dig(body, "usage", "prompt_tokens")) or self.prompt_tokens
        self.completion_tokens = whole(dig(body, "usage", "completion_tokens")) or self.completion_tokens

    def end(self) -> None:
        """Add what was held back."""
        self._add(self.thoughts.end())

    def _add(self, text: str) -> None:
        if text:
            self.arrival.add(text)


async def complete(
    client: httpx2.AsyncClient, arrival: Arrival, *, body: Mapping[str, Any], stream: bool, endpoint: Endpoint
) -> Reply:
    """Request a completion and collect it.

    Raises:
        InterruptedAnswer: if the stream ends before the answer does.
        EngineError: if the response is not a completion.
        httpx2.HTTPError: if the server cannot be reached or refuses.
        StreamedError: if it sends an error inside the stream.
    """
    url = _PATHS[endpoint]
    reply = Reply(arrival=arrival)
    if not stream:
        reply.take(json.loads(await send(client, "POST", url, body)), _place("message", endpoint))
        reply.end()
        if reply.finish is None:
            raise EngineError(f"the server sent no {_NAMES[endpoint]}; it may not be OpenAI-compatible")
        return reply
    asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
    async with client.sse(url, method="POST", json=asked) as events:
        await _check(events.response)
        arrival.begun = True
        async for event in events:
            if event.data == "[DONE]":
                break
            if event.data.strip():
                reply.take(_without_error(json.loads(event.data)), _place("delta", endpoint))
        reply.end()
    if reply.finish is None or reply.finish in _BROKEN_OFF:
        raise InterruptedAnswer(arrival.text)
    return reply


def _place(part: str, endpoint: Endpoint) -> tuple[str, ...]:
    return (part, "content") if endpoint == "chat" else ("text",)


async def _check(response: httpx2.Response) -> None:
    """Check that a stream begins, not a refusal or a page."""
    if not response.is_success:
        await response.aread()
        response.raise_for_status()
    kind = response.headers.get("content-type", "nothing")
    if "event-stream" not in kind:
        raise EngineError(f"the server was asked for a stream and sent {kind[:60]}; it may not be OpenAI-compatible")


def _without_error(chunk: object) -> object:
    if error := dig(chunk, "error"):
        raise StreamedError(error)
    if dig(chunk, "object") == "error":  # older servers
        raise StreamedError(chunk)
    return chunk
