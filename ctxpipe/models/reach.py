"""Whether the Hugging Face Hub can be reached: one short try, before its libraries make many long ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SECONDS = 3.0
"""How long the Hub may take to answer. Without a network, its libraries would try for 24 seconds, for each file."""

REMEMBERED = 60.0
"""Seconds for which an answer, or none, counts."""

_last: tuple[float, bool] | None = None


@contextmanager
def within_reach(place: str) -> Iterator[None]:
    """Let the Hub's libraries use their cache alone while the Hub cannot be reached.

    That is a setting of the whole process, so the caller must be in ``quiet``, where one thread is at a time.

    Args:
        place: What will be loaded. For a folder nothing is tried.
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


def _answers() -> bool:
    global _last
    if _last is None or time.monotonic() - _last[0] > REMEMBERED:
        _last = time.monotonic(), _try()
    return _last[1]


def _try() -> bool:
    answered = threading.Event()

    def ask() -> None:
        from huggingface_hub import constants, get_session

        with suppress(Exception):  # the HTTP client's own errors, and the system's
            get_session().head(constants.ENDPOINT, timeout=SECONDS)
            answered.set()

    # In a thread, as looking up an address has no time limit of its own.
    trying = threading.Thread(target=ask, daemon=True)
    trying.start()
    trying.join(SECONDS)
    return answered.is_set()
