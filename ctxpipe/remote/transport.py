"""Requests to an OpenAI-compatible server, each with one deadline, and with failures as errors of this package."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from ctxpipe.errors import CancelledAnswer, DeadlineError, EngineError, InterruptedAnswer, UsageError
from ctxpipe.remote.arrival import Arrival
from ctxpipe.remote.cancel import cancelled, on_cancel
from ctxpipe.remote.client import make_client, send
from ctxpipe.remote.http_errors import KEY_VARIABLES, Key, SentRequest, StreamedError, translate
from ctxpipe.remote.retry import persist

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
E = TypeVar("E")
Work = Callable[["httpx2.AsyncClient", Arrival], Awaitable[T]]
"""One attempt of a request; it can be repeated while its ``Arrival`` has not begun."""

CONCURRENCY = 16
"""Default limit of concurrent requests per transport."""
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """Sends requests. Thread-safe.

    Attributes:
        base: Base URL of the API.
        key: The key, sent with every request if there is a secret.
        retries: Further attempts after the first.
        backoff: Seconds before the second attempt.
        concurrency: Most requests at a time; further ones wait, and the wait counts towards their deadlines.
        own: Whether it is a server that this process started: asked past any proxy, whatever its certificate.
    """

    base: str
    key: Key
    retries: int = 3
    backoff: float = 0.5
    concurrency: int = CONCURRENCY
    own: bool = False
    _slots: threading.BoundedSemaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise UsageError(f"at least 1 request must be allowed at a time, not {self.concurrency}")
        object.__setattr__(self, "_slots", threading.BoundedSemaphore(self.concurrency))

    def run(
        self,
        work: Work[T],
        *,
        seconds: float,
        on_text: Callable[[str], None] | None = None,
        prompt_tokens: int | None = None,
        max_tokens: int = 0,
        limited: bool = True,
    ) -> T:
        """Run ``work`` on its own event loop, so that it works in notebooks and from any thread.

        One deadline covers waiting for a slot, connecting, all attempts, their pauses and the whole stream. ``on_text``
        is called in the calling thread; an exception or Ctrl-C there closes the connection, and so does a
        ``Cancellation``.

        Args:
            work: The work, called with a client.
            seconds: The deadline.
            on_text: Called with each piece of text.
            prompt_tokens, max_tokens: For an error about the window.
            limited: Whether the request counts towards ``concurrency``.

        Raises:
            CancelledAnswer: when the block around it was cancelled.
            EngineError: mapped from whatever went wrong.
        """
        pieces: SimpleQueue[str | None] = SimpleQueue()
        arrival = Arrival(deliver=pieces.put)
        request = SentRequest(url=self.base, key=self.key, prompt_tokens=prompt_tokens, max_tokens=max_tokens)
        started = time.monotonic()

        async def job() -> T:
            async with self._client() as client:
                left = seconds - (time.monotonic() - started)
                return await self._attempts(client, work, arrival, request, left, seconds)

        with self._slot(seconds if limited else None):
            return _drive(job, pieces, on_text, lambda: CancelledAnswer(arrival.text))

    def run_all(
        self, works: Sequence[Work[T]], *, seconds: float, on_done: Callable[[int], None] | None = None
    ) -> list[T]:
        """Run many small requests with one client, ``concurrency`` at a time, each with its own deadline and retries.

        The first failure ends all. ``on_done`` is called in the calling thread with the index of each finished request.

        Raises:
            CancelledAnswer: when the block around it was cancelled.
            EngineError: mapped from whatever went wrong.
        """
        done: SimpleQueue[int | None] = SimpleQueue()
        results: dict[int, T] = {}
        failures: list[Exception] = []

        async def job() -> None:
            import anyio

            limit = anyio.CapacityLimiter(self.concurrency)
            async with self._client() as client, anyio.create_task_group() as group:

                async def one(index: int, work: Work[T]) -> None:
                    async with limit:
                        request, arrival = SentRequest(url=self.base, key=self.key), Arrival(deliver=lambda _: None)
                        try:
                            results[index] = await self._attempts(client, work, arrival, request, seconds, seconds)
                            done.put(index)
                        except Exception as exc:  # raised again by the caller, outside the group that would wrap it
                            failures.append(exc)
                            group.cancel_scope.cancel()

                for index, work in enumerate(works):
                    group.start_soon(one, index, work)

        _drive(job, done, on_done, lambda: CancelledAnswer(""))
        if failures:
            raise failures[0]
        return [results[index] for index in range(len(works))]

    def post(self, url: str, body: object, *, seconds: float, **about: Any) -> str:
        """POST a JSON body and return the response; ``url`` is absolute or a path below the base. See ``run``."""
        return self.run(lambda client, _: send(client, "POST", url, body), seconds=seconds, **about)

    def get(self, url: str, *, seconds: float, **about: Any) -> str:
        """GET a URL and return the response. See ``run``."""
        return self.run(lambda client, _: send(client, "GET", url), seconds=seconds, **about)

    @contextmanager
    def _slot(self, seconds: float | None) -> Iterator[None]:
        """Hold one of the ``concurrency`` slots; without a deadline, none is needed."""
        if seconds is None:
            yield
            return
        late = time.monotonic() + seconds
        while not self._slots.acquire(timeout=_POLL_SECONDS):
            if cancelled():
                raise CancelledAnswer("")
            if time.monotonic() > late:
                told = f"{self.concurrency} other requests to {self.base} were under way for {seconds:g} s"
                raise DeadlineError(f"{told}; none of them ended")
        try:
            yield
        finally:
            self._slots.release()

    async def _attempts(
        self,
        client: httpx2.AsyncClient,
        work: Work[T],
        arrival: Arrival,
        request: SentRequest,
        left: float,
        seconds: float,
    ) -> T:
        import anyio
        import httpx2

        attempt = partial(persist, retries=self.retries, backoff=self.backoff, begun=lambda: arrival.begun)
        try:
            with anyio.fail_after(left):
                return await attempt(lambda: work(client, arrival))
        except TimeoutError as exc:
            had = f"; {len(arrival.text):,} characters had arrived" if arrival.pieces else ""
            raise DeadlineError(f"no complete answer from {self.base} within {seconds:g} s{had}") from exc
        except httpx2.RequestError as exc:
            raise (InterruptedAnswer(arrival.text) if arrival.begun else translate(exc, request)) from exc
        except (httpx2.HTTPStatusError, StreamedError) as exc:
            error = InterruptedAnswer(arrival.text) if arrival.pieces else translate(exc, request)
            # The exception may quote the server, and a traceback would quote the exception.
            raise error from (exc if self.key.redact(str(exc)) == str(exc) else None)
        except (ValueError, RecursionError) as exc:  # a body that is not JSON
            if arrival.pieces:
                raise InterruptedAnswer(arrival.text) from exc
            raise EngineError(f"{self.base} did not send JSON; it may not be OpenAI-compatible") from exc

    def _client(self) -> httpx2.AsyncClient:
        return make_client(self.base, self.key, connections=self.concurrency, own=self.own)


def _drive(
    job: Callable[[], Awaitable[T]],
    events: SimpleQueue[E | None],
    on_event: Callable[[E], None] | None,
    stopped: Callable[[], EngineError],
) -> T:
    """Run ``job`` on an event loop in a thread, and handle its events in this thread."""
    from anyio.from_thread import start_blocking_portal

    if cancelled():
        raise stopped()
    with start_blocking_portal() as portal:
        future = portal.start_task_soon(job)
        future.add_done_callback(lambda _: events.put(None))
        with on_cancel(future.cancel):
            while (event := events.get()) is not None:
                if on_event is not None:
                    on_event(event)
        try:
            return future.result()
        except CancelledError as exc:
            raise stopped() from exc


def find_key(given: str | None, variables: Sequence[str] = KEY_VARIABLES) -> Key:
    """The key to send: the given one, or the first in the environment.

    Raises:
        UsageError: if it contains characters that cannot be sent; the key itself is not shown.
    """
    candidates = [("the api_key argument", given), *((f"${name}", os.environ.get(name)) for name in variables)]
    for source, value in candidates:
        if secret := (value or "").strip():
            if not (secret.isascii() and secret.isprintable()):
                raise UsageError(f"the key from {source} holds characters that no key has")
            return Key(secret=secret, source=source, variables=tuple(variables))
    return Key(secret=None, variables=tuple(variables))
