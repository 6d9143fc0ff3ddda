"""What goes to a target model and what comes back."""

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
    """What a target said.

    Attributes:
        text: The answer.
        model: Model that gave it, as the target names it.
        prompt_tokens, completion_tokens: As the target counts them.
        finish_reason: ``"stop"`` when the model ended by itself, ``"length"`` when it ran out of room.
        seconds: From sending the prompt to the last token.
        first_token_seconds: From sending the prompt to the first token; None when it was not streamed.
    """

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: Literal["stop", "length"]
    seconds: float
    first_token_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLikelihood:
    """How likely a target finds a given answer.

    Attributes:
        token_ids: The answer's tokens.
        logprobs: Natural logarithm of each one's probability, given the prompt and the tokens before it.
        prompt_tokens: Tokens of the rendered prompt, without the answer.
        seconds: What the request took.
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
        """The same per token."""
        return self.total / len(self.logprobs)


class Engine(Protocol):
    """A target model. Everything that is asked of it goes through ``answer``; the rest describes it.

    A request that runs inside of a ``ctxpipe.remote.cancel.Cancellation`` should end when that is cancelled.

    Attributes:
        name: Registry name of the engine (``"local"``, ``"openai"``, ``"fake"``).
        model: The model's name as people know it.
        window: Tokens that prompt and answer may have together.
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
        """Ask.

        Args:
            messages: The chat, the last turn being the user's.
            max_tokens: Most tokens that the answer may have.
            temperature: 0 is greedy.
            on_text: Called with each piece of text as it arrives; given one, the engine streams.

        Raises:
            EngineError: mapped from whatever went wrong; see ``ctxpipe.errors``.
        """
        ...


@runtime_checkable
class MeasuredEngine(Protocol):
    """An engine whose server counts about itself. It offers this beside what every engine does."""

    def metrics(self) -> ServerMetrics | None:
        """The server's counters now; None where it tells none, which is never an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMetrics:
    """A server's counters at one time, over all of its requests since it started.

    Attributes:
        prompt_tokens: Tokens of prompts, read from the cache or computed.
        cache_queries: Tokens looked for in the prefix cache.
        cache_hits: Tokens found there.
        cache_usage: Share of the key-value cache's memory in use now, 0 to 1.
        first_tokens: Requests that got their first token.
        first_token_seconds: Seconds that these waited for it, all together.
    """

    prompt_tokens: int
    cache_queries: int
    cache_hits: int
    cache_usage: float
    first_tokens: int
    first_token_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUse:
    """What a server did between two readings. Requests of other clients in that time are in it, too.

    Attributes:
        requests: Requests that got their first token in that time; 1 when nobody else asked.
        prompt_tokens: Tokens of their prompts.
        cache_queries: Tokens of them that were looked for in the prefix cache.
        cache_hits: Tokens of them that were found there, so that nothing had to be computed.
        cache_usage: Share of the key-value cache's memory in use at the end, 0 to 1.
        first_token_seconds: Seconds from a request's arrival to its first token, on average; None without requests.
    """

    requests: int
    prompt_tokens: int
    cache_queries: int
    cache_hits: int
    cache_usage: float
    first_token_seconds: float | None
