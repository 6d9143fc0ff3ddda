"""Refuses, before anything else, requests that no client of the gateway has reason to send."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Send

from ctxpipe.errors import RefusedRequest
from ctxpipe.pipeline.gateway.answers import Answering
from ctxpipe.pipeline.gateway.headers import check_host, check_path, check_size
from ctxpipe.pipeline.gateway.settings import Settings

_REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})


class Guard:
    """Checks path, host, method and size of the head.

    Args:
        app: What serves the requests that pass.
        settings: Options.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve or refuse a request."""
        if scope["type"] == "http":
            try:
                check_path(scope["raw_path"])
                check_size(scope["headers"])
                check_host(scope["headers"], self._settings.host)
                if scope["method"] in _REFUSED_METHODS:
                    raise RefusedRequest(405, f"{scope['method']} is not passed on")
            except RefusedRequest as error:
                stall, rate = self._settings.send_seconds, self._settings.send_rate
                await Answering(send, stall=stall, rate=rate).refuse(error)
                return
        await self._app(scope, receive, send)
