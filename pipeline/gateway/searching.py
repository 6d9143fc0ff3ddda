"""Decides on requests for ``model@corpus``: what the corpus holds on the question is put before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio

from ctxpipe.errors import ChatBudgetError, CompressionFault, CtxpipeError, EngineError, RefusedRequest
from ctxpipe.pipeline.ask.prompt import CITING
from ctxpipe.pipeline.gateway.corpora.held import Held
from ctxpipe.pipeline.gateway.corpora.names import Asked, asked_of
from ctxpipe.pipeline.gateway.corpora.search import state_of
from ctxpipe.pipeline.gateway.count import PromptCounter
from ctxpipe.pipeline.gateway.decide import Decision, Planner, limit_of, owner_of
from ctxpipe.pipeline.gateway.fit import FitRequest, Fitter
from ctxpipe.pipeline.gateway.headers import Header
from ctxpipe.pipeline.gateway.question import last_asked, question_of
from ctxpipe.pipeline.gateway.settings import Settings
from ctxpipe.pipeline.gateway.shapes.shape import Body, Kept, Message, Shape
from ctxpipe.pipeline.gateway.target import to_json
from ctxpipe.pipeline.gateway.telling import CorpusTeller
from ctxpipe.pipeline.gateway.workers import Workers
from ctxpipe.recent import Recent

_ROUNDS = 5
_SHARE = 0.5
"""Share of the room that excerpts may take where the chat is long."""
_WAITING = 16
"""Most questions that wait for a search."""
_REMEMBERED = 32
"""Searches that are remembered: a chat that calls tools asks the same several times."""
_NO_ROOM = RefusedRequest(400, "the chat leaves no room for what the corpus holds")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prompt:
    """A prompt for a corpus, and what of it is left.

    Attributes:
        shape, headers: Of the request.
        body: The request, for the model itself.
        kept: Index to what is left of a message.
        asked: Index of the message that asks.
        question: What it asks.
        tokens: Tokens with an empty context.
        limit: Most tokens.
        exact: Whether the target counts.
    """

    shape: Shape
    headers: Sequence[Header]
    body: Body
    kept: Kept
    asked: int
    question: str
    tokens: int
    limit: int
    exact: bool = True

    def with_context(self, context: str) -> Body:
        """The request with a context before its question."""
        asking = {**self.kept, self.asked: _before(self.kept[self.asked], context)}
        return self.shape.write(self.body, asking)


class CorpusPlanner:
    """Answers for corpora, and leaves all other requests to another planner.

    Args:
        settings: Options.
        counter, fitter: Count and cut chats.
        workers: Search.
        otherwise: Decides on requests for the target's own models.
        on_note: Called with a line for the operator.
    """

    def __init__(
        self,
        settings: Settings,
        counter: PromptCounter,
        fitter: Fitter,
        workers: Workers,
        otherwise: Planner,
        on_note: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._counter = counter
        self._fitter = fitter
        self._workers = workers
        self._otherwise = otherwise
        self._on_note = on_note
        self._found: Recent[object, Held] = Recent(_REMEMBERED)
        self._waiting = 0

    async def decide(self, shape: Shape, body: Body, size: int, headers: Sequence[Header]) -> Decision:
        """See ``Planner``.

        Raises:
            RefusedRequest: for a question of a corpus that cannot be answered: no model of the target has that name,
                so the request cannot go on as it came.
        """
        asked = asked_of(body.get("model"), self._settings.corpora)
        if asked is None:
            return await self._otherwise.decide(shape, body, size, headers)
        started = time.perf_counter()
        if self._waiting >= _WAITING:
            raise RefusedRequest(429, "too many questions wait for a corpus; try again")
        self._waiting += 1
        try:
            with anyio.fail_after(self._settings.corpus_seconds):
                decision = await self._answered(shape, {**body, "model": asked.model}, headers, asked)
        except TimeoutError as exc:
            raise RefusedRequest(504, f"{asked.corpus} was not searched in time") from exc
        except ChatBudgetError as exc:
            raise _NO_ROOM from exc
        except EngineError as exc:
            raise RefusedRequest(502, "the target does not count the prompt") from exc
        except RefusedRequest:
            raise
        except CtxpipeError as exc:
            self._on_note(f"{asked.corpus} cannot be searched: {exc}")
            raise RefusedRequest(503, f"{asked.corpus} cannot be searched now") from exc
        finally:
            self._waiting -= 1
        return replace(decision, seconds=time.perf_counter() - started)

    async def _answered(self, shape: Shape, body: Body, headers: Sequence[Header], asked: Asked) -> Decision:
        messages = shape.messages(body)
        question = None if messages is None else question_of(messages)
        if messages is None or not question or not question.strip():
            raise RefusedRequest(400, "a corpus answers a question, and the request has none that can be read")
        prompt, room = await self._prompt(shape, body, headers, messages, question)
        owner = owner_of(headers)
        path = self._settings.corpora[asked.corpus]
        budget = min(room, self._settings.corpus_budget)
        for _ in range(_ROUNDS):
            if budget < 1:
                raise _NO_ROOM
            held = await self._search(path, question, budget, owner)
            sent = prompt.with_context(held["text"])
            count = await self._counter.count(shape, sent, headers)
            if count.tokens <= prompt.limit:
                break
            over = (count.tokens - prompt.tokens) / room
            budget = min(budget - 1, int(held["kept_tokens"] / max(over, 1.01)))
        else:
            raise CompressionFault("the target counts more tokens than expected")
        return Decision(
            action="searched",
            body=to_json(sent),
            source_tokens=held["source_tokens"],
            sent_tokens=count.tokens,
            left_out=len(messages) - len(prompt.kept),
            cut=sum(message != messages[index] for index, message in prompt.kept.items()),
            exact=count.exact,
            corpus=asked.corpus,
            kept_tokens=held["kept_tokens"],
            teller=CorpusTeller(held),
        )

    async def _prompt(
        self, shape: Shape, body: Body, headers: Sequence[Header], messages: list[Message], question: str
    ) -> tuple[_Prompt, int]:
        """The prompt without excerpts, its chat cut where it is long, and the room for them."""
        kept = dict(enumerate(messages))
        prompt = _Prompt(
            shape=shape,
            headers=headers,
            body=body,
            kept=kept,
            asked=last_asked(messages),
            question=question,
            tokens=0,
            limit=0,
        )
        count = await self._counter.count(shape, prompt.with_context(""), headers)
        window = await self._counter.window(body, headers)
        most = self._settings.corpus_budget
        if window is None and self._settings.budget is None:
            return replace(prompt, tokens=count.tokens, limit=count.tokens + most, exact=count.exact), most
        limit = limit_of(self._settings, window, shape.answer_room(body), exact=count.exact)
        wanted = min(most, int(_SHARE * limit))
        if limit - count.tokens >= wanted:
            return replace(prompt, tokens=count.tokens, limit=limit, exact=count.exact), limit - count.tokens
        frame = count.tokens - (await self._counter.count(shape, body, headers)).tokens
        if limit - wanted - frame < 1:
            raise _NO_ROOM
        fitted = await self._fitter.fit(
            FitRequest(
                shape=shape,
                body=body,
                headers=headers,
                messages=messages,
                tokens=count.tokens - frame,
                limit=limit - wanted - frame,
                owner=owner_of(headers),
            )
        )
        left = replace(prompt, kept=fitted.kept, tokens=fitted.tokens + frame, limit=limit, exact=count.exact)
        return left, limit - left.tokens

    async def _search(self, path: Path, question: str, budget: int, owner: str) -> Held:
        """What a corpus holds on a question; the same as before for the same client, as long as its file is."""
        key = (owner, path, state_of(path), question, budget)
        if (known := self._found.get(key)) is not None:
            return known
        held = await self._workers.run({"job": "search", "corpus": str(path), "question": question, "budget": budget})
        self._found.put(key, held)
        return held


def _before(message: Mapping[str, Any], context: str) -> Message:
    """A message with a context before its first text."""
    head = f"{CITING}\n\nContext:\n{context}\n\nQuestion: "
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": head + content}
    parts = list(content or ())
    for place, part in enumerate(parts):
        if isinstance(part, Mapping) and isinstance(part.get("text"), str) and part["text"].strip():
            parts[place] = {**part, "text": head + part["text"]}
            break
    return {**message, "content": parts}
