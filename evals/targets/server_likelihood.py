"""Layer 2 through a vLLM server: its log-probabilities for the tokens of an answer."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ctxpipe.errors import UsageError, WindowError
from ctxpipe.evals.targets.likelihood import Ask, Likelihood, turns
from ctxpipe.remote.cancel import in_threads

CONCURRENT = 8
"""Requests at a time."""


class ServerTarget:
    """A model on a vLLM server, asked for the log-probabilities of the right answers.

    Args:
        url: The server, with or without ``/v1``.
        model: The model; by default the server's only one.
        window: Limit on the tokens of prompt and answer together, if lower than what the server reports.
        timeout: Deadline of a request in seconds.
        api_key: Sent to the server; by default from the environment.
        concurrent: Requests at a time.

    Raises:
        UsageError: for the reasons of ``ctxpipe.serving.OpenAIEngine``.
        EngineError: if the server cannot be reached.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        window: int | None = None,
        timeout: float = 300.0,
        api_key: str | None = None,
        concurrent: int = CONCURRENT,
    ) -> None:
        from ctxpipe.remote.address import parse_address
        from ctxpipe.serving.openai.engine import OpenAIEngine

        self._engine = OpenAIEngine(
            url, model=model, window=window, timeout=timeout, api_key=api_key, concurrency=concurrent
        )
        self._concurrent = concurrent
        self.model, self.window = self._engine.model, self._engine.window
        self.revision = f"{parse_address(url).base}/{self.model}/{self.window}"

    def score(self, asks: Sequence[Ask]) -> list[Likelihood]:
        """Score requests, several at a time.

        Raises:
            EngineError: if the server cannot be reached, refuses, or returns no prompt log-probabilities.
        """
        return in_threads(self._score, asks, threads=self._concurrent)

    def _score(self, ask: Ask) -> Likelihood:
        if not ask.answers:
            raise UsageError(f"the answers to {ask.question!r} are empty")
        started = time.perf_counter()
        chat = turns(ask)
        try:
            likelihoods = self._engine.log_likelihoods(chat, ask.answers)
        except WindowError:
            seconds = time.perf_counter() - started
            return Likelihood(nll=None, prompt_tokens=self._engine.count(chat), seconds=seconds)
        return Likelihood(
            nll=min(-one.mean for one in likelihoods),
            prompt_tokens=likelihoods[0].prompt_tokens,
            seconds=sum(one.seconds for one in likelihoods),
        )
