"""An engine without a model, for tests and trials."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ctxpipe.errors import UsageError
from ctxpipe.serving.requests import check_request, check_window
from ctxpipe.serving.types import Answer, Message, OnText

_WORD = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that a ``FakeEngine`` answered."""

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float


class FakeEngine:
    """Answers from a function; the same request always gets the same answer.

    Args:
        answers: The answer to every request, or a function from the messages to the answer. By default the last
            message is returned.
        window: Tokens that prompt and answer may have together.
        model: Name that the answers carry.
        count: Tokens of a text; by default its words, split at whitespace.

    Attributes:
        calls: Every request that was answered, in order.

    Raises:
        UsageError: for a window below 1.
    """

    name = "fake"

    def __init__(
        self,
        answers: str | Callable[[Sequence[Message]], str] | None = None,
        *,
        window: int = 8192,
        model: str = "fake",
        count: Callable[[str], int] | None = None,
    ) -> None:
        if window < 1:
            raise UsageError(f"a window has at least 1 token, not {window}")
        self.model = model
        self.window = window
        self.calls: list[Call] = []
        self._answers = answers
        self._count = count or (lambda text: len(text.split()))

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of all messages; there is no template."""
        return sum(self._count(message.content) for message in messages)

    def answer(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, on_text: OnText | None = None
    ) -> Answer:
        """Answer, streaming word by word when ``on_text`` is given.

        Raises:
            UsageError: for an invalid request.
            WindowError: if prompt and answer together may exceed the window.
        """
        check_request(messages, max_tokens, temperature)
        prompt_tokens = self.count(messages)
        check_window(prompt_tokens, max_tokens, self.window)
        self.calls.append(Call(messages=tuple(messages), max_tokens=max_tokens, temperature=temperature))
        start = time.perf_counter()
        whole = self._compose(messages)
        first: float | None = None
        text = ""
        for word in _WORD.findall(whole):
            if self._count(text + word) > max_tokens:
                break
            text += word
            if on_text is not None:
                first = first or time.perf_counter() - start
                on_text(word)
        return Answer(
            text=text,
            model=self.model,
            prompt_tokens=prompt_tokens,
            completion_tokens=self._count(text),
            finish_reason="stop" if text == whole else "length",
            seconds=time.perf_counter() - start,
            first_token_seconds=first,
        )

    def _compose(self, messages: Sequence[Message]) -> str:
        if callable(self._answers):
            return self._answers(messages)
        return messages[-1].content if self._answers is None else self._answers
