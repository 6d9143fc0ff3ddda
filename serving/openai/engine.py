"""An engine for OpenAI-compatible servers, especially vLLM."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar, get_args

from ctxpipe.errors import EngineError, RejectedError, UsageError
from ctxpipe.remote.address import parse_address
from ctxpipe.remote.cancel import cancelled, in_thread
from ctxpipe.remote.served import NO_ENDPOINT, Served, choose
from ctxpipe.remote.transport import CONCURRENCY, Transport, find_key
from ctxpipe.remote.values import dig, parsed, whole
from ctxpipe.serving.openai.completion import Endpoint, Reply, complete
from ctxpipe.serving.openai.counts import PromptCounts, names
from ctxpipe.serving.openai.dialect import Dialect
from ctxpipe.serving.openai.likelihood import LikelihoodClient
from ctxpipe.serving.openai.metrics import parse_metrics
from ctxpipe.serving.openai.thoughts import parted
from ctxpipe.serving.requests import check_request, check_window
from ctxpipe.serving.types import Answer, AnswerLikelihood, Message, OnText, ServerMetrics

T = TypeVar("T")
OPENAI_URL = "https://api.openai.com/v1"
# What chat templates add to one message: control tokens, the role and line breaks, rounded up. Used only if the server
# cannot count, and then once more for the generation prompt.
TOKENS_PER_MESSAGE = 8
_DISCOVERY_SECONDS = 30.0
_LOOK_SECONDS = 3.0
_METRICS_SECONDS = 5.0


def look(url: str, model: str | None = None) -> Served:
    """What a server says of a model that it serves, asked once and not waited for long.

    Raises:
        UsageError: if the URL is none, or several models are served and none was named.
        UnknownNameError: if the server does not serve ``model``.
        EngineError: if the server cannot be reached or is not OpenAI-compatible.
    """
    address = parse_address(url)
    transport = Transport(base=address.base, key=find_key(None), retries=0)
    return choose(transport, model, seconds=_LOOK_SECONDS)


class OpenAIEngine:
    """Answers with a model behind an OpenAI-compatible API. Thread-safe.

    Every request runs on its own event loop. One deadline covers connecting, all attempts and the whole stream. A
    ``ctxpipe.Cancellation`` around a call closes its connection, and vLLM then aborts the request.

    Args:
        url: The server, with or without ``/v1``.
        model: The model to ask; by default the server's only one.
        window: Limit on the tokens of prompt and answer together; by default, and at most, what the server reports.
        timeout: Deadline of a request in seconds, retries included.
        api_key: Sent to the server; by default read from ``CTXPIPE_API_KEY``, then ``OPENAI_API_KEY``.
        count_text: Tokens of a text without special tokens, for servers that cannot count; ``TOKENS_PER_MESSAGE``
            are then added per message and for the generation prompt.
        retries: Further attempts after a connection that is refused or lost before an answer began, and after status
            429, 500, 502, 503 and 504.
        backoff: Seconds before the second attempt, doubled before each further one.
        endpoint: ``"chat"``; ``"completion"``, which sends messages as plain turns, for base models; or ``"auto"``:
            chat, until the server says that the model has no chat template.
        concurrency: Most requests at a time, over all threads; further ones wait.

    Attributes:
        tokenizer: Folder or Hugging Face id that the server loaded the model from; None if it does not report one.

    Raises:
        UsageError: for an invalid URL, if several models are served and none was named, or if the window is unknown.
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
        endpoint: Literal["auto", "chat", "completion"] = "auto",
        concurrency: int = CONCURRENCY,
    ) -> None:
        if timeout <= 0 or retries < 0 or (window is not None and window < 1):
            raise UsageError("the timeout must be above 0, retries at least 0, the window at least 1")
        if endpoint not in ("auto", *get_args(Endpoint)):
            raise UsageError(f"an endpoint is auto, {' or '.join(get_args(Endpoint))}, not {endpoint!r}")
        self._address = parse_address(url)
        self._transport = Transport(
            base=self._address.base, key=find_key(api_key), retries=retries, backoff=backoff, concurrency=concurrency
        )
        self._timeout = timeout
        self._count_text = count_text
        self._server_counts = True
        self._server_measures = True
        self._counts = PromptCounts()
        self._may_switch = endpoint == "auto"
        self._dialect = Dialect(endpoint="chat" if endpoint == "auto" else endpoint)
        self.tokenizer: str | None = None
        self.model, self.window = self._discover(model, window)
        self._likelihoods = LikelihoodClient(self._transport, model=self.model, seconds=timeout)

    def __repr__(self) -> str:
        return f"OpenAIEngine({self._address.base!r}, model={self.model!r}, window={self.window})"

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the whole rendered prompt: exact with vLLM's ``/tokenize``, else an upper estimate.

        Raises:
            UsageError: if the server cannot count and no ``count_text`` was given.
            EngineError: if the server cannot be reached.
        """
        # A pipeline counts a prompt and then sends it; the stored count saves sending a long prompt twice for counting.
        known = self._counts.get(self._dialect.endpoint, messages)
        if known is not None:
            return known
        said = self._adapting(lambda dialect: self._tokenize(dialect.tokenizing(messages)))
        tokens = None if said is None else whole(dig(said, "count"))
        if tokens is None:
            if self._count_text is None:
                raise UsageError(f"{self._address.base} cannot count tokens; name the model's tokenizer")
            tokens = sum(self._count_text(m.content) for m in messages) + TOKENS_PER_MESSAGE * (len(messages) + 1)
        self._counts.put(self._dialect.endpoint, messages, tokens)
        return tokens

    def answer(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, on_text: OnText | None = None
    ) -> Answer:
        """Ask the server; ``on_text`` is called in the calling thread.

        Raises:
            UsageError: for an invalid request.
            WindowError: if prompt and answer together may exceed the window.
            DeadlineError: if the answer is not complete within the timeout.
            InterruptedAnswer: if the stream ends before the answer does.
            CancelledAnswer: if it was cancelled.
            EngineError: for any other failure; see ``ctxpipe.errors``.
        """
        check_request(messages, max_tokens, temperature)

        def ask(_: Dialect) -> Answer:
            prompt_tokens = self.count(messages)
            dialect = self._dialect  # counting may have changed it
            check_window(prompt_tokens, max_tokens, self.window)
            body = {"model": self.model, "temperature": temperature, **dialect.request(messages, max_tokens)}
            return self._ask(body, dialect, prompt_tokens, on_text)

        return self._adapting(ask)

    async def aanswer(self, messages: Sequence[Message], **options: Any) -> Answer:
        """``answer`` in a thread, for event loops. Cancelling the task cancels the request."""
        return await in_thread(self.answer, messages, **options)

    def log_likelihoods(self, messages: Sequence[Message], answers: Sequence[str]) -> list[AnswerLikelihood]:
        """Log-likelihood of each given answer to the messages; needs vLLM.

        The server computes the log-probabilities of the whole prompt without its prefix cache, and sends them all.

        Raises:
            UsageError: for an answer without a token.
            WindowError: if a prompt with its answer exceeds the window.
            EngineError: if the server cannot be reached, refuses, or is not vLLM.
        """
        check_request(messages, 1, 0.0)
        prompt = self._adapting(lambda dialect: self._ids(dialect.tokenizing(messages)))
        rows = [self._ids({"prompt": answer, "add_special_tokens": False}) for answer in answers]
        if not all(rows):
            raise UsageError("an answer without tokens has no likelihood")
        self._counts.put(self._dialect.endpoint, messages, len(prompt))
        # The server generates at least one token.
        check_window(len(prompt), max(map(len, rows), default=0) + 1, self.window)
        return [self._likelihoods.score(prompt, row) for row in rows]

    def metrics(self) -> ServerMetrics | None:
        """The server's counters; None if it has none, which is not an error."""
        if not self._server_measures:
            return None
        try:
            seconds = min(self._timeout, _METRICS_SECONDS)
            said = self._transport.get(f"{self._address.root}/metrics", seconds=seconds, limited=False)
        except (EngineError, UsageError):
            if cancelled():
                raise
            said = ""
        counters = parse_metrics(said, self.model)
        self._server_measures = counters is not None
        return counters

    def _ask(self, body: Mapping[str, Any], dialect: Dialect, prompt_tokens: int, on_text: OnText | None) -> Answer:
        start = time.perf_counter()
        reply = self._transport.run(
            partial(complete, body=body, stream=on_text is not None, endpoint=dialect.endpoint),
            seconds=self._timeout,
            on_text=on_text,
            prompt_tokens=prompt_tokens,
            max_tokens=body[dialect.limit],
        )
        seconds = time.perf_counter() - start
        text, reasoning = parted(reply.arrival.text, reply.thoughts.text)
        if reasoning and not text.strip():
            told = f"{self.model} spent its {body[dialect.limit]:,} tokens on reasoning and gave no answer"
            raise EngineError(f"{told}; allow it more with --max-tokens")
        return Answer(
            text=text,
            model=reply.model or self.model,
            prompt_tokens=reply.prompt_tokens or prompt_tokens,
            completion_tokens=self._completion_tokens(reply),
            finish_reason="length" if reply.finish == "length" else "stop",
            seconds=seconds,
            first_token_seconds=reply.first - start if on_text and reply.first else None,
            reasoning=reasoning,
        )

    def _adapting(self, work: Callable[[Dialect], T]) -> T:
        """Run something that depends on what the server accepts; again for each thing that its refusals teach."""
        while True:
            dialect = self._dialect
            try:
                return work(dialect)
            except RejectedError as exc:
                # Counting inside the work, or another thread, may have learnt the same meanwhile.
                learnt = self._dialect.after(exc, may_switch=self._may_switch)
                if learnt is None and self._dialect == dialect:
                    raise
                self._dialect = learnt or self._dialect
                self._counts = PromptCounts()

    def _completion_tokens(self, reply: Reply) -> int:
        if reply.completion_tokens is not None:
            return reply.completion_tokens
        said = self._tokenize({"prompt": reply.arrival.text, "add_special_tokens": False})
        counted = whole(dig(said, "count"))
        if counted is None and self._count_text is not None:
            counted = self._count_text(reply.arrival.text)
        return counted or 0

    def _ids(self, what: Mapping[str, Any]) -> list[int]:
        ids = dig(self._tokenize(what), "tokens")
        if not isinstance(ids, list) or any(whole(one) is None for one in ids):
            raise EngineError(f"{self._address.root}/tokenize returns no token ids; likelihoods need a vLLM server")
        return ids

    def _tokenize(self, what: Mapping[str, Any]) -> object:
        """The response of vLLM's ``/tokenize``; None, from then on, if the server has no such endpoint."""
        if not self._server_counts:
            return None
        url, body = f"{self._address.root}/tokenize", {"model": self.model, **what}
        try:
            said = parsed(self._transport.post(url, body, seconds=self._timeout))
        except RejectedError as exc:
            # vLLM also answers 404 for a model that it does not serve; then the endpoint exists.
            if exc.status not in NO_ENDPOINT or names(str(exc), self.model):
                raise
            said = None
        self._server_counts = whole(dig(said, "count")) is not None
        return said if self._server_counts else None

    def _discover(self, model: str | None, window: int | None) -> tuple[str, int]:
        """Name and window of the model, from the server's list unless both are given."""
        if model and window:
            return model, window
        served = choose(self._transport, model, seconds=min(self._timeout, _DISCOVERY_SECONDS))
        known = [n for n in (served.window, window) if n]
        if not known:
            told = f"{self._address.base} does not report the window of {served.name}"
            raise UsageError(f"{told}; give --window")
        self.tokenizer = served.root
        return served.name, min(known)
