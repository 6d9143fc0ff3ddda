"""A vLLM server from start to end: start it, wait until it answers, explain a failure, stop it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ctxpipe.errors import EngineError, LaunchError
from ctxpipe.remote.http_errors import Key
from ctxpipe.remote.served import listed
from ctxpipe.remote.transport import Transport
from ctxpipe.serving.launcher.environment import OnNote
from ctxpipe.serving.launcher.failures import explain
from ctxpipe.serving.launcher.launch import KEY_VARIABLE, Launch
from ctxpipe.serving.launcher.milestones import LogReader, tail
from ctxpipe.serving.launcher.ports import reserved_port
from ctxpipe.serving.launcher.process import GRACE, Process

START_SECONDS = 3600.0
"""Default deadline of a start: hundreds of gigabytes may have to be downloaded."""

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers.

    Attributes:
        url: Without ``/v1``.
        model: What clients call its model.
        window: Tokens of prompt and answer together.
        log: File that vLLM writes to.
        process: The process, for ``wait``.
    """

    url: str
    model: str
    window: int
    log: Path
    process: Process

    def wait(self) -> None:
        """Wait until the server ends by itself, which is an error.

        Raises:
            LaunchError: always, with the reason.
        """
        code = self.process.wait()
        failure = explain(tail(self.log), code)
        raise LaunchError(f"the server ended by itself: {failure.reason} (log: {self.log})")


def key_variable() -> str | None:
    """The variable with the key that clients must send: ``CTXPIPE_API_KEY``, else ``VLLM_API_KEY``."""
    return next((name for name in ("CTXPIPE_API_KEY", KEY_VARIABLE) if os.environ.get(name)), None)


def server_key() -> str | None:
    """The key itself."""
    name = key_variable()
    return os.environ[name] if name else None


@contextmanager
def running(
    launch: Launch,
    *,
    log: Path,
    key: str | None = None,
    retry: bool = False,
    seconds: float = START_SECONDS,
    grace: float = GRACE,
    on_note: OnNote | None = None,
) -> Iterator[Server]:
    """Run a server for the length of the block; afterwards none of its processes is left.

    Args:
        launch: What to start. Port 0 takes any that is free.
        log: File for vLLM's output.
        key: What clients must send; it goes through the environment, never the command line.
        retry: If the window does not fit, start once more with the window that vLLM reports as fitting.
        seconds: Deadline of the start.
        grace: Seconds until a stopping server is killed.
        on_note: Called with one line per step of the start.

    Raises:
        LaunchError: if it does not start. ``fits`` is the window that would fit according to vLLM.
        UsageError: for an invalid port.
    """
    note = on_note or _nothing
    with reserved_port(launch.host, launch.port) as port:
        launch = replace(launch, port=port)
        try:
            server = _start(launch, log, key, seconds, grace, note)
        except LaunchError as exc:
            if not retry or exc.fits is None:
                raise
            note(f"{exc}; starting once more with --max-model-len {exc.fits}")
            server = _start(replace(launch, max_model_len=exc.fits), log, key, seconds, grace, note)
        try:
            yield server
        finally:
            server.process.stop()


def _nothing(line: str) -> None:
    """Ignore the note."""


def _start(launch: Launch, log: Path, key: str | None, seconds: float, grace: float, note: OnNote) -> Server:
    start = log.stat().st_size if log.exists() else 0
    secret = {} if key is None else {KEY_VARIABLE: key}
    process = Process(launch.arguments, {**launch.environment, **secret}, log, grace=grace)
    try:
        _wait_ready(launch, process, LogReader(log, start), seconds, note)
        model, window = _served(launch, key)
    except BaseException as exc:
        process.stop()
        if isinstance(exc, _Ended):
            failure = explain(tail(log, start), exc.code)
            raise LaunchError(f"the server did not start: {failure.reason} (log: {log})", fits=failure.fits) from exc
        raise
    return Server(url=launch.url, model=model, window=window, log=log, process=process)


class _Ended(Exception):  # noqa: N818 - it never leaves this module
    """The process ended before it answered."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))


def _wait_ready(launch: Launch, process: Process, reader: LogReader, seconds: float, note: OnNote) -> None:
    end = time.monotonic() + seconds
    said = ""
    healthy = False
    while not healthy:
        healthy = _healthy(launch)
        for told in reader.milestones():
            if told != said:
                note(told)
            said = told
        if (code := process.poll()) is not None:  # and if something answered, it was another server
            raise _Ended(code)
        if not healthy and time.monotonic() > end:
            raise LaunchError(
                f"the server did not answer within {seconds:,.0f} s; raise --start-timeout (log: {process.log})"
            )
        if not healthy:
            time.sleep(POLL_SECONDS)


def _ask(launch: Launch, key: str | None = None) -> Transport:
    """A client for this machine's own server."""
    return Transport(base=f"{launch.url}/v1", key=Key(secret=key), retries=0, own=True)


def _healthy(launch: Launch) -> bool:
    try:
        _ask(launch).get(f"{launch.url}/health", seconds=5)
    except EngineError:  # refused, reset, no answer yet, or no HTTP
        return False
    return True


def _served(launch: Launch, key: str | None) -> tuple[str, int]:
    """The model's name and window, as the server reports them."""
    try:
        served = next(iter(listed(_ask(launch, key), seconds=30).values()), None)
    except EngineError as exc:
        raise LaunchError(f"the server does not report which model it serves: {exc}") from exc
    if served is None or served.window is None:
        raise LaunchError("the server does not report which model it serves, or its window; is it vLLM?")
    return served.name, served.window
