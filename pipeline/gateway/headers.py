"""Which headers pass, which targets of a request are refused, and what the gateway says of its own work."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from ctxpipe.errors import RefusedRequest
from ctxpipe.pipeline.gateway.settings import is_loopback

Header = tuple[bytes, bytes]

MARK = b"x-ctxpipe-"
"""Beginning of the gateway's own headers; a target cannot send them."""
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade".split()
)
CREDENTIALS = frozenset(b"authorization x-api-key api-key".split())
"""Headers that hold a client's key."""
_FOR_COUNTING = CREDENTIALS | frozenset(b"openai-organization openai-project anthropic-version anthropic-beta".split())
_DECODINGS = 4
MOST_HEAD = 64 * 1024
"""Most bytes of a request's headers."""


def value_of(headers: Iterable[Header], name: bytes) -> bytes | None:
    """The first value of a header, whose name is in lower case."""
    return next((value for key, value in headers if key.lower() == name), None)


def end_to_end(headers: Iterable[Header]) -> Iterator[Header]:
    """The headers that are not for one connection only."""
    given = list(headers)
    named = {name.strip().lower() for key, value in given if key.lower() == b"connection" for name in value.split(b",")}
    for key, value in given:
        if key.lower() not in _HOP_BY_HOP and key.lower() not in named:
            yield key, value


def to_target(headers: Iterable[Header], host: bytes, length: int | None = None) -> list[Header]:
    """A client's headers as the target gets them.

    Args:
        headers: The client's.
        host: The target's host and port.
        length: Bytes of the body; None if it was not read, and is framed as the client framed it.
    """
    given = list(headers)
    dropped = {b"host", b"expect", b"content-length"}
    passed = [(key, value) for key, value in end_to_end(given) if key.lower() not in dropped]
    declared = value_of(given, b"content-length")
    if length is not None:
        framing = [(b"content-length", b"%d" % length)]
    elif value_of(given, b"transfer-encoding") is not None:  # then it has no other length, whatever else is said of it
        framing = [(b"transfer-encoding", b"chunked")]
    else:
        framing = [] if declared is None else [(b"content-length", declared)]
    return [(b"host", host), *passed, *framing]


def to_client(headers: Iterable[Header]) -> list[Header]:
    """A target's headers as the client gets them: without forgeries of the gateway's own."""
    return [(key, value) for key, value in end_to_end(headers) if not key.lower().startswith(MARK)]


def for_counting(headers: Iterable[Header], host: bytes) -> list[Header]:
    """Headers of a question of the gateway's own, asked with the client's key."""
    kept = [(key, value) for key, value in headers if key.lower() in _FOR_COUNTING]
    return [(b"host", host), *kept, (b"content-type", b"application/json"), (b"accept", b"application/json")]


def check_path(path: bytes) -> None:
    """Refuse a request target that could lead anywhere but below the target's address.

    Raises:
        RefusedRequest: for absolute URLs, steps upwards (however encoded), backslashes and control characters.
    """
    decoded = path
    for _ in range(_DECODINGS):
        before, decoded = decoded, unquote_to_bytes(decoded)
        if decoded == before:
            break
    else:
        raise RefusedRequest(400, "the path is encoded too often")
    if not path.startswith(b"/") or decoded.startswith(b"//"):
        raise RefusedRequest(400, "the request must name a path, not a URL: the target of the gateway is fixed")
    if any(byte < 33 or byte > 126 for byte in path) or any(byte < 32 or byte == 127 for byte in decoded):
        raise RefusedRequest(400, "the path holds characters that no path has")
    if b"\\" in decoded or {b".", b".."} & set(decoded.split(b"/")):
        raise RefusedRequest(400, "the path must not step upwards")


def check_size(headers: Iterable[Header]) -> None:
    """Refuse a head that is too large.

    Raises:
        RefusedRequest: for more than ``MOST_HEAD`` bytes of headers.
    """
    if sum(len(key) + len(value) for key, value in headers) > MOST_HEAD:
        raise RefusedRequest(431, f"the headers are larger than {MOST_HEAD:,} bytes")


def check_host(headers: Iterable[Header], listening: str) -> None:
    """On the loopback interface, refuse a request for another host: a web page may have made a browser send it.

    Raises:
        RefusedRequest: for a ``Host`` that is not this machine.
    """
    given = value_of(headers, b"host")
    host = (given or b"").decode("latin-1").strip()
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if is_loopback(listening) and not is_loopback(name) and name.lower() != listening.lower():
        raise RefusedRequest(421, "the gateway listens on this machine only, and the request is for another host")


def check_key(headers: Iterable[Header], key: str | None) -> None:
    """Let in only clients that send the key, as ``Authorization: Bearer`` or ``x-api-key``.

    Raises:
        RefusedRequest: without it.
    """
    if key is None:
        return
    for name, value in headers:
        if name.lower() in CREDENTIALS:
            given = value[7:] if value[:7].lower() == b"bearer " else value
            if hmac.compare_digest(given.strip(), key.encode()):
                return
    raise RefusedRequest(401, "the key that the gateway asks for is missing or wrong")
