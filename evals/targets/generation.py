"""Layer 3: what a target answers to a context and a question."""

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
"""Most tokens of an answer; what comes later is not looked at by most scores."""
CONCURRENT = 8
"""Requests to a server that are under way at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What a target answered.

    Attributes:
        text: The answer; None when prompt and answer did not fit the window.
        prompt_tokens, completion_tokens: As the target counts them.
        seconds: From sending the prompt to the last token.
        first_token_seconds: From sending it to the first one; None where that is not known.
    """

    text: str | None
    prompt_tokens: int
    completion_tokens: int = 0
    seconds: float = 0.0
    first_token_seconds: float | None = None


class Generator:
    """Asks an engine greedily, a server several times at once.

    Args:
        engine: The target.
        max_tokens: Most tokens of an answer.
        concurrent: Requests under way at a time; 1 for the local engine, which answers one at a time anyway.

    Raises:
        UsageError: for an answer of less than one token.
    """

    def __init__(self, engine: Engine, *, max_tokens: int = ANSWER_TOKENS, concurrent: int | None = None) -> None:
        if max_tokens < 1:
            raise UsageError(f"an answer needs at least 1 token, not {max_tokens}")
        self.model = engine.model
        self.max_tokens = max_tokens
        self.revision = f"{engine.name}/{engine.model}/{engine.window}/greedy/{max_tokens}"
        self._engine = engine
        self._concurrent = concurrent or (1 if engine.name == "local" else CONCURRENT)

    def answer(self, asks: Sequence[Ask]) -> list[Generated]:
        """Ask all, and give the answers in order.

        Raises:
            EngineError: if the target gives no answer for another reason than the window.
        """
        if self._concurrent == 1:
            return [self._answer(ask) for ask in asks]
        return in_threads(self._answer, asks, threads=self._concurrent)

    def _answer(self, ask: Ask) -> Generated:
        try:
            # Given somewhere to put the pieces, an engine streams, and so knows when the first token came.
            answer = self._engine.answer(turns(ask), max_tokens=self.max_tokens, on_text=_ignore)
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
