"""Runs between ctxpipe and vLLM, so that none of vLLM's processes outlives either of them.

vLLM starts workers, which start further workers, and these stay when their parent is killed. This program starts vLLM,
adopts orphaned processes below it, and ends everything when it is asked to, when vLLM ends, or when its standard input
closes, which happens whenever its parent dies. It uses only the standard library and is run as a file:
``python -I supervise.py GRACE COMMAND...``, where GRACE is the number of seconds until a stopping vLLM is killed.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LEFT_SECONDS = 5.0
"""Seconds for workers to end after vLLM has ended."""

TRACKER_SECONDS = 3.0
"""Seconds for Python's resource tracker to remove the shared memory of killed processes."""

NOT_FOUND = 127
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Supervisor:
    """One command and all its descendants.

    Args:
        grace: Seconds to wait for the command after asking it to stop.
    """

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self.asked = 0
        self._status: int | None = None
        self._child = 0
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in _STOPS:
            signal.signal(number, self._stop)

    def _stop(self, *_: object) -> None:
        self.asked += 1

    def run(self, command: list[str]) -> int:
        """Run the command and end everything below it. Returns the command's exit code, 128 + n for signal n."""
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        try:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent).pid
        except OSError as exc:
            sys.stderr.write(f"{command[0]}: {exc.strerror}\n")
            return NOT_FOUND
        self._wait(lambda: self._status is not None or self.asked > 0, None, lifeline=True)
        if self._status is None:
            _send(self._child, signal.SIGTERM)
            so_far = self.asked
            self._wait(lambda: self._status is not None or self.asked > so_far, self.grace)
        self._end_the_rest()
        return 1 if self._status is None else self._status

    def _end_the_rest(self) -> None:
        """Wait for workers, which end when their parent has; kill the rest, and whatever they start meanwhile."""
        if self._status is not None:
            for pid in descendants():
                _send(pid, signal.SIGTERM)
            self._wait(lambda: not self._reap(), min(self.grace, LEFT_SECONDS))
        patience = time.monotonic() + TRACKER_SECONDS
        while self._reap():
            for pid in descendants() or [self._child]:
                if time.monotonic() > patience or not _is_tracker(pid):
                    _send(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _wait(self, done: Callable[[], bool], seconds: float | None, *, lifeline: bool = False) -> None:
        """Sleep until a condition holds; a closed standard input is a request to stop."""
        end = None if seconds is None else time.monotonic() + seconds
        watched = [self._woken, 0] if lifeline else [self._woken]
        while True:
            self._reap()
            if done():
                return
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            ready = select.select(watched, [], [], left)[0]
            if self._woken in ready:
                with suppress(BlockingIOError):
                    os.read(self._woken, 512)
            if 0 in ready and not os.read(0, 512):
                self.asked += 1

    def _reap(self) -> bool:
        """Collect ended processes; return whether any are left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._child:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else 128 - code


def descendants() -> list[int]:
    """Processes below this one. Empty where there is no ``/proc``."""
    below: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit():
            with suppress(OSError, IndexError, ValueError), open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
                below.setdefault(parent, []).append(int(name))
    pids: list[int] = []
    following = below.get(os.getpid(), [])
    while following:
        pids += following
        following = [child for pid in following for child in below.get(pid, [])]
    return pids


def _is_tracker(pid: int) -> bool:
    with suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        return b"multiprocessing.resource_tracker" in file.read()
    return False


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _die_with_parent() -> None:
    """Have the kernel ask vLLM to stop if this supervisor is killed. Runs between fork and exec, without threads."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """See the module."""
    return Supervisor(float(arguments[0])).run(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
