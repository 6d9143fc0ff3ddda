"""Ending requests from outside: another thread, a signal, a cancelled task of an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")


class Cancellation:
    """Ends the requests of a block when it is told to, from whatever thread.

    Their connections are closed, on which vLLM aborts the requests and frees their memory.

    Example::

        stop = Cancellation()

        def work():
            with stop:
                engine.answer(...)  # raises CancelledAnswer once another thread called stop.cancel()

    One may guard blocks of several threads, and blocks may be nested; it cannot be taken back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._listeners: dict[object, Callable[[], object]] = {}

    @property
    def cancelled(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """End what is under way inside of the guarded blocks, and let nothing more begin there."""
        with self._lock:
            self._cancelled = True
            listeners = list(self._listeners.values())
        for listener in listeners:
            listener()

    def __enter__(self) -> Cancellation:
        _guards.set((*_guards.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        _guards.set(_guards.get()[:-1])

    def _add(self, mark: object, listener: Callable[[], object]) -> None:
        with self._lock:
            self._listeners[mark] = listener
            late = self._cancelled
        if late:
            listener()

    def _remove(self, mark: object) -> None:
        with self._lock:
            self._listeners.pop(mark, None)


_guards: ContextVar[tuple[Cancellation, ...]] = ContextVar("ctxpipe_cancellations", default=())


def cancelled() -> bool:
    """Whether the block that this code runs in was cancelled."""
    return any(guard.cancelled for guard in _guards.get())


@contextmanager
def on_cancel(listener: Callable[[], object]) -> Iterator[None]:
    """Have ``listener`` called, from whatever thread, if the block that this code runs in is cancelled meanwhile."""
    mark, guards = object(), _guards.get()
    try:
        for guard in guards:
            guard._add(mark, listener)
        yield
    finally:
        for guard in guards:
            guard._remove(mark)


async def in_thread(function: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
    """Call ``function`` in a thread; when the awaiting task is cancelled, the requests that it makes are too."""
    with Cancellation() as guard:
        try:
            return await asyncio.to_thread(function, *args, **options)
        except asyncio.CancelledError:
            guard.cancel()
            raise


def in_threads(function: Callable[[S], T], items: Sequence[S], *, threads: int) -> list[T]:
    """``function`` of each item, in order, several at a time. The first failure, or an interrupt, cancels the rest."""
    with Cancellation() as guard, ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(copy_context().run, function, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            guard.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
