"""A connection to Ray."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ctxpipe.errors import UnreachableError, reason_of
from ctxpipe.models.cpu import cpu_threads

HERE = "local"
"""The address of a Ray that is started for the batch on this machine alone."""
MODULES = ("ray", "pandas", "pyarrow")
"""What the extra installs."""
_CONNECT_SECONDS = 10


@contextmanager
def session(address: str) -> Iterator[int]:
    """Connect to Ray, or start it on this machine; ended with the block.

    Args:
        address: ``"local"``, ``"auto"`` for the one that runs on this machine, or ``HOST:PORT``.

    Yields:
        Most actors for which there are cores.

    Raises:
        UnreachableError: if there is no Ray at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address == HERE and "RAY_AUTH_MODE" not in os.environ:
        # Ray listens on every interface, and whoever may speak to it may run code.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    _connect(address)
    import ray
    import ray.data

    try:
        # What goes wrong is said in one line, and Ray keeps the rest in files.
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.raise_original_map_exception = True
        yield cpu_threads() if address == HERE else cores()
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        if host and port.isdigit():  # Ray itself would try for a minute
            socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
        import ray

        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **(_here() if address == HERE else {}),
        )
    except (OSError, RuntimeError, ValueError, SystemExit) as exc:
        raise UnreachableError(f"no Ray at {address}: {reason_of(exc)}") from exc


def _here() -> dict[str, Any]:
    # One core more than there are, for what reads and writes: it would never start if actors had taken all.
    return {"num_cpus": cpu_threads() + 1, "include_dashboard": False}


def cores() -> int:
    """Cores of the cluster, one at least; Ray is started on this machine where no program has connected to one yet."""
    import ray

    if not ray.is_initialized():
        ray.init()
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return max(1, int(resources.get("CPU", 1)))
