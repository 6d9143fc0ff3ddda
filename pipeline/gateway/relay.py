"""Takes requests, has prompts decided on, sends them to the target and passes the answers on."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2

from ctxpipe.errors import RefusedRequest
from ctxpipe.pipeline.gateway.answers import Answering, Send
from ctxpipe.pipeline.gateway.corpora.names import path_of
from ctxpipe.pipeline.gateway.decide import Decision, Planner
from ctxpipe.pipeline.gateway.headers import Header, check_key, to_target, value_of
from ctxpipe.pipeline.gateway.limits import ClientGone, HeldBytes, Places, Receive, parts_of, read_body
from ctxpipe.pipeline.gateway.log import Log
from ctxpipe.pipeline.gateway.metrics import Metrics
from ctxpipe.pipeline.gateway.rewriting import described_by, restreaming, rewriting
from ctxpipe.pipeline.gateway.settings import Settings
from ctxpipe.pipeline.gateway.shapes.known import SHAPES
from ctxpipe.pipeline.gateway.shapes.shape import Shape
from ctxpipe.pipeline.gateway.target import TargetClient

_GONE = 499
"""Status in the log for a client that left."""
_NO_STATUS = 600


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """One request on its way."""

    method: str
    path: bytes
    query: bytes
    headers: Sequence[Header]
    receive: Receive
    answering: Answering
    shape: Shape | None = None
    model: object = None
    decision: Decision | None = None


class Relay:
    """The ASGI application behind the gateway's own pages.

    Args:
        settings: Options.
        target: The server.
        planner: Decides on prompts.
        metrics, log: What was done.
    """

    def __init__(self, settings: Settings, target: TargetClient, planner: Planner, metrics: Metrics, log: Log) -> None:
        self._settings = settings
        self._target = target
        self._planner = planner
        self._metrics = metrics
        self._log = log
        self._held = HeldBytes(settings.most_held)
        self._places = Places(settings.concurrency, settings.queue)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = time.perf_counter()
        exchange = _Exchange(
            method=scope["method"],
            path=scope["raw_path"],
            query=scope["query_string"],
            headers=scope["headers"],
            receive=receive,
            answering=Answering(send, stall=self._settings.send_seconds, rate=self._settings.send_rate),
        )
        try:
            await self._served(exchange)
        except RefusedRequest as error:
            self._metrics.refused.labels(error.status).inc()
            await exchange.answering.refuse(error, receive if _sends_on(exchange, error) else None)
        except ClientGone:
            exchange.answering.status = _GONE
        except Exception as error:
            self._metrics.refused.labels(502).inc()
            await exchange.answering.refuse(RefusedRequest(502, f"a fault of its own ({type(error).__name__})"))
        finally:
            self._log.write(
                kind=exchange.shape.name if exchange.shape else "other",
                model=exchange.model,
                status=exchange.answering.status or _GONE,
                total=time.perf_counter() - started,
                decision=exchange.decision,
            )

    async def _served(self, exchange: _Exchange) -> None:
        check_key(exchange.headers, self._settings.key)
        exchange.shape = _shape(exchange)
        if exchange.shape is None:
            await self._streamed(exchange)
        else:
            await self._decided(exchange, exchange.shape)

    async def _decided(self, exchange: _Exchange, shape: Shape) -> None:
        """Read a prompt whole, decide on it, and send it."""
        async with AsyncExitStack() as stack:
            take = stack.enter_context(self._held.account())
            body = await read_body(
                exchange.receive,
                declared=value_of(exchange.headers, b"content-length"),
                most=self._settings.most_body,
                take=take,
                stall=self._settings.body_seconds,
            )
            await stack.enter_async_context(self._place())
            await stack.enter_async_context(_while_connected(exchange.receive))
            value = _parsed(body)
            exchange.decision = Decision(action="passed", reason="not an object")
            if isinstance(value, dict):
                exchange.model = value.get("model")
                exchange.decision = await self._planner.decide(shape, value, len(body), exchange.headers)
            del value
            self._metrics.decided(shape.name, exchange.decision)
            sent = body if exchange.decision.body is None else exchange.decision.body
            await self._forwarded(exchange, to_target(exchange.headers, self._target.host, len(sent)), sent)

    async def _streamed(self, exchange: _Exchange) -> None:
        """Send on what is no prompt, part by part."""
        uploaded = anyio.Event()
        has_body = any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in exchange.headers)
        if not has_body:
            await exchange.receive()
            uploaded.set()
        async with self._place(), _while_connected(exchange.receive, uploaded):
            body = _upload(exchange.receive, uploaded, self._settings.body_seconds) if has_body else None
            await self._forwarded(exchange, to_target(exchange.headers, self._target.host), body)

    async def _forwarded(self, exchange: _Exchange, headers: list[Header], body: Any) -> None:
        rewrite = rewriting(exchange.method, exchange.path, exchange.decision, self._settings)
        restream = restreaming(exchange.decision)
        if rewrite is not None:  # what is read here must not be compressed
            headers = [(name, value) for name, value in headers if name.lower() != b"accept-encoding"]
        described = described_by(exchange.method, exchange.path, self._settings)
        path = exchange.path if described is None else path_of(described.model)
        started = time.perf_counter()
        try:
            response = await self._target.send(exchange.method, path, exchange.query, headers, body)
        except httpx2.TimeoutException as exc:
            raise RefusedRequest(504, "the target does not answer") from exc
        except httpx2.LocalProtocolError as exc:
            raise RefusedRequest(400, "the request cannot be sent on: it breaks the rules of HTTP") from exc
        except (httpx2.TransportError, OSError) as exc:
            raise RefusedRequest(502, "the target cannot be reached") from exc
        self._metrics.seconds.labels("target").observe(time.perf_counter() - started)
        try:
            if response.status_code >= _NO_STATUS:
                raise RefusedRequest(502, "the target answers with a status that HTTP does not have")
            own = exchange.decision.headers() if exchange.decision else []
            await exchange.answering.pass_on(response, own, rewrite, restream)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        async with self._places.place():
            self._metrics.running.inc()
            try:
                yield
            finally:
                self._metrics.running.dec()


def _sends_on(exchange: _Exchange, error: RefusedRequest) -> bool:
    """Whether a client that was refused before all of its body was read may still send it."""
    return error.status in (401, 413) and value_of(exchange.headers, b"expect") is None


def _shape(exchange: _Exchange) -> Shape | None:
    """The kind of prompt that a request has; None for what is passed on unread."""
    if exchange.method != "POST" or value_of(exchange.headers, b"content-encoding") is not None:
        return None
    kind = (value_of(exchange.headers, b"content-type") or b"application/json").lower()
    return SHAPES.get(exchange.path) if b"json" in kind else None


def _parsed(body: bytes) -> object:
    """The JSON of a body.

    Raises:
        RefusedRequest: if it is none, or too deep.
    """
    try:
        return json.loads(body)
    except RecursionError as exc:
        raise RefusedRequest(400, "the JSON of the body is nested too deep") from exc
    except ValueError as exc:
        raise RefusedRequest(400, "the body is not JSON") from exc


@asynccontextmanager
async def _while_connected(receive: Receive, uploaded: anyio.Event | None = None) -> AsyncIterator[None]:
    """Cancel the block when the client closes its connection; what it has to say must have been read by then."""

    async def watch(scope: anyio.CancelScope) -> None:
        if uploaded is not None:
            await uploaded.wait()
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    left = None
    async with anyio.create_task_group() as group:
        group.start_soon(watch, group.cancel_scope)
        try:
            yield
        except Exception as error:  # a group would wrap it
            left = error
        done = not group.cancel_scope.cancel_called
        group.cancel_scope.cancel()
    if left is not None:
        raise left
    if not done:
        raise ClientGone


async def _upload(receive: Receive, uploaded: anyio.Event, stall: float) -> AsyncIterator[bytes]:
    """The parts of a body as they come, and an event when the last one is there."""
    async with aclosing(parts_of(receive, stall=stall)) as parts:
        async for part in parts:
            yield part
    uploaded.set()
