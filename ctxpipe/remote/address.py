"""The address of an OpenAI-compatible server, in any common form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ctxpipe.errors import UsageError

_VERSION = re.compile(r"v\d\w*")
_ENDPOINT = re.compile(r"/(?:chat/completions|completions|models|tokenize|pooling)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The URLs of a server's endpoints.

    Attributes:
        base: Base URL for endpoints such as ``/models``, e.g. ``http://localhost:8000/v1``.
        root: The same without the version, for endpoints outside the API such as vLLM's ``/tokenize``.
        host: Host name or address alone.
    """

    base: str
    root: str
    host: str


def parse_address(url: str) -> Address:
    """Read a URL given with or without ``/v1``, with or without an endpoint.

    Raises:
        UsageError: if it is not an http(s) URL, or has a password, a query or a fragment.
    """
    try:
        parts = urlsplit(url.strip())
        host, port, user = parts.hostname, parts.port, parts.username
    except ValueError as exc:
        raise UsageError(f"not the URL of a server: {exc}") from exc
    if user is not None or parts.password is not None:
        raise UsageError("a server's URL must not contain a user or password; a key is read from CTXPIPE_API_KEY")
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"{url!r} is not the URL of a server; write it like http://localhost:8000")
    if parts.query or parts.fragment:
        raise UsageError("a server's URL must not contain ? or #")
    path = _ENDPOINT.sub("", parts.path.rstrip("/"))
    if not any(_VERSION.fullmatch(segment) for segment in path.split("/")):
        path += "/v1"
    bare = f"[{host}]" if ":" in host else host
    server = f"{parts.scheme}://{bare}{f':{port}' if port is not None else ''}"
    last = path.rpartition("/")
    root = last[0] if _VERSION.fullmatch(last[2]) else path
    return Address(base=server + path, root=server + root, host=host)
