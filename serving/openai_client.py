"""An OpenAI-compatible server, vLLM above all, reached by its URL."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ctxpipe.errors import RejectedError, UnknownNameError, UnreachableError, UsageError
from ctxpipe.serving.address import parse_address
from ctxpipe.serving.completion import Reply, complete, dig, whole
from ctxpipe.serving.requests import check_request, check_window
from ctxpipe.serving.transport import Transport, find_key
from ctxpipe.serving.types import Answer, Message, OnText

OPENAI_URL = "https://api.openai.com/v1"
# What chat templates spend on one message: control tokens, the role and line breaks, rounded up. Only used where the
# server cannot count, and then once more for the generation prompt.
TOKENS_PER_MESSAGE = 8
_DISCOVERY_SECONDS = 30.0
_NO_ENDPOINT = frozenset({404, 405, 501})


class OpenAIEngine:
    """Answers with a model behind an OpenAI-compatible API. Safe to use from several threads at once.

    Every request runs on an event loop of its own, where one deadline covers connecting, all attempts and the whole
    stream, however slowly a server trickles.

    Args:
        url: The server, with or without ``/v1``.
        model: The model to ask; the served one when there is only one.
        window: Tokens that prompt and answer may have together. By default, and never more than, what the server says.
        timeout: Seconds that a request may take, retries included.
        api_key: Sent to the server; by default read from ``CTXPIPE_API_KEY``, then ``OPENAI_API_KEY``.
        count_text: Tokens of a text without special tokens, for servers that cannot count; ``TOKENS_PER_MESSAGE``
            are then added for every message and for the generation prompt.
        retries: Attempts beside the first, made when a connection is refused or lost before an answer began, and for
            status 429, 500, 502, 503 and 504.
        backoff: Seconds before the second attempt, doubled before each further one.

    Raises:
        UsageError: if the URL is none, several models are served and none was named, or nobody says the window.
        UnknownNameError: if the server does not serve ``model``.
        EngineError: if the server cannot be reached or is not OpenAI-compatible.
    """

    name = "openai"

    def __init__(
        self,
        url: str = OPENAI_URL,
        *,
        model: str | None = None,
        window: int | None = None,
        timeout: float = 300.0,
        api_key: str | None = None,
        count_text: Callable[[str], int] | None = None,
        retries: int = 3,
        backoff: float = 0.5,
    ) -> None:
        if timeout <= 0 or retries < 0 or (window is not None and window < 1):
            raise UsageError("a timeout is above 0, a number of retries 0 or more, a window 1 or more")
        self._address = parse_address(url)
        self._transport = Transport(base=self._address.base, key=find_key(api_key), retries=retries, backoff=backoff)
        self._timeout = timeout
        self._count_text = count_text
        self._server_counts = True
        self._counted: tuple[tuple[Message, ...], int] | None = None
        self.model, self.window = self._discover(model, window)

    def __repr__(self) -> str:
        return f"OpenAIEngine({self._address.base!r}, model={self.model!r}, window={self.window})"

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the whole rendered prompt: exactly, by vLLM's ``/tokenize``, or else estimated from above.

        Raises:
            UsageError: if the server cannot count and no ``count_text`` was given.
            EngineError: if the server cannot be reached.
        """
        asked = tuple(messages)
        # A pipeline counts what it then asks; one remembered count saves sending a long prompt to be counted again.
        if self._counted is not None and self._counted[0] == asked:
            return self._counted[1]
        tokens = self._ask_for_count({"messages": _turns(asked), "add_generation_prompt": True})
        if tokens is None:
            if self._count_text is None:
                raise UsageError(f"{self._address.base} cannot count tokens; name the model's tokenizer")
            tokens = sum(self._count_text(m.content) for m in asked) + TOKENS_PER_MESSAGE * (len(asked) + 1)
        self._counted = (asked, tokens)
        return tokens

    def answer(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, on_text: OnText | None = None
    ) -> Answer:
        """Ask the server; ``on_text`` is called in the calling thread.

        Raises:
            UsageError: for a request that makes no sense.
            WindowError: if prompt and answer together may exceed the window.
            DeadlineError: if the answer is not complete within the timeout.
            InterruptedAnswer: if the stream ends before the answer does.
            EngineError: for whatever else goes wrong; see ``ctxpipe.errors``.
        """
        check_request(messages, max_tokens, temperature)
        prompt_tokens = self.count(messages)
        check_window(prompt_tokens, max_tokens, self.window)
        body = {
            "model": self.model,
            "messages": _turns(messages),
            "max_tokens": max_tokens,
            "temperature": temperature,
        }
        start = time.perf_counter()
        reply = self._transport.run(
            partial(complete, body=body, stream=on_text is not None),
            seconds=self._timeout,
            on_text=on_text,
            prompt_tokens=prompt_tokens,
            max_tokens=max_tokens,
        )
        seconds = time.perf_counter() - start
        return Answer(
            text=reply.text,
            model=reply.model or self.model,
            prompt_tokens=reply.prompt_tokens or prompt_tokens,
            completion_tokens=self._completion_tokens(reply),
            finish_reason="length" if reply.finish == "length" else "stop",
            seconds=seconds,
            first_token_seconds=reply.first - start if on_text and reply.first else None,
        )

    def _completion_tokens(self, reply: Reply) -> int:
        if reply.completion_tokens is not None:
            return reply.completion_tokens
        counted = self._ask_for_count({"prompt": reply.text, "add_special_tokens": False})
        if counted is None and self._count_text is not None:
            counted = self._count_text(reply.text)
        return counted or 0

    def _ask_for_count(self, what: Mapping[str, Any]) -> int | None:
        """What vLLM's ``/tokenize`` counts; None, from then on, when the server has no such endpoint."""
        if not self._server_counts:
            return None
        url, body = f"{self._address.root}/tokenize", {"model": self.model, **what}
        try:
            said = self._transport.run(
                lambda client, _: client.post(url, body=body, cast_to=str), seconds=self._timeout
            )
        except RejectedError as exc:
            # vLLM answers 404 for a model that it does not serve, too; then the endpoint is there.
            named = re.search(rf"(?<![\w.-]){re.escape(self.model)}(?![\w.-])", str(exc))
            if exc.status not in _NO_ENDPOINT or named:
                raise
            said = ""
        tokens = whole(dig(_json(said), "count"))
        self._server_counts = tokens is not None
        return tokens

    def _discover(self, model: str | None, window: int | None) -> tuple[str, int]:
        """Name and window of the model to ask, from the server's list unless both are given."""
        if model and window:
            return model, window
        windows = self._served()
        if not windows:
            raise UsageError(f"{self._address.base} lists no models; name one, and give its window with --window")
        if model is None and len(windows) > 1:
            raise UsageError(f"{self._address.base} serves several models; choose one: {', '.join(sorted(windows))}")
        name = model or next(iter(windows))
        if name not in windows:
            raise UnknownNameError("model", name, windows)
        known = [n for n in (windows[name], window) if n]
        if not known:
            raise UsageError(f"{self._address.base} does not say how large the window of {name} is; give --window")
        return name, min(known)

    def _served(self) -> dict[str, int | None]:
        """Window of each model that the server lists; None where it does not say."""
        seconds = min(self._timeout, _DISCOVERY_SECONDS)
        not_openai = f"{self._address.base} does not look like an OpenAI-compatible server"
        try:
            said = self._transport.run(lambda client, _: client.get("/models", cast_to=str), seconds=seconds)
        except RejectedError as exc:
            if exc.status not in _NO_ENDPOINT:
                raise
            raise UnreachableError(f"{not_openai}: it has no /models (status {exc.status})") from exc
        models = dig(_json(said), "data")
        if not isinstance(models, list):
            raise UnreachableError(f"{not_openai}: its /models is no list of models")
        windows = {str(dig(entry, "id")): whole(dig(entry, "max_model_len")) for entry in models if dig(entry, "id")}
        return {name: window for name, window in windows.items() if name.isprintable()}


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
