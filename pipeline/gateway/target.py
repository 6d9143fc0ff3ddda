"""The server behind a gateway: one fixed address, asked past any proxy, its redirects not followed."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from urllib.parse import urlsplit

import httpx2

from ctxpipe.errors import CompressionFault, EngineError, RejectedError, UnreachableError
from ctxpipe.pipeline.gateway.headers import Header
from ctxpipe.remote.address import parse_address

_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 3.0
"""How long an idle connection is kept: below the 5 seconds after which uvicorn closes it under a request."""
_VERSION = b"/v1"
_MOST_QUOTED = 1_000
_MOST_SAID = 64 * 2**20
"""Most bytes of a response that the gateway reads itself."""


class _Parts(httpx2.AsyncByteStream):
    """A body that comes part by part."""

    def __init__(self, parts: AsyncIterable[bytes]) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._parts:
            yield part


class TargetClient:
    """Sends requests to the server.

    Args:
        url: The server, with or without ``/v1``.
        seconds: Seconds without a byte from it after which a request is given up.
        connections: Most connections.
    """

    def __init__(self, url: str, *, seconds: float, connections: int) -> None:
        self.address = parse_address(url)
        parts = urlsplit(self.address.root)
        self._origin = httpx2.URL(f"{parts.scheme}://{parts.netloc}")
        self._root = parts.path.encode()
        self._base = urlsplit(self.address.base).path.encode()
        self.host = parts.netloc.encode()
        secure = parts.scheme == "https"
        self._transport = httpx2.AsyncHTTPTransport(
            verify=ssl.create_default_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
            retries=1,
            limits=httpx2.Limits(
                max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_IDLE_SECONDS
            ),
        )
        self._timeout = httpx2.Timeout(seconds, connect=_CONNECT_SECONDS).as_dict()

    async def send(
        self,
        method: str,
        path: bytes,
        query: bytes,
        headers: Sequence[Header],
        body: bytes | AsyncIterable[bytes] | None,
    ) -> httpx2.Response:
        """Send a request on; the caller closes the response.

        Args:
            method: As the client sent it.
            path: As the client sent it, checked, percent signs and all.
            query: As the client sent it.
            headers: All that are sent; none is added.
            body: The body, or its parts.

        Raises:
            httpx2.TransportError: if no answer comes.
        """
        raw = self._place(path) + (b"?" + query if query else b"")
        # The target of the request is in ``extensions``, so that no URL is put together and taken apart again.
        request = httpx2.Request(
            method,
            self._origin,
            headers=list(headers),
            stream=_Parts(body) if isinstance(body, AsyncIterable) else httpx2.ByteStream(body or b""),
            extensions={"timeout": self._timeout, "target": raw},
        )
        return await self._transport.handle_async_request(request)

    def _place(self, path: bytes) -> bytes:
        """The target's path for a client's: ``/v1`` is the target's own version."""
        if path == _VERSION or path.startswith(_VERSION + b"/"):
            return self._base + path[len(_VERSION) :]
        return self._root + path

    async def ask(self, path: bytes, headers: Sequence[Header], question: object | None = None) -> object:
        """Ask something of the gateway's own: POST a question, or GET without one; the JSON of the response.

        Raises:
            RejectedError: for an error status.
            EngineError: if no answer comes, or none that is JSON.
        """
        body = None if question is None else to_json(question)
        length = [] if body is None else [(b"content-length", b"%d" % len(body))]
        try:
            response = await self.send("POST" if body else "GET", path, b"", [*headers, *length], body)
            async with aclosing(response):
                said = b""
                async for part in response.aiter_bytes():
                    said += part
                    if len(said) > _MOST_SAID:
                        raise EngineError("the target's answer is too long to be read")
        except httpx2.HTTPError as exc:
            raise UnreachableError(f"no answer from {self.address.base}: {type(exc).__name__}") from exc
        if response.status_code != 200:
            raise RejectedError(response.status_code, said[:_MOST_QUOTED].decode("utf-8", "replace"))
        try:
            return json.loads(said)
        except (ValueError, RecursionError) as exc:
            raise EngineError("the target's answer is not JSON") from exc

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def to_json(value: object) -> bytes:
    """Compact UTF-8; escapes where a text holds half a surrogate pair.

    Raises:
        CompressionFault: for a number that JSON cannot hold, and for what is nested too deep to be written.
    """
    try:
        try:
            return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:
            return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError) as exc:
        raise CompressionFault("the request holds what JSON cannot hold") from exc
