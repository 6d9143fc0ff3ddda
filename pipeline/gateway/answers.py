"""Answers to clients: the gateway's own, and the target's, passed on as they come."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import anyio
import httpx2

from ctxpipe.errors import CompressionFault, RefusedRequest
from ctxpipe.pipeline.gateway.headers import Header, to_client, value_of
from ctxpipe.pipeline.gateway.limits import ClientGone, Receive, discard, too_slow
from ctxpipe.pipeline.gateway.target import to_json

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Rewrite = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
Parts = AsyncIterator[bytes]

_MOST_REWRITTEN = 16 * 2**20
"""Bytes above which an answer is passed on as it is."""
_STEP = 64 * 1024
"""Bytes that are sent at a time; a stall is counted for each."""
_KINDS = {401: "authentication_error", 413: "request_too_large", 429: "rate_limit_error"}


class Answering:
    """Sends one answer, and gives up a client that does not take it.

    Args:
        send: Takes ASGI events.
        stall: Seconds that the client may stall.
        rate: Bytes a second that it must take while the gateway waits for it.
    """

    def __init__(self, send: Send, *, stall: float, rate: float) -> None:
        self._send = send
        self._stall = stall
        self._rate = rate
        self._waited = 0.0
        self._size = 0
        self.status = 0

    async def refuse(self, error: RefusedRequest, receive: Receive | None = None) -> None:
        """Answer with an error in the form that OpenAI's and Anthropic's clients read; nothing if one has begun.

        Args:
            error: Why.
            receive: Gives what is left of the request's body; None if there is nothing, or the client waits to be told
                to send it.
        """
        if self.status:
            return
        kind = _KINDS.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
        told = {"type": kind, "message": f"ctxpipe gateway: {error}", "param": None, "code": error.status}
        body = json.dumps({"type": "error", "error": told}).encode()
        # All that is left of the request may be too much, so the connection is not used again.
        headers: list[Header] = [(b"content-type", b"application/json"), (b"connection", b"close")]
        if error.status == 429:
            headers.append((b"retry-after", b"1"))
        await self._start(error.status, [*headers, (b"content-length", b"%d" % len(body))])
        await self._part(body)
        if receive is not None:
            await discard(receive)
        await self._part(b"", last=True)

    async def pass_on(
        self,
        response: httpx2.Response,
        headers: Sequence[Header],
        rewrite: Rewrite | None,
        restream: Callable[[Parts], Parts] | None = None,
    ) -> bool:
        """Pass a target's answer on, part by part as it comes.

        Args:
            response: The answer.
            headers: The gateway's own.
            rewrite: Changes the JSON of the answer; None to leave it alone.
            restream: Changes a stream of events; None to leave it alone.

        Returns:
            Whether it came whole.
        """
        kept = to_client(response.headers.raw)
        parts: AsyncIterator[bytes] = response.aiter_raw()
        if rewrite is not None and _is_kind(kept, b"json"):
            parts, length = await _rewritten(parts, rewrite)
            if length is not None:
                kept = [(k, v) for k, v in kept if k.lower() != b"content-length"]
                kept.append((b"content-length", b"%d" % length))
        elif restream is not None and response.status_code == 200 and _is_kind(kept, b"text/event-stream"):
            parts = restream(parts)
            kept = [(k, v) for k, v in kept if k.lower() != b"content-length"]
        await self._start(response.status_code, [*kept, *headers])
        try:
            async for part in parts:
                await self._part(part)
        except httpx2.TransportError:
            return False  # an end without the last chunk tells the client
        await self._part(b"", last=True)
        return True

    async def _start(self, status: int, headers: Sequence[Header]) -> None:
        self.status = status
        await self._event({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def _part(self, data: bytes, *, last: bool = False) -> None:
        for start in range(0, len(data) or 1, _STEP):
            step = data[start : start + _STEP]
            await self._event({"type": "http.response.body", "body": step, "more_body": not last})
            self._size += len(step)

    async def _event(self, event: MutableMapping[str, Any]) -> None:
        """Send on; only the time that the client takes counts, not that of a target which generates slowly."""
        asked = anyio.current_time()
        with anyio.move_on_after(self._stall) as waiting:
            await self._send(event)
        self._waited += anyio.current_time() - asked
        if waiting.cancelled_caught or too_slow(self._waited, self._size, stall=self._stall, rate=self._rate):
            raise ClientGone


def _is_kind(headers: Sequence[Header], kind: bytes) -> bool:
    said = (value_of(headers, b"content-type") or b"").lower()
    return kind in said and value_of(headers, b"content-encoding") is None


async def _rewritten(parts: AsyncIterator[bytes], rewrite: Rewrite) -> tuple[AsyncIterator[bytes], int | None]:
    """The parts of a changed answer and its length; None if it is passed on as it is."""
    read = b""
    async for part in parts:
        read += part
        if len(read) > _MOST_REWRITTEN:
            return _joined(read, parts), None
    try:
        value = json.loads(read)
        changed = to_json(await rewrite(value)) if isinstance(value, dict) else read
    except (ValueError, RecursionError, CompressionFault):
        changed = read
    return _joined(changed, None), len(changed)


async def _joined(first: bytes, rest: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    yield first
    if rest is not None:
        async for part in rest:
            yield part
