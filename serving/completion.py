"""One chat completion over the wire, whole or streamed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ctxpipe.errors import EngineError, InterruptedAnswer

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# vLLM ends a stream so when its engine stops under a running request.
_BROKEN_OFF = frozenset({"abort", "error"})


@dataclass(slots=True, kw_only=True)
class Reply:
    """What has arrived of an answer. A server may send anything, so nothing is taken for granted but its absence.

    Attributes:
        deliver: Called with every piece of text as it arrives.
        begun: Whether the server has accepted the request and begun to stream.
        pieces: The text so far.
        model, finish, prompt_tokens, completion_tokens: What the server said; None where it did not.
        first: When the first text arrived, by ``time.perf_counter``.
    """

    deliver: Callable[[str], None]
    begun: bool = False
    pieces: list[str] = field(default_factory=list)
    model: str | None = None
    finish: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first: float | None = None

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)

    def take(self, body: object, holder: str) -> None:
        """Add a whole completion (its text is in ``"message"``) or a piece of a stream (in ``"delta"``)."""
        text = _text(dig(body, "choices", 0, holder, "content"))
        if text:
            self.first = self.first or time.perf_counter()
            self.pieces.append(text)
            self.deliver(text)
        self.finish = _text(dig(body, "choices", 0, "finish_reason")) or self.finish
        self.model = _text(dig(body, "model")) or self.model
        self.prompt_tokens = whole(dig(body, "usage", "prompt_tokens")) or self.prompt_tokens
        self.completion_tokens = whole(dig(body, "usage", "completion_tokens")) or self.completion_tokens


async def complete(client: AsyncOpenAI, reply: Reply, *, body: Mapping[str, Any], stream: bool) -> Reply:
    """Ask for a completion and collect it in ``reply``.

    Raises:
        InterruptedAnswer: if the stream ends before the answer does.
        EngineError: if what comes back is no completion.
        openai.APIError: for whatever the SDK reports.
    """
    create: Any = client.chat.completions.create
    if not stream:
        reply.take(await create(**body), "message")
        if reply.finish is None:
            raise EngineError("the server sent no chat completion; it may not be OpenAI-compatible")
        return reply
    async with await create(**body, stream=True, stream_options={"include_usage": True}) as chunks:
        kind = chunks.response.headers.get("content-type", "nothing")
        if "event-stream" not in kind:
            raise EngineError(
                f"the server was asked for a stream and sent {kind[:60]}; it may not be OpenAI-compatible"
            )
        reply.begun = True
        async for chunk in chunks:
            reply.take(chunk, "delta")
    if reply.finish is None or reply.finish in _BROKEN_OFF:
        raise InterruptedAnswer(reply.text)
    return reply


def dig(value: object, *path: str | int) -> object:
    """What lies at ``path`` inside of lists, mappings and objects; None where there is no such place."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else getattr(value, step, None)
    return value


def whole(value: object) -> int | None:
    """The value if it is an integer of 0 or more."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
