"""Decides what of a request is sent on, within a deadline, and never at the cost of the request."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import anyio

from ctxpipe.errors import ChatBudgetError, CtxpipeError
from ctxpipe.pipeline.gateway.count import Count, PromptCounter
from ctxpipe.pipeline.gateway.fit import FitRequest, Fitted, Fitter
from ctxpipe.pipeline.gateway.headers import CREDENTIALS, Header
from ctxpipe.pipeline.gateway.settings import Settings
from ctxpipe.pipeline.gateway.shapes.shape import Body, Message, Shape
from ctxpipe.pipeline.gateway.target import to_json

Action = Literal["passed", "compressed", "failed-open", "audited", "searched"]

_SURELY = 4
"""A prompt of text with this many times fewer bytes than the room has tokens fits, and is not counted."""
_ANSWER = 512
"""Tokens left for an answer whose length the request does not name, if the prompt must be cut; at most
``_ANSWER_SHARE`` of the window."""
_ANSWER_SHARE = 0.25
_CAUTION = 0.95
"""Share of the room that is used if the target cannot count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is sent on, and what there is to say about it.

    Attributes:
        action: What was done.
        body: The request written anew; None if it goes on as it came.
        source_tokens, sent_tokens: Tokens of the prompt before and after; None if it was not counted.
        left_out, cut: Messages that were left out, and that were shortened.
        remembered: Messages that were sent as in an earlier request.
        exact: Whether the target counted.
        seconds: Spent on it.
        reason: Why it was not fitted.
        corpus: Name of the corpus that was searched, of which ``source_tokens`` are.
        kept_tokens: Tokens of what was found in it, as estimated.
        teller: Tells what the answer rests on; None for an answer that is passed on as it is.
    """

    action: Action
    body: bytes | None = None
    source_tokens: int | None = None
    sent_tokens: int | None = None
    left_out: int = 0
    cut: int = 0
    remembered: int = 0
    exact: bool = True
    seconds: float = 0.0
    reason: str = ""
    corpus: str = ""
    kept_tokens: int | None = None
    teller: Teller | None = None

    def summary(self) -> dict[str, Any]:
        """What is said of it, in headers, logs and annotated answers."""
        said: dict[str, Any] = {"action": self.action}
        for name in ("source_tokens", "sent_tokens", "kept_tokens"):
            if getattr(self, name) is not None:
                said[name] = getattr(self, name)
        if self.corpus:
            said["corpus"] = self.corpus
        if self.action in ("compressed", "audited", "searched"):
            said |= {"left_out": self.left_out, "cut": self.cut, "remembered": self.remembered}
        if not self.exact:
            said["counted"] = "estimated"
        said["seconds"] = round(self.seconds, 4)
        return said | ({"reason": self.reason} if self.reason else {})

    def headers(self) -> list[Header]:
        """The same as headers of the answer."""
        return [
            (b"x-ctxpipe-" + name.replace("_", "-").encode(), str(value).encode("latin-1", "replace"))
            for name, value in self.summary().items()
        ]


class Teller(Protocol):
    """Adds what an answer rests on to the answer."""

    async def whole(self, answer: dict[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
        """An answer with more members."""
        ...

    def stream(self, parts: AsyncIterator[bytes], summary: Mapping[str, Any]) -> AsyncIterator[bytes]:
        """A stream of events with one more."""
        ...


class Planner(Protocol):
    """Decides on requests; one that answers for a corpus stands before the one that fits."""

    async def decide(self, shape: Shape, body: Body, size: int, headers: Sequence[Header]) -> Decision:
        """Decide on a request, whatever happens.

        Args:
            shape: Its kind.
            body: The request.
            size: Its bytes.
            headers: The client's.

        Raises:
            RefusedRequest: for a request that cannot go on as it came.
        """
        ...


class FittingPlanner:
    """Fits prompts into the target's window.

    Args:
        settings: Options.
        counter: Counts.
        fitter: Cuts.
    """

    def __init__(self, settings: Settings, counter: PromptCounter, fitter: Fitter) -> None:
        self._settings = settings
        self._counter = counter
        self._fitter = fitter

    async def decide(self, shape: Shape, body: Body, size: int, headers: Sequence[Header]) -> Decision:
        """See ``Planner``."""
        started = time.perf_counter()
        known: list[Count] = []
        try:
            decision = self._without_counting(shape, body, size)
            if decision is None:
                with anyio.fail_after(self._settings.deadline):
                    decision = await self._counted(shape, body, headers, known)
        except TimeoutError:
            decision = _failed(known, f"not done within {self._settings.deadline:g} s")
        except ChatBudgetError:
            decision = _failed(known, "what must stay does not fit")
        except CtxpipeError as error:
            decision = _failed(known, _line(error))
        except Exception as error:
            # Its text may quote the request.
            decision = _failed(known, f"fault: {type(error).__name__}")
        return replace(decision, seconds=time.perf_counter() - started)

    def _without_counting(self, shape: Shape, body: Body, size: int) -> Decision | None:
        """What needs no question to the target: a request that is no prompt, or surely fits; None for others."""
        settings = self._settings
        window = self._counter.known_window(body)
        room = 0 if window is None else _least(settings.budget, window - (shape.answer_room(body) or 1))
        messages = shape.messages(body)
        if messages is None:
            return Decision(action="passed", reason="not a prompt that can be fitted")
        surely = not settings.audit and _SURELY * size <= room and _is_text(messages)
        return Decision(action="passed") if surely else None

    async def _counted(self, shape: Shape, body: Body, headers: Sequence[Header], known: list[Count]) -> Decision:
        messages = shape.messages(body) or []
        settings, asked = self._settings, shape.answer_room(body)
        count = await self._counter.count(shape, body, headers)
        known.append(count)
        window = await self._counter.window(body, headers)
        if window is None and settings.budget is None:
            return replace(_passed(count), reason="the target does not say its window; give --window")
        accepted = _least(settings.budget, None if window is None else window - (asked or 1))
        if count.tokens <= accepted:
            return _passed(count)
        limit = limit_of(settings, window, asked, exact=count.exact)
        if limit < 1:
            return _failed(known, "the answer asked for leaves no room for a prompt")
        request = FitRequest(
            shape=shape,
            body=body,
            headers=headers,
            messages=messages,
            tokens=count.tokens,
            limit=limit,
            owner=owner_of(headers),
        )
        return self._made(request, await self._fitter.fit(request), count.exact)

    def _made(self, request: FitRequest, fitted: Fitted, exact: bool) -> Decision:
        audit = self._settings.audit
        return Decision(
            action="audited" if audit else "compressed",
            body=None if audit else to_json(fitted.body),
            source_tokens=request.tokens,
            sent_tokens=fitted.tokens,
            left_out=len(request.messages) - len(fitted.kept),
            cut=sum(message != request.messages[index] for index, message in fitted.kept.items()),
            remembered=fitted.remembered,
            exact=exact,
        )


def limit_of(settings: Settings, window: int | None, asked: int | None, *, exact: bool) -> int:
    """Most tokens of a prompt that is made to fit.

    Args:
        settings: Options.
        window: The target's window; None if it is not known.
        asked: Tokens that the request asks for its answer.
        exact: Whether the target counts.
    """
    answer = asked or (0 if window is None else min(_ANSWER, int(_ANSWER_SHARE * window)))
    limit = _least(settings.budget, None if window is None else window - answer)
    return limit if exact else int(_CAUTION * limit)


def _passed(count: Count) -> Decision:
    return Decision(action="passed", source_tokens=count.tokens, sent_tokens=count.tokens, exact=count.exact)


def _failed(known: Sequence[Count], reason: str) -> Decision:
    count = known[0] if known else None
    tokens = None if count is None else count.tokens
    exact = count is None or count.exact
    return Decision(action="failed-open", source_tokens=tokens, sent_tokens=tokens, exact=exact, reason=reason)


def _line(error: CtxpipeError) -> str:
    """An error as one line that quotes no server."""
    status = getattr(error, "status", None)
    return f"the target answered {status} to a count" if status else " ".join(str(error).split())[:200]


def _least(*values: int | None) -> int:
    return min((value for value in values if value is not None), default=0)


def _is_text(messages: Sequence[Message]) -> bool:
    """Whether no message has a part of which a template makes more tokens than it has bytes."""
    contents = [message.get("content") for message in messages]
    return all(
        content is None or isinstance(content, str) or (isinstance(content, list) and all(map(_is_text_part, content)))
        for content in contents
    )


def _is_text_part(part: object) -> bool:
    kinds = ("text", "input_text", "output_text", "tool_use", "thinking")
    return isinstance(part, Mapping) and part.get("type") in kinds


def owner_of(headers: Sequence[Header]) -> str:
    """The client's key, hashed."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in headers:
        if name.lower() in CREDENTIALS:
            digest.update(b"%d:%b" % (len(value), value))
    return digest.hexdigest()
