"""Layer 2 through a vLLM server: the log-probabilities that it gives for the tokens of a prompt."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ctxpipe.errors import EngineError, UsageError, WindowError
from ctxpipe.evals.likelihood import Ask, Likelihood, turns

CONCURRENT = 8
"""Requests under way at a time."""


class ServerTarget:
    """A model behind a vLLM server, asked with ``prompt_logprobs`` on ``/v1/completions``.

    Prompt and answer go there as token ids, which ``/tokenize`` makes with the model's own chat template.

    Args:
        url: The server, with or without ``/v1``.
        model: The model; the served one when there is only one.
        window: Tokens that prompt and answer may have together, when fewer than the server says.
        timeout: Seconds that a request may take.
        api_key: Sent to the server; by default from the environment.
        concurrent: Requests under way at a time.

    Raises:
        UsageError: as ``ctxpipe.serving.openai_client.OpenAIEngine``.
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
        from ctxpipe.remote.transport import Transport, find_key
        from ctxpipe.serving.openai_client import OpenAIEngine

        engine = OpenAIEngine(url, model=model, window=window, timeout=timeout, api_key=api_key)
        address = parse_address(url)
        self.model, self.window = engine.model, engine.window
        self.revision = f"{address.base}/{engine.model}/{engine.window}"
        self._root, self._timeout, self._concurrent = address.root, timeout, concurrent
        self._transport = Transport(base=address.base, key=find_key(api_key), retries=3, backoff=0.5)

    def score(self, asks: Sequence[Ask]) -> list[Likelihood]:
        """Score asks, several at a time.

        Raises:
            EngineError: if the server cannot be reached, refuses, or gives no prompt log-probabilities.
        """
        with ThreadPoolExecutor(self._concurrent) as pool:
            return list(pool.map(self._score, asks))

    def _score(self, ask: Ask) -> Likelihood:
        chat = [{"role": turn.role, "content": turn.content} for turn in turns(ask)]
        prompt = self._tokens({"messages": chat, "add_generation_prompt": True})
        answers = [self._tokens({"prompt": answer, "add_special_tokens": False}) for answer in ask.answers]
        if not answers:
            raise UsageError(f"the answers to {ask.question!r} are empty")
        started = time.perf_counter()
        nll: float | None = None
        # The server insists on making at least one token.
        if len(prompt) + max(map(len, answers)) + 1 <= self.window:
            try:
                nll = min(self._loss(prompt, answer) for answer in answers)
            except WindowError:
                nll = None
        return Likelihood(nll=nll, prompt_tokens=len(prompt), seconds=time.perf_counter() - started)

    def _tokens(self, what: Mapping[str, Any]) -> list[int]:
        said = self._post(f"{self._root}/tokenize", {"model": self.model, **what})
        tokens = said.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, int) for token in tokens):
            raise EngineError(f"{self._root}/tokenize gives no token ids; likelihoods need a vLLM server")
        return tokens

    def _loss(self, prompt: list[int], answer: list[int]) -> float:
        """Mean negative log-likelihood of the answer's tokens behind the prompt."""
        body = {
            "model": self.model,
            "prompt": [*prompt, *answer],
            "max_tokens": 1,
            "temperature": 0.0,
            "prompt_logprobs": 1,
        }
        said = self._post("/completions", body, prompt_tokens=len(prompt) + len(answer))
        try:
            entries = said["choices"][0]["prompt_logprobs"][-len(answer) :]
            found = [float(entry[str(token)]["logprob"]) for entry, token in zip(entries, answer, strict=True)]
        except (KeyError, IndexError, TypeError, ValueError) as exc:
            raise EngineError("the server gives no prompt_logprobs for this prompt; likelihoods need vLLM") from exc
        return -sum(found) / len(found)

    def _post(self, url: str, body: Mapping[str, Any], prompt_tokens: int | None = None) -> dict[str, Any]:
        text = self._transport.run(
            lambda client, _: client.post(url, body=body, cast_to=str),
            seconds=self._timeout,
            prompt_tokens=prompt_tokens,
            max_tokens=1,
        )
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise EngineError(f"{url} sent what is no JSON object")
        return said
