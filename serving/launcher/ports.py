"""A port that is free when a server starts, and still is when the server, minutes later, listens on it."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ctxpipe.errors import LaunchError, UsageError

ANY = 0


@contextmanager
def reserved_port(host: str, port: int) -> Iterator[int]:
    """Hold a port that nothing listens on; for 0, any free port.

    It is held by a socket that does not listen. Linux gives such a port to nobody who asks for any, and to a server
    that sets SO_REUSEADDR, as vLLM does. Other systems would refuse it to the server too, so there it is not held.

    Args:
        host: Address or name of this machine to listen on.
        port: 0 to 65,535.

    Raises:
        LaunchError: if the port is in use or not permitted, or the host is not this machine.
        UsageError: for an invalid port or host.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"there is no port {port}; ports go from 1 to 65535, and 0 takes any that is free")
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError) as exc:
        raise UsageError(f"{host!r} is not an address of this machine") from exc
    with socket.socket(family, kind) as holder:
        if os.name == "posix":
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(place)
        except OSError as exc:
            raise LaunchError(_refusal(exc, host, port)) from exc
        bound = int(holder.getsockname()[1])
        if not sys.platform.startswith("linux"):
            holder.close()
        yield bound


def _refusal(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} on {host} is in use; choose another with --port, or any free one with --port 0"
        case errno.EACCES:
            return f"port {port} needs administrator rights; choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine"
    return f"cannot listen on port {port} of {host}: {error.strerror}"
