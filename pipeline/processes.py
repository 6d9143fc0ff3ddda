"""Worker processes that leave an interruption to the process that started them, and end when it does."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")


class Processes(ProcessPoolExecutor):
    """A pool of processes, each of which imports the calling program.

    Args:
        size: How many.
        begin: Called once in each process.
        given: Its arguments.
    """

    def __init__(self, size: int, begin: Callable[..., None], given: tuple[Any, ...]) -> None:
        spawn = multiprocessing.get_context("spawn")
        super().__init__(size, mp_context=spawn, initializer=_begin, initargs=(begin, given))

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run a function in a process, which is started here if there are too few."""
        with without_interruption():
            return super().submit(fn, *args, **kwargs)

    def end(self) -> None:
        """End the processes at once, whatever they are doing, and drop what waits."""
        processes = list((self._processes or {}).values())  # public from Python 3.14 on, as terminate_workers
        self.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


class HelperProcesses:
    """Processes that do several things at the same time: this one from the first on, the others from the last on.

    Args:
        size: How many there are with this one.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def map(self, function: Callable[[S, T], R], shared: S, items: Sequence[T]) -> Iterator[R]:
        """The results of a function for what is shared and each of some items, in the order of the items.

        What a process dies of is done here.
        """
        pool = Processes(min(self.size, len(items)) - 1, _take_shared, (shared,))
        waiting, given = deque(enumerate(items)), dict[int, Future[R]]()
        lock = threading.Lock()

        def give(before: Future[R] | None = None) -> None:
            """Give a process its next thing; the pool's thread calls this when it has done the one before."""
            if before is not None and (before.cancelled() or before.exception() is not None):
                return
            with lock:
                if not waiting:
                    return
                place, item = waiting.pop()
                given[place] = future = pool.submit(_with_shared, function, item)
            future.add_done_callback(give)

        def take() -> T | None:
            with lock:
                return waiting.popleft()[1] if waiting else None

        try:
            for _ in range(min(self.size, len(items)) - 1):
                give()
            while (item := take()) is not None:
                yield function(shared, item)
            for place in sorted(given):
                try:
                    done = given.pop(place).result()
                except BrokenProcessPool:
                    done = function(shared, items[place])
                yield done
        finally:
            with lock:
                waiting.clear()
            pool.end()

    @contextmanager
    def beside(self, function: Callable[[T], R], item: T) -> Iterator[Callable[[], R]]:
        """Do one thing in a further process; inside the context, what is given waits for its result.

        What cannot be sent to a process, or what it dies of, is done here.
        """
        pool = Processes(1, gc.disable, ())
        future = pool.submit(function, item)

        def result() -> R:
            try:
                return future.result()
            except Exception:  # an error of the function itself comes again
                return function(item)

        try:
            yield result
        finally:
            pool.end()


_SHARED: list[Any] = []


def _take_shared(shared: Any) -> None:
    """Keep in a process what all that it does needs."""
    _SHARED.append(shared)
    gc.disable()  # it lives for one call, and what it makes holds no circles


def _with_shared(function: Callable[[S, T], R], item: T) -> R:
    return function(_SHARED[0], item)


@contextmanager
def without_interruption() -> Iterator[None]:
    """Start processes in here: an interruption comes when they are started, and does not reach them."""
    # A terminal interrupts the whole group. A process begun here has the signal blocked from its first instruction; one
    # that ignored it later would print a traceback if it was still importing.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # would unblock the signal if it was started below
    with _interrupted_later():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _interrupted_later() -> Iterator[None]:
    # Another thread may take the signal, and Python then interrupts the main thread although that has it blocked. A
    # process whose start is interrupted so gets half of what it needs, and prints a traceback.
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


def _begin(begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*given)


def _end_with_parent() -> None:
    # A process that was killed cannot end its workers, and the pipe they read stays open: they hold its other end too.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
