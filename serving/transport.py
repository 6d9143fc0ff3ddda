"""Requests to an OpenAI-compatible server, each under one deadline, with its failures told in our words."""

from __future__ import annotations

import os
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from ctxpipe.errors import DeadlineError, EngineError, InterruptedAnswer, UsageError
from ctxpipe.serving.completion import Reply
from ctxpipe.serving.http_errors import KEY_VARIABLES, Key, Request, translate
from ctxpipe.serving.retry import persist
from ctxpipe.serving.types import OnText

if TYPE_CHECKING:
    import openai

T = TypeVar("T")
_CONNECT_SECONDS = 10.0
# The SDK insists on sending a key; servers that need none accept any, and this is the one vLLM's documentation uses.
_NO_KEY = "EMPTY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """How requests are sent.

    Attributes:
        base: Base URL of the API.
        key: Sent with every request when it holds a secret.
        retries: Attempts beside the first.
        backoff: Seconds before the second attempt.
    """

    base: str
    key: Key
    retries: int
    backoff: float

    def run(
        self,
        work: Callable[[openai.AsyncOpenAI, Reply], Awaitable[T]],
        *,
        seconds: float,
        on_text: OnText | None = None,
        prompt_tokens: int | None = None,
        max_tokens: int = 0,
    ) -> T:
        """Do ``work`` on an event loop of its own, so that it also runs inside of a notebook and from any thread.

        One deadline covers connecting, all attempts, their pauses and the whole stream, however slowly a server
        trickles. ``on_text`` is called in the calling thread; an exception there, also an interrupt from the
        keyboard, closes the connection.

        Raises:
            EngineError: mapped from whatever went wrong.
        """
        from anyio.from_thread import start_blocking_portal

        pieces: SimpleQueue[str | None] = SimpleQueue()
        request = Request(url=self.base, key=self.key, prompt_tokens=prompt_tokens, max_tokens=max_tokens)
        with start_blocking_portal() as portal:
            future = portal.start_task_soon(self._work, work, Reply(deliver=pieces.put), request, seconds)
            future.add_done_callback(lambda _: pieces.put(None))
            while (piece := pieces.get()) is not None:
                if on_text is not None:
                    on_text(piece)
            return future.result()

    async def _work(
        self,
        work: Callable[[openai.AsyncOpenAI, Reply], Awaitable[T]],
        reply: Reply,
        request: Request,
        seconds: float,
    ) -> T:
        import anyio
        import openai

        attempt = partial(persist, retries=self.retries, backoff=self.backoff, begun=lambda: reply.begun)
        async with self._client() as client:
            try:
                with anyio.fail_after(seconds):
                    return await attempt(lambda: work(client, reply))
            except TimeoutError as exc:
                had = f"; {len(reply.text):,} characters had arrived" if reply.pieces else ""
                raise DeadlineError(f"no complete answer from {self.base} within {seconds:g} s{had}") from exc
            except openai.APIConnectionError as exc:
                raise (InterruptedAnswer(reply.text) if reply.begun else translate(exc, request)) from exc
            except openai.APIError as exc:
                error = InterruptedAnswer(reply.text) if reply.pieces else translate(exc, request)
                # The SDK's exception quotes the server, and a traceback would quote the SDK's exception.
                raise error from (exc if self.key.redact(str(exc)) == str(exc) else None)
            except ValueError as exc:  # what the SDK lets through when a body is no JSON
                if reply.pieces:
                    raise InterruptedAnswer(reply.text) from exc
                raise EngineError(f"{self.base} sent what is no JSON; it may not be OpenAI-compatible") from exc

    def _client(self) -> openai.AsyncOpenAI:
        import openai

        # Reading the certificates that a system trusts takes longer than all else here, and plain HTTP needs none. A
        # redirection is not followed: a document must not go where nobody sent it.
        verify = True if self.base.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            return openai.AsyncOpenAI(
                http_client=openai.DefaultAsyncHttpxClient(verify=verify, follow_redirects=False),
                api_key=self.key.secret or _NO_KEY,
                base_url=self.base,
                max_retries=0,
                timeout=openai.Timeout(None, connect=_CONNECT_SECONDS),
            )
        except (ImportError, ValueError) as exc:  # a proxy of a kind that the installed packages cannot speak to
            raise UsageError(f"the proxy settings in the environment cannot be used: {exc}") from exc


def find_key(given: str | None) -> Key:
    """The key to send: the one given, or the first of the environment's.

    Raises:
        UsageError: if it holds characters that cannot be sent; the key itself is not shown.
    """
    candidates = [("the api_key argument", given), *((f"${name}", os.environ.get(name)) for name in KEY_VARIABLES)]
    for source, value in candidates:
        if secret := (value or "").strip():
            if not (secret.isascii() and secret.isprintable()):
                raise UsageError(f"the key from {source} holds characters that no key has")
            return Key(secret=secret, source=source)
    return Key(secret=None)
