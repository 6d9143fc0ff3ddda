"""Starting real vLLM servers in the environment that ``ctxpipe serve --cpu`` makes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from ctxpipe.serving.launcher.environment import Environment

READY_SECONDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that answers.

    Attributes:
        url: Without ``/v1``.
        model: The name that it serves its model under.
        log: What it printed.
        pid: Its main process.
    """

    url: str
    model: str
    log: Path
    pid: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def healthy(url: str) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@contextmanager
def started(environment: Environment, model: Path, folder: Path, *options: str, name: str = "m") -> Iterator[Served]:
    """``vllm serve MODEL OPTIONS`` until the block ends; 1 GiB of KV cache, no compilation, on loopback."""
    port, log = free_port(), folder / f"vllm-{name}.log"
    command = [*environment.command, "serve", str(model), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--served-model-name", name, "--enforce-eager", *options]
    more = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=os.environ | more, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
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
    import psutil

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
