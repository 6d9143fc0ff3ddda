"""The client that sends requests, one for each use of a transport."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Any

from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    import httpx2

    from ctxpipe.remote.http_errors import Key

_CONNECT_SECONDS = 10.0
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def make_client(base: str, key: Key, *, connections: int, own: bool) -> httpx2.AsyncClient:
    """A client for paths below ``base``; deadlines are the caller's.

    Args:
        base: Base URL of the API.
        key: Sent with every request if there is a secret.
        connections: Most connections at a time.
        own: Whether it is a server that this process started: asked past any proxy, whatever its certificate.

    Raises:
        UsageError: if the environment's proxy settings or certificates cannot be used.
    """
    import httpx2

    # Reading the system's certificates takes longer than everything else here, and plain HTTP needs none.
    # A redirect is not followed: documents must go only to the given server.
    verify = not own if base.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx2.AsyncClient(
            base_url=base,
            headers=key.headers,
            verify=verify,
            trust_env=not own,
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=connections),
        )
    except (ImportError, ValueError) as exc:  # a proxy type that the installed packages do not support
        raise UsageError(f"the proxy settings in the environment cannot be used: {exc}") from exc
    except OSError as exc:  # ssl.SSLError is one
        places = [f"{name}={os.environ[name]}" for name in _CERTIFICATES if os.environ.get(name)]
        raise UsageError(f"{' and '.join(places)}: no certificates there can be read ({_reason(exc)})") from exc


async def send(client: httpx2.AsyncClient, method: str, url: str, body: object = None) -> str:
    """The text of a response; ``url`` is absolute or a path below the base.

    Raises:
        httpx2.HTTPError: if the server cannot be reached or refuses.
    """
    sent: dict[str, Any] = {} if body is None else {"json": body}
    return (await client.request(method, url, **sent)).raise_for_status().text


def _reason(exc: OSError) -> str:
    return str(getattr(exc, "reason", None) or exc.strerror or exc)
