"""Cancels requests from another thread, a signal, or a cancelled task of an event loop."""

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
    """Cancels the requests of a block, from any thread.

    Their connections are closed; vLLM then aborts the requests and frees their memory.

    Example::

        stop = Cancellation()

        def work():
            with stop:
                engine.answer(...)  # raises CancelledAnswer once another thread called stop.cancel()

    One object can guard blocks of several threads, and blocks can be nested. A cancellation cannot be undone.
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
        """End all requests inside the guarded blocks, and prevent new ones there."""
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
    """Whether the current block was cancelled."""
    return any(guard.cancelled for guard in _guards.get())


@contextmanager
def on_cancel(listener: Callable[[], object]) -> Iterator[None]:
    """Have ``listener`` called, from any thread, if the current block is cancelled meanwhile."""
    mark, guards = object(), _guards.get()
    try:
        for guard in guards:
            guard._add(mark, listener)
        yield
    finally:
        for guard in guards:
            guard._remove(mark)


async def in_thread(function: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
    """Call ``function`` in a thread; cancelling the awaiting task cancels its requests."""
    with Cancellation() as guard:
        try:
            return await asyncio.to_thread(function, *args, **options)
        except asyncio.CancelledError:
            guard.cancel()
            raise


def in_threads(function: Callable[[S], T], items: Sequence[S], *, threads: int) -> list[T]:
    """Results of ``function`` for each item, in order, several at a time. A failure or interrupt cancels the rest."""
    with Cancellation() as guard, ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(copy_context().run, function, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            guard.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
