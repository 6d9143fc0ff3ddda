"""Likelihoods of given answers, from the log-probabilities that vLLM returns for a prompt's tokens."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from ctxpipe.errors import EngineError
from ctxpipe.remote.transport import Transport
from ctxpipe.remote.values import dig, parsed
from ctxpipe.serving.types import AnswerLikelihood

# vLLM compiles at the first such request, which took 16 to 26 s on two cores.
_FIRST_SECONDS = 180.0


class LikelihoodClient:
    """Asks ``/completions`` for the log-probabilities of prompts. Thread-safe.

    Prompt and answer are sent as token ids, so that the first token of the answer is known exactly.

    Args:
        transport: How requests are sent.
        model: The model, as the server names it.
        seconds: Deadline of a request. Before the first one, a tiny request with its own deadline is sent.
    """

    def __init__(self, transport: Transport, *, model: str, seconds: float) -> None:
        self._transport = transport
        self._model = model
        self._seconds = seconds
        self._warm = False
        self._warming = threading.Lock()

    def score(self, prompt: Sequence[int], answer: Sequence[int]) -> AnswerLikelihood:
        """The log-probability of each token of ``answer`` after ``prompt``.

        Raises:
            WindowError: if both together exceed the server's window.
            EngineError: if the server cannot be reached, refuses, or returns no prompt log-probabilities.
        """
        self._warm_up(prompt)
        started = time.perf_counter()
        return AnswerLikelihood(
            token_ids=tuple(answer),
            logprobs=self._logprobs(prompt, answer, self._seconds),
            prompt_tokens=len(prompt),
            seconds=time.perf_counter() - started,
        )

    def _warm_up(self, prompt: Sequence[int]) -> None:
        if self._warm or not prompt:
            return
        with self._warming:
            if not self._warm:
                self._logprobs(prompt[:1], prompt[:1], max(self._seconds, _FIRST_SECONDS))
                self._warm = True

    def _logprobs(self, prompt: Sequence[int], answer: Sequence[int], seconds: float) -> tuple[float, ...]:
        body = {
            "model": self._model,
            "prompt": [*prompt, *answer],
            "max_tokens": 1,
            "temperature": 0.0,
            "prompt_logprobs": 0,
        }
        tokens = len(prompt) + len(answer)
        said = parsed(self._transport.post("/completions", body, seconds=seconds, prompt_tokens=tokens, max_tokens=1))
        entries = dig(said, "choices", 0, "prompt_logprobs")
        said_of_answer = [dig(e, str(t), "logprob") for e, t in zip(_last(entries, len(answer)), answer, strict=False)]
        values = tuple(float(value) for value in said_of_answer if isinstance(value, int | float))
        if len(values) < len(answer) or not isinstance(entries, list) or len(entries) != tokens:
            raise EngineError("the server returns no prompt_logprobs for this prompt; likelihoods need vLLM")
        return values


def _last(entries: object, count: int) -> list[object]:
    return entries[-count:] if isinstance(entries, list) and count else []
