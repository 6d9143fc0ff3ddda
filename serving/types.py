"""What goes to a target model and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

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


class Engine(Protocol):
    """A target model. Everything that is asked of it goes through ``answer``; the rest describes it.

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
