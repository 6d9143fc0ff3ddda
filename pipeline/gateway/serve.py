"""Runs a gateway with uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ctxpipe.errors import UsageError
from ctxpipe.pipeline.gateway.app import make_app
from ctxpipe.pipeline.gateway.headers import MOST_HEAD
from ctxpipe.pipeline.gateway.settings import Settings

_HEAD_SECONDS = 15.0
"""Seconds within which the head of a request must be there, once its connection or its first byte is."""
_SPARE = 64


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with a limit on the time that the head of a request takes, which uvicorn does not have."""

    head_seconds = _HEAD_SECONDS
    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn says so too
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait on, or stop waiting when the head is there."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait()
        elif self._head is not None:
            self._head.cancel()
            self._head = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        if self._head is not None:
            self._head.cancel()

    def _wait(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.head_seconds, self._give_up)

    def _give_up(self) -> None:
        self._head = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


class GatewayServer(uvicorn.Server):
    """A gateway that listens.

    Args:
        settings: Options.
        on_ready: Called with its URL once it answers.
        on_note: Called with a line for the operator.

    Raises:
        UsageError: if the address cannot be listened on, or the log not be opened.
    """

    def __init__(self, settings: Settings, *, on_ready: Callable[[str], None], on_note: Callable[[str], None]) -> None:
        self._on_ready = on_ready
        self._unread = settings.send_seconds
        self._closing: dict[Any, float] = {}
        self._socket = _listening(settings.host, settings.port)
        host, port = self._socket.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        try:
            app = make_app(settings, on_note=on_note)
        except BaseException:
            self._socket.close()
            raise
        super().__init__(
            uvicorn.Config(
                app,
                http=PatientProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                limit_concurrency=2 * (settings.concurrency + settings.queue) + _SPARE,
                h11_max_incomplete_event_size=MOST_HEAD,
                timeout_graceful_shutdown=max(1, int(settings.grace)),
            )
        )

    def serve_forever(self) -> None:
        """Serve until it is told to stop; answers that run then have the grace to end."""
        with contextlib.closing(self._socket):
            self.run(sockets=[self._socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready(self.url)

    async def on_tick(self, counter: int) -> bool:
        """Look after connections once a second."""
        if counter % 10 == 0:
            self._end_unread()
        return await super().on_tick(counter)

    def _end_unread(self) -> None:
        """End connections that are to be closed and whose clients do not take what is left: uvicorn waits for ever."""
        now = time.monotonic()
        closing = [one for one in self.server_state.connections if one.transport.is_closing()]
        self._closing = {one: self._closing.get(one, now) for one in closing}
        for one, since in self._closing.items():
            if now - since > self._unread:
                one.transport.abort()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host.strip("[]"), port), family=family, backlog=1024)
        # asyncio does so only for sockets that name their protocol, and an answer in two parts would wait 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as exc:
        raise UsageError(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
