"""Requests to a target model, and its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant"]
OnText = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of a target.

    Attributes:
        text: The answer, without what the model thought before it.
        model: The model, as the target names it.
        prompt_tokens, completion_tokens: As the target counts them.
        finish_reason: ``"stop"`` if the model ended by itself, ``"length"`` if it reached a limit.
        seconds: From sending the prompt to the last token.
        first_token_seconds: From sending the prompt to the first token; None if it was not streamed.
        reasoning: What the model thought before it answered, where that is told apart.
    """

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: Literal["stop", "length"]
    seconds: float
    first_token_seconds: float | None = None
    reasoning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLikelihood:
    """The likelihood of a given answer under a target.

    Attributes:
        token_ids: The answer's tokens.
        logprobs: Natural log-probability of each token, given the prompt and the tokens before it.
        prompt_tokens: Tokens of the rendered prompt, without the answer.
        seconds: Duration of the request.
    """

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    prompt_tokens: int
    seconds: float

    @property
    def total(self) -> float:
        """Log-probability of the whole answer, in nats."""
        return sum(self.logprobs)

    @property
    def mean(self) -> float:
        """Log-probability per token, in nats."""
        return self.total / len(self.logprobs)


class Engine(Protocol):
    """A target model. ``answer`` asks it; the other members describe it.

    A request inside a ``ctxpipe.Cancellation`` should end when that is cancelled.

    Attributes:
        name: Registry name of the engine (``"local"``, ``"openai"``, ``"fake"``).
        model: The model's name for messages and results.
        window: Most tokens of prompt and answer together.
    """

    name: str
    model: str
    window: int

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the whole rendered prompt: template, special tokens and generation prompt included."""
        ...

    def answer(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, on_text: OnText | None = None
    ) -> Answer:
        """Answer a chat.

        Args:
            messages: The chat, the last turn being the user's.
            max_tokens: Most tokens of the answer.
            temperature: 0 is greedy.
            on_text: Called with each piece of text as it arrives; if given, the engine streams.

        Raises:
            EngineError: for any failure; see ``ctxpipe.errors``.
        """
        ...


@runtime_checkable
class ModestEngine(Protocol):
    """An engine that says how much context it reads well.

    Attributes:
        well_read: Tokens of context that it reads well and soon; None for no such limit. What is sent when nobody
            names a size.
    """

    well_read: int | None


def well_read(engine: Engine) -> int | None:
    """Tokens of context that an engine reads well and soon; None if it does not say."""
    return engine.well_read if isinstance(engine, ModestEngine) else None


@runtime_checkable
class MeasuredEngine(Protocol):
    """An engine whose server has counters."""

    def metrics(self) -> ServerMetrics | None:
        """The server's counters now; None if it has none, which is not an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMetrics:
    """A server's counters at one time, over all requests since its start.

    Attributes:
        prompt_tokens: Tokens of prompts, read from the cache or computed.
        cache_queries: Tokens looked for in the prefix cache.
        cache_hits: Tokens found there.
        cache_usage: Share of the key-value cache's memory in use now, 0 to 1.
        first_tokens: Requests that got their first token.
        first_token_seconds: Sum of their times to first token.
    """

    prompt_tokens: int
    cache_queries: int
    cache_hits: int
    cache_usage: float
    first_tokens: int
    first_token_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUse:
    """The difference of two readings of a server's counters. Requests of other clients are included.

    Attributes:
        requests: Requests that got their first token in that time; 1 if there were no other clients.
        prompt_tokens: Tokens of their prompts.
        cache_queries: Tokens of them that were looked for in the prefix cache.
        cache_hits: Tokens of them that were found there and not computed.
        cache_usage: Share of the key-value cache's memory in use at the end, 0 to 1.
        first_token_seconds: Seconds from a request's arrival to its first token, on average; None without requests.
    """

    requests: int
    prompt_tokens: int
    cache_queries: int
    cache_hits: int
    cache_usage: float
    first_token_seconds: float | None
