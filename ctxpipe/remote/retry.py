"""When to retry a request, and after what pause."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

from ctxpipe.remote.http_errors import StreamedError, is_lost_connection

T = TypeVar("T")
_STATUSES = frozenset({429, 500, 502, 503, 504})


async def persist(attempt: Callable[[], Awaitable[T]], *, retries: int, backoff: float, begun: Callable[[], bool]) -> T:
    """Try until an attempt succeeds, the cause is not temporary, or the retries are used up.

    The pause before retry n, from 0, is between half of ``backoff * 2**n`` seconds and all of it, and at least what the
    server asked for. If a pause would exceed the deadline, the last failure is raised instead.

    Args:
        attempt: One attempt, raising exceptions of httpx2 or ``StreamedError``.
        retries: Further attempts after the first.
        backoff: Seconds.
        begun: Whether part of the answer has arrived, after which nothing is retried.
    """
    import anyio
    import httpx2

    number = 0
    while True:
        try:
            return await attempt()
        except (httpx2.HTTPError, StreamedError) as exc:
            asked = _worth_waiting(exc)
            pause = max(asked, backoff * 2**number * random.uniform(0.5, 1.0))
            late = anyio.current_time() + pause >= anyio.current_effective_deadline()
            if number >= retries or begun() or late:
                raise
            await anyio.sleep(pause)
        number += 1


def _worth_waiting(exc: Exception) -> float:
    """Seconds that the server asked to wait; infinity if a retry cannot help."""
    import httpx2

    if isinstance(exc, httpx2.HTTPStatusError):
        return retry_after(exc.response.headers) if exc.response.status_code in _STATUSES else math.inf
    if isinstance(exc, httpx2.RequestError) and not isinstance(exc, httpx2.TimeoutException):
        return 0.0 if is_lost_connection(exc) else math.inf
    return math.inf


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that a ``Retry-After`` header asks for, given as a number or as a date; 0 if there is none."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0
