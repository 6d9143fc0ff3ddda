"""A vLLM server for scoring: the model it serves, and many concurrent requests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ctxpipe.compress.types import OnProgress
from ctxpipe.errors import ModelError, RejectedError, UsageError
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.old_names import note_old_name
from ctxpipe.remote.address import parse_address
from ctxpipe.remote.client import send
from ctxpipe.remote.http_errors import Key
from ctxpipe.remote.served import NO_ENDPOINT, Served, listed
from ctxpipe.remote.transport import CONCURRENCY, Transport, Work, find_key
from ctxpipe.remote.values import dig, parsed, whole

KEY_VARIABLES = ("CTXPIPE_PRUNE_API_KEY",)
"""Variable with the key of a scoring server. The target's key is never sent there."""
_OLD_KEY_VARIABLE = "CTXPIPE_SCORER_API_KEY"
ROWS = 8
"""Windows per request: enough to make the overhead small, few enough to spread over replicas."""
_DISCOVERY_SECONDS = 30.0
# Letters, digits, marks, line breaks and other scripts: different vocabularies almost never split this the same way.
_PROBE = "Zebras invoice 48,151 umbrellas; naïve façades (x != y_2)\n\n\t“日本語” और العربية — don't."


class ScorerServer:
    """A server of a scoring model. It is contacted when first used.

    Args:
        url: The server, with or without ``/v1``.
        model: Folder or Hugging Face id of the model, whose tokenizer and config are read on this machine; by default
            what the server reports. If several models are served, also the name to ask for.
        api_key: Sent to the server; by default read from ``CTXPIPE_PRUNE_API_KEY``.
        timeout: Deadline of one request in seconds, retries included.
        concurrency: Requests at a time.
        retries: Further attempts after the first.
        backoff: Seconds before the second attempt, doubled before each further one.

    Raises:
        UsageError: for an invalid URL.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        api_key: str | None = None,
        timeout: float = 300.0,
        concurrency: int = CONCURRENCY,
        retries: int = 3,
        backoff: float = 0.5,
    ) -> None:
        self._address = parse_address(url)
        self.url = self._address.base
        self._model = model
        self._timeout = timeout
        self._transport = Transport(
            base=self._address.base,
            key=_key(api_key),
            retries=retries,
            backoff=backoff,
            concurrency=concurrency,
        )

    @cached_property
    def served(self) -> Served:
        """The model in use.

        Raises:
            UsageError: if several are served and ``model`` is not one of them.
            EngineError: if the server cannot be reached.
        """
        models = listed(self._transport, seconds=min(self._timeout, _DISCOVERY_SECONDS))
        if self._model in models:
            return models[str(self._model)]
        if len(models) != 1:
            names = ", ".join(sorted(models)) or "none"
            raise UsageError(f"{self.url} serves these models: {names}; name one with --prune-model")
        return next(iter(models.values()))

    @cached_property
    def place(self) -> str:
        """Folder or Hugging Face id for tokenizer and config; the server's tokenizer was checked against it.

        Raises:
            ModelError: if it cannot be loaded, or the server's model has another tokenizer.
        """
        served = self.served
        place = self._model or served.root or served.name
        try:
            count = TargetTokenizer.load(place).count(_PROBE)
        except (ModelError, UsageError) as exc:
            if self._model:
                raise
            told = f"{self.url} serves {served.name}, whose tokenizer is needed on this machine and cannot be loaded"
            raise ModelError(f"{told}: {exc}; name the model with --prune-model") from exc
        theirs = self._count(_PROBE)
        if theirs is not None and theirs != count:
            raise ModelError(
                f"{self.url} serves {served.name}, which splits a text into {theirs} tokens, {place} into {count}; "
                "--prune-model must name the model that is served"
            )
        return place

    def ask(
        self,
        path: str,
        bodies: Sequence[Mapping[str, Any]],
        lacking: str,
        *,
        sizes: Sequence[int],
        on_progress: OnProgress | None = None,
    ) -> list[object]:
        """Send many requests, several at a time.

        Args:
            path: Endpoint, beginning with ``/v1`` or not.
            bodies: The requests; the model is added.
            lacking: Message if the server has no such task.
            sizes: Tokens of each request, for progress.
            on_progress: Called with tokens done and tokens in all.

        Raises:
            ModelError: if the server lacks the task.
            EngineError: for any other failure.
        """
        done, total = 0, sum(sizes)

        def show(index: int) -> None:
            nonlocal done
            done += sizes[index]
            if on_progress:
                on_progress(done, total)

        works = [self._work(path, {"model": self.served.name, **body}) for body in bodies]
        try:
            said = self._transport.run_all(works, seconds=self._timeout, on_done=show)
        except RejectedError as exc:
            if exc.status in NO_ENDPOINT or _lacks_task(str(exc)):
                raise ModelError(f"{self.url} {lacking} ({exc})") from exc
            raise
        return [parsed(text) for text in said]

    def _work(self, path: str, body: Mapping[str, Any]) -> Work[str]:
        return lambda client, _: send(client, "POST", f"{self._address.root}{path}", body)

    def _count(self, text: str) -> int | None:
        body = {"model": self.served.name, "prompt": text, "add_special_tokens": False}
        try:
            said = self._transport.post(f"{self._address.root}/tokenize", body, seconds=_DISCOVERY_SECONDS)
        except RejectedError:
            return None
        return whole(dig(parsed(said), "count"))


def _key(given: str | None) -> Key:
    key = find_key(given, KEY_VARIABLES)
    if key.secret is None and os.environ.get(_OLD_KEY_VARIABLE):
        note_old_name(_OLD_KEY_VARIABLE, KEY_VARIABLES[0], stacklevel=2)
        return find_key(None, (_OLD_KEY_VARIABLE,))
    return key


def _lacks_task(said: str) -> bool:
    lowered = said.lower()
    return "unsupported task" in lowered or "does not support" in lowered
