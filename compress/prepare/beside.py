"""Work beside other work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def beside(function: Callable[[], T]) -> Future[T]:
    """Run a function in a thread, for functions that release the GIL.

    The process does not wait for it at its end, so an interruption of the caller ends the process at once.
    """
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(function())
        except BaseException as exc:
            result.set_exception(exc)

    threading.Thread(target=run, daemon=True).start()
    return result
