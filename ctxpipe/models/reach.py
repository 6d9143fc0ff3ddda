"""Checks with one short try whether the Hugging Face Hub can be reached, before its libraries make many long ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SECONDS = 3.0
"""Deadline of the try in seconds. Without a network, the Hub's libraries would try for 24 seconds per file."""

REMEMBERED = 60.0
"""Seconds for which a result is reused."""

_last: tuple[float, bool] | None = None


@contextmanager
def within_reach(place: str) -> Iterator[None]:
    """Make the Hub's libraries use only their cache while the Hub cannot be reached.

    The setting is global to the process, so the caller must be in ``quiet``, which admits one thread at a time.

    Args:
        place: What will be loaded. A folder needs no check.
    """
    from huggingface_hub import constants

    if Path(place).is_dir() or constants.HF_HUB_OFFLINE or _answers():
        yield
        return
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = False


def reachable() -> bool:
    """Whether the Hub answers, and ``HF_HUB_OFFLINE`` does not forbid to ask it."""
    from huggingface_hub import constants

    return not constants.HF_HUB_OFFLINE and _answers()


def _answers() -> bool:
    global _last
    if _last is None or time.monotonic() - _last[0] > REMEMBERED:
        _last = time.monotonic(), _try()
    return _last[1]


def _try() -> bool:
    answered = threading.Event()

    def ask() -> None:
        from huggingface_hub import constants, get_session

        with suppress(Exception):  # errors of the HTTP client and of the system
            get_session().head(constants.ENDPOINT, timeout=SECONDS)
            answered.set()

    # In a thread, because an address lookup has no deadline.
    trying = threading.Thread(target=ask, daemon=True)
    trying.start()
    trying.join(SECONDS)
    return answered.is_set()
