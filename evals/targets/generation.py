"""Layer 3: a target's answer to a question about a context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ctxpipe.errors import UsageError, WindowError
from ctxpipe.evals.targets.likelihood import Ask, turns
from ctxpipe.remote.cancel import in_threads

if TYPE_CHECKING:
    from ctxpipe.serving.types import Engine

ANSWER_TOKENS = 64
"""Default for the most tokens of an answer; most scores ignore what comes later."""
CONCURRENT = 8
"""Requests to a server at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The answer of a target.

    Attributes:
        text: The answer; None if prompt and answer did not fit the window.
        prompt_tokens, completion_tokens: As the target counts them.
        seconds: From sending the prompt to the last token.
        first_token_seconds: From sending the prompt to the first token; None if not known.
    """

    text: str | None
    prompt_tokens: int
    completion_tokens: int = 0
    seconds: float = 0.0
    first_token_seconds: float | None = None


class Generator:
    """Asks an engine with greedy decoding, a server with several requests at a time.

    Args:
        engine: The target.
        max_tokens: Most tokens of an answer.
        concurrent: Requests at a time; 1 for the local engine, which answers one at a time.

    Attributes:
        engine, max_tokens, concurrent: As given.
        model, revision: Name of the model, and all that its answers depend on.

    Raises:
        UsageError: if ``max_tokens`` is below 1.
    """

    def __init__(self, engine: Engine, *, max_tokens: int = ANSWER_TOKENS, concurrent: int | None = None) -> None:
        if max_tokens < 1:
            raise UsageError(f"max_tokens must be at least 1, not {max_tokens}")
        self.model = engine.model
        self.max_tokens = max_tokens
        self.revision = f"{engine.name}/{engine.model}/{engine.window}/greedy/{max_tokens}"
        self.engine = engine
        self.concurrent = concurrent or (1 if engine.name == "local" else CONCURRENT)

    def answer(self, asks: Sequence[Ask]) -> list[Generated]:
        """Answer all requests, in order.

        Raises:
            EngineError: for any failure other than a full window.
        """
        if self.concurrent == 1:
            return [self._answer(ask) for ask in asks]
        return in_threads(self._answer, asks, threads=self.concurrent)

    def _answer(self, ask: Ask) -> Generated:
        try:
            # With on_text an engine streams, which gives the time to first token.
            answer = self.engine.answer(turns(ask), max_tokens=self.max_tokens, on_text=_ignore)
        except WindowError as exc:
            return Generated(text=None, prompt_tokens=exc.prompt_tokens)
        return Generated(
            text=answer.text,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            seconds=answer.seconds,
            first_token_seconds=answer.first_token_seconds,
        )


def _ignore(piece: str) -> None:
    return None
