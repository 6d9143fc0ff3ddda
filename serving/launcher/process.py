"""A vLLM process: started under a supervisor, logged to a file, stopped with all its child processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ctxpipe.errors import LaunchError

GRACE = 30.0
"""Seconds until a stopping vLLM is killed."""

SUPERVISOR = Path(__file__).with_name("supervise.py")
_UNWANTED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CTXPIPE_API_KEY", "OPENAI_API_KEY")
"""Variables that would disturb vLLM's own environment, and keys that it does not need."""


class Process:
    """A running command.

    Args:
        arguments: The command line.
        environment: Variables in addition to those of this process.
        log: File that its output is appended to; only its owner may read it.
        grace: Seconds until it is killed when asked to stop.

    Raises:
        LaunchError: if this system cannot supervise processes, or the log cannot be written.
    """

    def __init__(
        self, arguments: tuple[str, ...], environment: Mapping[str, str], log: Path, *, grace: float = GRACE
    ) -> None:
        if os.name != "posix":
            raise LaunchError("vLLM is started on Linux; on Windows start ctxpipe in WSL, or ask a server elsewhere")
        self.log = log
        self._grace = grace
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as exc:
            raise LaunchError(f"the log cannot be written to {log}: {exc.strerror}") from exc
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(SUPERVISOR), f"{grace:g}", *arguments],
                env={k: v for k, v in os.environ.items() if k not in _UNWANTED} | dict(environment),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C in the terminal is for this process, which stops the supervisor
            )
        finally:
            os.close(output)

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, 128 + n for signal n; None while it runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def wait(self) -> int:
        """Wait until it ends and return the exit code."""
        self._process.wait()
        return self.poll() or 0

    def stop(self) -> None:
        """Stop it, and wait until it and all its child processes have ended. A second call kills them."""
        try:
            self._let_go()
            self._process.wait(self._grace + 15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        except BaseException:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            raise

    def _let_go(self) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
