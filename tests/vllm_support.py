"""Starting real vLLM servers in the environment that ``ctxpipe serve --cpu`` makes."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import psutil
import pytest

from ctxpipe.serving.launcher.environment import Environment
from ctxpipe.serving.launcher.ports import reserved_port

READY_SECONDS = 200

needs_avx512 = pytest.mark.skipif(
    Path("/proc/cpuinfo").exists() and "avx512f" not in Path("/proc/cpuinfo").read_text(encoding="utf-8"),
    reason="vLLM takes an hour for all tests on a processor without AVX-512",
)
"""For tests of many or long prompts; those of chats, clients, servers, scorers and the planner run everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that answers.

    Attributes:
        url: Without ``/v1``.
        model: The name that it serves its model under.
        log: What it printed.
        pid: Its main process, or the command that started it.
    """

    url: str
    model: str
    log: Path
    pid: int


def healthy(url: str) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _die_with_us() -> None:
    """Tests that are killed leave no server behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # PR_SET_PDEATHSIG


@contextmanager
def started(environment: Environment, model: Path, folder: Path, *options: str, name: str = "m") -> Iterator[Served]:
    """``vllm serve MODEL OPTIONS`` until the block ends; 1 GiB of KV cache, no compilation, on loopback."""
    log = folder / f"vllm-{name}.log"
    with reserved_port("127.0.0.1", 0) as port:
        yield from _served(environment, model, log, port, options, name)


def _served(
    environment: Environment, model: Path, log: Path, port: int, options: tuple[str, ...], name: str
) -> Iterator[Served]:
    command = [*environment.command, "serve", str(model), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--served-model-name", name, "--enforce-eager", *options]
    more = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
    if "--kv-cache-memory-bytes" not in options:  # which the variable would override
        more["VLLM_CPU_KVCACHE_SPACE"] = "1"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=os.environ | more,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=_die_with_us,
        )
    try:
        _wait(process, url := f"http://127.0.0.1:{port}", log)
        yield Served(url=url, model=name, log=log, pid=process.pid)
    finally:
        stop_tree(process)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while not healthy(url):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"vLLM did not come up:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.5)


def stop_tree(process: subprocess.Popen[bytes]) -> None:
    """End a server and everything that it started, whether or not it is willing."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for one in psutil.wait_procs(family, timeout=10)[1]:
        one.kill()


def ctxpipe_command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "ctxpipe", *map(str, arguments)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """``ctxpipe serve --cpu`` as a user has it: a command in its own process group.

    Attributes:
        process: The command; its standard output is piped.
        err: What it writes to standard error.
        log: Where vLLM's output goes.
    """

    process: subprocess.Popen[str]
    err: Path
    log: Path

    def url(self) -> str:
        """The address, once the server answers."""
        line = self.process.stdout.readline().strip() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"it did not come up: {self.said()}\n{tail(self.log)}")
        return line

    def said(self) -> str:
        return self.err.read_text(encoding="utf-8")

    def wait_until(self, told: str, seconds: float = READY_SECONDS) -> None:
        """Wait until it says something on standard error."""
        end = time.monotonic() + seconds
        while told not in self.said():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"it never said {told!r}: {self.said()}\n{tail(self.log)}")
            time.sleep(0.1)

    def family(self) -> list[psutil.Process]:
        """All processes below the command."""
        return psutil.Process(self.process.pid).children(recursive=True)


def tail(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:] if log.exists() else ""


@contextmanager
def serving(folder: Path, *options: object) -> Iterator[Serving]:
    """``ctxpipe serve --cpu OPTIONS``, ended by SIGTERM with the block if it still runs."""
    err, log = folder / "serve.err", folder / "serve.log"
    command = ctxpipe_command("serve", "--cpu", "--port", 0, "--log", log, *options)
    with err.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
            start_new_session=True,
            preexec_fn=_die_with_us,
        )
    try:
        yield Serving(process=process, err=err, log=log)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(90)
        finally:
            process.kill()
            if process.stdout:
                process.stdout.close()
