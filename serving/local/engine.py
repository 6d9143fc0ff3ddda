"""A model on this machine, run by transformers on the GPU when there is one, else on the CPU."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ctxpipe.errors import DeadlineError, EngineError, UsageError
from ctxpipe.serving.local.chat import ChatRenderer
from ctxpipe.serving.local.detokenise import Detokeniser
from ctxpipe.serving.local.loops import LONGEST, TIMES, repeats
from ctxpipe.serving.requests import check_request, check_window
from ctxpipe.serving.types import Answer, Message, OnText

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Tokenizers without a limit of their own say 1e30.
_SANE_LIMIT = 10**9

WELL_READ = 600
"""Tokens of context that a model on a processor reads in seconds; such models are small, and answer no better from more
(``python benchmarks/answers.py --tuning``)."""


class CausalModel(Protocol):
    """What the engine uses of a causal language model of transformers."""

    config: Any
    generation_config: Any
    device: Any

    def generate(self, inputs: Any, **options: Any) -> Any:
        """Token ids of shape (1, prompt + answer); calls ``streamer.put`` with the prompt, then with each token."""
        ...


class LocalEngine:
    """Answers with a causal language model of transformers. One request runs at a time; others wait.

    Args:
        model: The loaded model.
        tokenizer: Its tokenizer.
        name: The model's name for messages and results.
        window: Limit on the tokens of prompt and answer together; never above the model's own.
        timeout: Deadline of an answer in seconds.
        stop_loops: End a greedy answer that repeats itself three times, with finish reason ``"length"``.

    Raises:
        UsageError: if the window is below 1, or neither the model, the tokenizer nor ``window`` gives its size.
    """

    name = "local"

    def __init__(
        self,
        model: CausalModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        window: int | None = None,
        timeout: float = 300.0,
        stop_loops: bool = True,
    ) -> None:
        self.model = name
        self._stop_loops = stop_loops
        self.window = _window(model, tokenizer, window)
        self.well_read = WELL_READ if str(model.device).startswith("cpu") else None
        self._model = model
        self._tokenizer = tokenizer
        self._renderer = ChatRenderer(tokenizer)
        self._timeout = timeout
        self._turn = threading.Lock()

    def __repr__(self) -> str:
        return f"LocalEngine({self.model!r}, window={self.window})"

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the whole rendered prompt, exactly as ``answer`` sends it."""
        return len(self._renderer.ids(messages))

    def answer(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, on_text: OnText | None = None
    ) -> Answer:
        """Generate an answer in the calling thread, so that Ctrl-C ends it at once.

        Raises:
            UsageError: for an invalid request.
            WindowError: before any work, if prompt and answer together may exceed the window.
            DeadlineError: if the answer takes longer than the timeout.
            EngineError: if memory runs out.
        """
        check_request(messages, max_tokens, temperature)
        ids = self._renderer.ids(messages)
        check_window(len(ids), max_tokens, self.window)
        listener = _Listener(self._decode, on_text, self._timeout)
        with self._turn:
            listener.start()
            last = self._generate(ids, max_tokens, temperature, listener)
        return Answer(
            text=listener.text,
            model=self.model,
            prompt_tokens=len(ids),
            completion_tokens=listener.tokens,
            finish_reason="stop" if last in self._ends else "length",
            seconds=listener.elapsed(),
            first_token_seconds=listener.first_token_seconds if on_text else None,
        )

    def _decode(self, ids: Sequence[int]) -> str:
        text = self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text)

    @property
    def _ends(self) -> set[int]:
        ends = self._model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends} - {None}

    def _generate(self, ids: list[int], max_tokens: int, temperature: float, listener: _Listener) -> int:
        """Generate and return the last token."""
        import torch

        prompt = torch.tensor([ids], device=self._model.device)
        try:
            made = self._model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                streamer=listener,
                **self._options(max_tokens, temperature),
            )
        except RuntimeError as exc:  # the only common class of out-of-memory errors on all devices
            if not isinstance(exc, torch.OutOfMemoryError) and "allocate" not in str(exc):
                raise
            raise EngineError(f"{self.model}: not enough memory for {len(ids):,} prompt tokens") from exc
        return int(made[0, -1])

    def _options(self, max_tokens: int, temperature: float) -> dict[str, Any]:
        """Options that replace the model's own generation settings."""
        options: dict[str, Any] = {"max_new_tokens": max_tokens, "max_length": None, "pad_token_id": self._padding}
        if temperature > 0:
            return {**options, "do_sample": True, "temperature": temperature}
        if not self._stop_loops:
            return {**options, "do_sample": False}
        from transformers import StoppingCriteriaList

        return {**options, "do_sample": False, "stopping_criteria": StoppingCriteriaList([_stop_at_loop])}

    @property
    def _padding(self) -> int:
        known = self._tokenizer.pad_token_id
        return known if isinstance(known, int) else next(iter(self._ends), 0)


class _Listener:
    """The streamer that ``generate`` calls with the prompt and then with every token."""

    def __init__(self, decode: Callable[[Sequence[int]], str], on_text: OnText | None, timeout: float) -> None:
        self._detokeniser = Detokeniser(decode, on_text or (lambda text: None))
        self._timeout = timeout
        self._prompt_seen = False
        self.tokens = 0
        self.first_token_seconds: float | None = None

    @property
    def text(self) -> str:
        return self._detokeniser.text

    def start(self) -> None:
        self._started = time.perf_counter()

    def elapsed(self) -> float:
        return time.perf_counter() - self._started

    def put(self, value: Any) -> None:
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        if self.elapsed() > self._timeout:
            raise DeadlineError(f"no complete answer within {self._timeout:g} s; it had {self.tokens:,} tokens so far")
        ids = value.reshape(-1).tolist()
        self.tokens += len(ids)
        self.first_token_seconds = self.first_token_seconds or self.elapsed()
        self._detokeniser.add(ids)

    def end(self) -> None:
        self._detokeniser.finish()


def _stop_at_loop(ids: Any, scores: Any, **_: Any) -> Any:
    """The stopping criterion of ``generate``, called after each token with all ids so far: bool of shape (batch,)."""
    import torch

    tail = ids[:, -TIMES * LONGEST :].tolist()
    return torch.tensor([repeats(row) for row in tail], device=ids.device, dtype=torch.bool)


def _window(model: Any, tokenizer: Any, asked: int | None) -> int:
    if asked is not None and asked < 1:
        raise UsageError(f"a window has at least 1 token, not {asked}")
    made_for = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    limits = [n for n in (made_for, tokenizer.model_max_length, asked) if isinstance(n, int) and 0 < n < _SANE_LIMIT]
    if not limits:
        raise UsageError("the size of the model's window is unknown; set it with --window")
    return min(limits)
