"""Maps failures of HTTP requests to errors of this package, without the key."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ctxpipe.errors import EngineError, RejectedError, UnreachableError, WindowError
from ctxpipe.remote.values import dig, parsed, whole

if TYPE_CHECKING:
    import httpx2

KEY_VARIABLES = ("CTXPIPE_API_KEY", "OPENAI_API_KEY")
_LONGEST = 300
_TOO_LONG = re.compile(r"context.?(?:length|size|window)|max(?:imum )?.?model.?len|exceed_context_size", re.IGNORECASE)
_LIMIT = re.compile(r"(?:context (?:length|size|window)|model.?len(?:gth)?)[^\d.;]{0,40}?([\d,]*\d)", re.IGNORECASE)
_COUNTED = re.compile(
    r"(?:resulted in|has|passed) ([\d,]*\d) (?:input )?tokens|\(([\d,]*\d) in the (?:messages|prompt)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A secret, its source, the variables that can hold one, and the header that it is sent in. It is never shown."""

    secret: str | None = field(repr=False)
    source: str = ""
    variables: tuple[str, ...] = KEY_VARIABLES
    header: str = "Authorization"

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with every request."""
        if not self.secret:
            return {}
        return {self.header: f"Bearer {self.secret}" if self.header == "Authorization" else self.secret}

    def redact(self, text: str) -> str:
        """The text without the secret."""
        return text.replace(self.secret, "[key]") if self.secret else text


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """The parts of a failed request for its error message.

    Attributes:
        url: The server's base URL.
        key: The key that was sent.
        prompt_tokens: Tokens of the prompt; None if the request had none.
        max_tokens: Tokens reserved for the answer.
    """

    url: str
    key: Key
    prompt_tokens: int | None = None
    max_tokens: int = 0

    def say(self, text: object) -> str:
        """A message of a server or a library as one short printable line, without the key."""
        line = " ".join("".join(c if c.isprintable() else " " for c in self.key.redact(str(text))).split())
        return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


class StreamedError(Exception):
    """An error that a server sent inside a stream.

    Args:
        body: What the server sent.
    """

    def __init__(self, body: object) -> None:
        super().__init__("an error inside a stream")
        self.body = body


Failure: TypeAlias = "httpx2.RequestError | httpx2.HTTPStatusError | StreamedError"
"""Whatever goes wrong with a request: no connection, a refusal, an error inside a stream."""


def translate(exc: Failure, request: SentRequest) -> EngineError:
    """The error of this package for a failed request."""
    import httpx2

    if isinstance(exc, StreamedError):  # it has no status; servers put one into its body
        return _rejected(whole(dig(exc.body, "code")) or 500, _detail(exc.body, ""), request)
    if isinstance(exc, httpx2.HTTPStatusError):
        status, headers = exc.response.status_code, exc.response.headers
        if place := headers.get("location"):
            return RejectedError(status, f"it redirects to {request.say(place)}; give that URL")
        wait = headers.get("retry-after")
        detail = _detail(parsed(exc.response.text), exc.response.text)
        return _rejected(status, f"{detail}; it asks to wait {wait} s" if wait else detail, request)
    if isinstance(exc, httpx2.TimeoutException):
        return UnreachableError(f"no connection to {request.url}: it does not answer")
    return UnreachableError(_unreachable(exc, request))


def is_lost_connection(exc: BaseException) -> bool:
    """Whether a retry may help: refused, reset or closed, but not a TLS failure or an unknown host."""
    return not any(isinstance(cause, ssl.SSLError | socket.gaierror) for cause in _causes(exc))


def _unreachable(exc: BaseException, request: SentRequest) -> str:
    causes = list(_causes(exc))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            why = getattr(cause, "verify_message", "") or cause.reason or cause
            hint = (
                "; SSL_CERT_FILE names the certificates to trust in place of the usual ones"
                if "verif" in str(cause).lower()
                else ""
            )
            return f"no secure connection to {request.url}: TLS failed, {request.say(why)}{hint}"
        if isinstance(cause, socket.gaierror):
            return f"no server at {request.url}: {request.say(cause.strerror or cause)}"
    system = [os.strerror(cause.errno) for cause in causes if isinstance(cause, OSError) and cause.errno]
    said = [str(cause) for cause in causes if str(cause)]
    return f"no answer from {request.url}: {request.say((system or said or ['the connection broke'])[-1])}"


def _causes(exc: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [exc]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        waiting += (cause.__context__, cause.__cause__)


def _detail(body: object, fallback: str) -> str:
    """The server's message, in the usual forms: OpenAI's, FastAPI's, a plain message, a web page."""
    for key in ("error", "detail", "message"):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    text = body if isinstance(body, str) else str(body) if body else fallback
    if re.match(r"\s*<(?:!doctype|html|\?xml)", text, re.IGNORECASE):
        return "a web page, so this may not be an OpenAI-compatible server"
    return text or "no reason given"


def _rejected(status: int, detail: str, request: SentRequest) -> EngineError:
    said = request.say(detail)
    if status in (401, 403):
        key = request.key
        none = f"no key is set; put it into {' or '.join(key.variables)}"
        hint = f"the key came from {key.source}" if key.source else none
        return RejectedError(status, f"{said}; {hint}")
    if status in (400, 413, 422) and request.prompt_tokens is not None and _TOO_LONG.search(detail):
        limit = _LIMIT.search(detail)
        room = _number(limit) - request.max_tokens
        tokens = max(request.prompt_tokens, _number(_COUNTED.search(detail)))
        if limit and tokens > room:
            return WindowError(tokens, max(0, room), f"the server said: {said}")
    return RejectedError(status, said)


def _number(match: re.Match[str] | None) -> int:
    return int(match[match.lastindex or 0].replace(",", "")) if match else 0
