"""Counts prompts as the target does, and knows its windows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.errors import CompressionFault, EngineError, RejectedError
from ctxpipe.pipeline.gateway.headers import Header, for_counting
from ctxpipe.pipeline.gateway.shapes.shape import Body, Counting, Shape, tools_of
from ctxpipe.pipeline.gateway.target import TargetClient
from ctxpipe.pipeline.gateway.workers import Workers
from ctxpipe.recent import Recent
from ctxpipe.remote.served import NO_ENDPOINT
from ctxpipe.remote.values import dig, text_of, whole
from ctxpipe.serving.openai.counts import names

_FRESH = 60.0
"""Seconds for which a window, or the lack of an endpoint, is believed."""
_MODELS = 256
_REFUSED = frozenset({400, 413, 422})


class Count(NamedTuple):
    """Tokens of a prompt.

    Attributes:
        tokens: How many.
        exact: Whether the target counted them.
    """

    tokens: int
    exact: bool = True


class PromptCounter:
    """Counts with the target's endpoints, else with an estimate of a worker's.

    Args:
        target: The target.
        workers: Estimate where the target cannot count.
        window: The window of all models; None to ask the target.
    """

    def __init__(self, target: TargetClient, workers: Workers, *, window: int | None) -> None:
        self._target = target
        self._workers = workers
        self._window = window
        self._windows: Recent[str, tuple[int | None, float]] = Recent(_MODELS)
        self._missing: dict[str, float] = {}

    def known_window(self, body: Body) -> int | None:
        """The window of a request's model, if it was learnt a short while ago."""
        if self._window:
            return self._window
        found, until = self._learnt(_model(body))
        return found if until > time.monotonic() else None

    async def window(self, body: Body, headers: Sequence[Header]) -> int | None:
        """The window of a request's model; None if the target does not say.

        Raises:
            EngineError: if the target does not answer.
        """
        model = _model(body)
        if self._window:
            return self._window
        found, until = self._learnt(model)
        if until > time.monotonic():
            return found
        try:
            said = await self._target.ask(b"/v1/models", for_counting(headers, self._target.host))
        except RejectedError as exc:
            if exc.status not in NO_ENDPOINT:
                raise
            said = None
        listed = dig(said, "data")
        for one in listed if isinstance(listed, list) else ():
            if text_of(dig(one, "id")):
                # vLLM's name for it, and Anthropic's.
                self._learn(
                    str(dig(one, "id")), whole(dig(one, "max_model_len")) or whole(dig(one, "max_input_tokens"))
                )
        if self._learnt(model)[1] <= time.monotonic():
            self._learn(model, None)
        return self._learnt(model)[0]

    async def count(self, shape: Shape, body: Body, headers: Sequence[Header]) -> Count:
        """Tokens of a request's prompt.

        Raises:
            EngineError: if the target does not answer, or refuses to count.
            CompressionFault: if it cannot count and no worker can.
        """
        ways = shape.countings(body)
        for number, counting in enumerate(ways, start=1):
            if self._missing.get(counting.path, 0.0) > time.monotonic():
                continue
            try:
                tokens = await self._asked(counting, body, headers)
            except RejectedError as exc:
                # vLLM refuses to count messages that are longer than its window, and counts the same as a chat.
                if number == len(ways) or exc.status not in _REFUSED:
                    raise
                continue
            if tokens is not None:
                return Count(tokens)
        result = await self._workers.run({"job": "count", "messages": shape.messages(body), "tools": tools_of(body)})
        estimated = whole(result.get("tokens"))
        if estimated is None:
            raise CompressionFault("the process that compresses gave no count")
        return Count(estimated, exact=False)

    async def _asked(self, counting: Counting, body: Body, headers: Sequence[Header]) -> int | None:
        """The target's count; None, for a while, if it has no such endpoint."""
        path = (b"/v1" if counting.place == "base" else b"") + counting.path.encode()
        try:
            said = await self._target.ask(path, for_counting(headers, self._target.host), counting.body)
        except RejectedError as exc:
            # vLLM answers 404 for a model that it does not serve, too; no client may switch off counting that way.
            if exc.status not in NO_ENDPOINT or names(str(exc), _model(body)):
                raise
            self._missing[counting.path] = time.monotonic() + _FRESH
            return None
        tokens = whole(dig(said, counting.answer))
        if tokens is None:
            raise EngineError("the target answered without a count")
        window = whole(dig(said, "max_model_len"))
        if window and not self._window:
            self._learn(_model(body), window)
        return tokens

    def _learnt(self, model: str) -> tuple[int | None, float]:
        """The window of a model, and until when that counts."""
        return self._windows.get(model) or (None, 0.0)

    def _learn(self, model: str, window: int | None) -> None:
        self._windows.put(model, (window, time.monotonic() + _FRESH))


def _model(body: Body) -> str:
    model = body.get("model")
    return model if isinstance(model, str) else ""
