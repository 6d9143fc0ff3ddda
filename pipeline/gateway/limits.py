"""Limits on what clients may use: bytes, time, and places."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import anyio

from ctxpipe.errors import RefusedRequest

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_PATIENCE = 3
"""How often the time of one stall is waited for a whole body or answer, beside what its size takes at a modest rate."""
_SLOWEST = 64 * 1024
"""Bytes of a body a second."""
_LINGER, _SILENT = 10.0, 0.5
"""Seconds for which a refused body is read on, at most and without a part of it."""


class ClientGone(Exception):  # noqa: N818 - the client left, which is no error
    """The client closed its connection."""


class HeldBytes:
    """Bytes of bodies in memory.

    Args:
        most: Most bytes of all bodies.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0

    @contextmanager
    def account(self) -> Iterator[Callable[[int], None]]:
        """A function that counts bytes of one body, which are free again when the block ends.

        Raises:
            RefusedRequest: by the function, when all bodies together are too large.
        """
        own = 0

        def take(size: int) -> None:
            nonlocal own
            if self.bytes + size > self.most:
                raise RefusedRequest(429, "the gateway holds as many bytes of requests as it may; try again")
            self.bytes += size
            own += size

        try:
            yield take
        finally:
            self.bytes -= own


class Places:
    """Requests that are served at a time, and a bounded number of others that wait.

    Args:
        served: Most at a time.
        waiting: Most that wait.
    """

    def __init__(self, served: int, waiting: int) -> None:
        self._limiter = anyio.CapacityLimiter(served)
        self._waiting = waiting

    @property
    def taken(self) -> int:
        """Requests that are served now."""
        return int(self._limiter.borrowed_tokens)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place.

        Raises:
            RefusedRequest: when too many wait already.
        """
        owner = object()
        waiting = self._limiter.statistics().tasks_waiting
        if waiting >= self._waiting and self._limiter.available_tokens < 1:
            raise RefusedRequest(429, "too many requests wait for the target; try again")
        async with _on_behalf(self._limiter, owner):
            yield


@asynccontextmanager
async def _on_behalf(limiter: anyio.CapacityLimiter, owner: object) -> AsyncIterator[None]:
    await limiter.acquire_on_behalf_of(owner)
    try:
        yield
    finally:
        limiter.release_on_behalf_of(owner)


def too_slow(waited: float, size: int, *, stall: float, rate: float) -> bool:
    """Whether a client took too long for what it has sent or taken, though no part of it took longer than a stall.

    Args:
        waited: Seconds that were spent waiting for the client.
        size: Bytes.
        stall: Seconds that the client may stall.
        rate: Bytes a second that it must keep up.
    """
    return waited > _PATIENCE * stall + size / rate


async def discard(receive: Receive) -> None:
    """Read what is left of a body for a short while, and drop it.

    A client that still sends when its connection is closed gets a broken pipe in place of the answer.
    """
    with anyio.move_on_after(_LINGER):
        while True:
            with anyio.move_on_after(_SILENT) as waited:
                event = await receive()
            if waited.cancelled_caught or event["type"] == "http.disconnect" or not event.get("more_body"):
                return


async def parts_of(receive: Receive, *, stall: float) -> AsyncGenerator[bytes]:
    """The parts of a body as they come.

    Args:
        receive: Gives ASGI events.
        stall: Seconds that the client may stall.

    Raises:
        RefusedRequest: for a body that is too slow.
        ClientGone: when the client closed its connection.
    """
    waited, size = 0.0, 0
    while True:
        event, asked = None, anyio.current_time()
        with anyio.move_on_after(stall):
            event = await receive()
        waited += anyio.current_time() - asked
        if event is not None and event["type"] == "http.disconnect":
            raise ClientGone
        more = event is None or event.get("more_body", False)
        size += 0 if event is None else len(event.get("body", b""))
        if event is None or (more and too_slow(waited, size, stall=stall, rate=_SLOWEST)):
            raise RefusedRequest(408, "the body comes too slowly")
        yield event.get("body", b"")
        if not more:
            return


async def read_body(
    receive: Receive, *, declared: bytes | None, most: int, take: Callable[[int], None], stall: float
) -> bytes:
    """Read a body whole.

    Args:
        receive: Gives ASGI events.
        declared: ``Content-Length``, if there is one.
        most: Most bytes.
        take: Counts bytes.
        stall: Seconds that the client may stall.

    Raises:
        RefusedRequest: for a body that is too large or too slow.
        ClientGone: when the client closed its connection.
    """
    too_large = RefusedRequest(413, f"the body is larger than the {most:,} bytes that the gateway reads")
    if declared is not None and declared.isdigit() and int(declared) > most:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async with aclosing(parts_of(receive, stall=stall)) as coming:
        async for part in coming:
            size += len(part)
            if size > most:
                raise too_large
            take(len(part))
            parts.append(part)
    return b"".join(parts)
