"""Fits a prompt to a number of the target's tokens, and sends earlier turns again the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ctxpipe.errors import ChatBudgetError, CompressionFault
from ctxpipe.pipeline.gateway.count import PromptCounter
from ctxpipe.pipeline.gateway.headers import Header
from ctxpipe.pipeline.gateway.memory import ConversationMemory, keys_of
from ctxpipe.pipeline.gateway.shapes.shape import Body, Message, Shape, tools_of
from ctxpipe.pipeline.gateway.workers import Workers

_ROUNDS = 5
_ENOUGH = 0.9
"""Share of the room that is well used; below it a second try looks for more."""
_FILL = 0.6
"""Share of the room that a conversation is cut to: later turns then go behind it as they are, and it stays cached."""
_MARGIN = 8
"""Tokens by which the first try stays below what the estimate allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """A prompt to be fitted.

    Attributes:
        shape: Its kind.
        body: The request.
        headers: The client's.
        messages: Its messages.
        tokens: Its tokens.
        limit: Most tokens.
        owner: The client's key, hashed.
    """

    shape: Shape
    body: Body
    headers: Sequence[Header]
    messages: Sequence[Message]
    tokens: int
    limit: int
    owner: str

    @property
    def is_conversation(self) -> bool:
        """Whether there are earlier turns."""
        return sum(message.get("role") not in ("system", "developer") for message in self.messages) > 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A prompt that fits.

    Attributes:
        body: The request.
        kept: Index to what is left of a message.
        tokens: Its tokens.
        remembered: How many messages were decided on in an earlier request.
    """

    body: Body
    kept: Mapping[int, Message]
    tokens: int
    remembered: int = 0


class Fitter:
    """Cuts prompts until the target counts few enough tokens.

    Args:
        counter: Counts.
        workers: Cut.
        memory: Knows what was done to earlier turns.
    """

    def __init__(self, counter: PromptCounter, workers: Workers, memory: ConversationMemory) -> None:
        self._counter = counter
        self._workers = workers
        self._memory = memory

    async def fit(self, request: FitRequest) -> Fitted:
        """Fit a prompt.

        Raises:
            ChatBudgetError: when what must stay is more than the limit.
            CompressionFault: if it cannot be cut.
            EngineError: if it cannot be counted.
        """
        around = (
            request.owner,
            request.shape.name,
            request.body.get("model"),
            request.limit,
            tools_of(request.body),
        )
        keys = keys_of(request.messages, *around)
        fitted = await self._as_before(request, keys) or await self._anew(request)
        self._memory.put(keys, request.messages, fitted.kept)
        return fitted

    async def _as_before(self, request: FitRequest, keys: Sequence[bytes]) -> Fitted | None:
        """With earlier turns as they were sent before, and only what is new cut; None if that does not fit."""
        decision = self._memory.find(keys)
        if decision is None:
            return None
        kept = decision.apply(request.messages)
        fitted = await self._counted(request, kept, decision.messages)
        if fitted.tokens <= request.limit:
            return fitted
        order = sorted(kept)
        fixed = sum(index < decision.messages for index in order)
        if fixed == len(order):
            return None
        try:
            cut = await self._cut(request, {index: kept[index] for index in order}, fitted.tokens, request.limit, fixed)
        except ChatBudgetError:
            return None
        return replace(cut, remembered=decision.messages)

    async def _anew(self, request: FitRequest) -> Fitted:
        """With all turns decided on again."""
        chat = dict(enumerate(request.messages))
        if request.is_conversation:
            try:
                return await self._cut(request, chat, request.tokens, int(_FILL * request.limit), 0)
            except ChatBudgetError:
                pass  # what must stay needs more
        return await self._cut(request, chat, request.tokens, request.limit, 0)

    async def _cut(self, request: FitRequest, chat: Mapping[int, Message], tokens: int, aim: int, fixed: int) -> Fitted:
        """Cut a chat to about ``aim`` tokens, and never above the limit.

        Args:
            request: The request.
            chat: Its messages, or what is left of them, by index and in order.
            tokens: Of the chat.
            aim: Tokens to come close to.
            fixed: How many of the messages stay as they are.
        """
        order, messages = list(chat), list(chat.values())
        job = {"job": "fit", "messages": messages, "fixed": fixed, "tools": tools_of(request.body)}
        size: dict[str, Any] = {"share": max(0.0, (aim - _MARGIN) / tokens)}
        best: Fitted | None = None
        known: tuple[float, float] | None = None
        for number in range(_ROUNDS):
            made = await self._workers.run({**job, **size, "source_tokens": tokens})
            fitted = await self._counted(request, {order[index]: message for index, message in made["kept"]}, 0)
            fits = fitted.tokens <= request.limit
            if fits and (best is None or fitted.tokens > best.tokens):
                best = fitted
            used = _budget(size, made)
            if fits and (number or fitted.tokens >= _ENOUGH * aim or made["estimate"] < _ENOUGH * used):
                break
            now = float(made["estimate"]), float(fitted.tokens)
            budget = _next(known or (float(made["source_estimate"]), float(tokens)), now, aim - _MARGIN)
            size = {"budget": max(1, int(budget if fits else min(budget, used - 1)))}
            known = now
        if best is None:
            raise CompressionFault("the target counts more tokens than expected")
        return best

    async def _counted(self, request: FitRequest, kept: Mapping[int, Message], remembered: int) -> Fitted:
        """The request with what is left, counted."""
        body = request.shape.write(request.body, kept)
        count = await self._counter.count(request.shape, body, request.headers)
        return Fitted(body=body, kept=kept, tokens=count.tokens, remembered=remembered)


def _next(before: tuple[float, float], now: tuple[float, float], aim: float) -> float:
    """The estimate at which the target counts ``aim`` tokens, by a line through two known pairs of both."""
    (x, y), (estimate, counted) = before, now
    slope = (y - counted) / (x - estimate) if x != estimate else counted / max(1.0, estimate)
    return estimate + (aim - counted) / max(0.2, slope)


def _budget(size: Mapping[str, Any], made: Mapping[str, Any]) -> float:
    return float(size["budget"] if "budget" in size else size["share"] * made["source_estimate"])
