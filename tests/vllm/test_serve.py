"""``ctxpipe serve --cpu`` with a real vLLM: retried, killed, stopped, its port taken; nothing is ever left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from processes import gone
from samples import prose
from vllm_support import Served, Serving, ctxpipe_command, serving

from ctxpipe.serving.launcher.environment import Environment

pytestmark = pytest.mark.usefixtures("vllm_environment")


@contextmanager
def nothing_left(command: Serving) -> Iterator[None]:
    """The server's processes are there before the block, and gone after it."""
    family = [process.pid for process in command.family()]
    assert len(family) >= 3  # the supervisor, vLLM and its engine
    yield
    assert gone(family, 60), command.said()  # while it starts, vLLM hears no SIGTERM and is killed after 30 s


def test_a_taken_port_is_told_before_anything_starts(server: Served) -> None:
    port = urlsplit(server.url).port
    done = subprocess.run(
        ctxpipe_command("serve", "--cpu", "--port", port), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(f"error: port {port} on 127.0.0.1 is in use")


def test_a_window_that_does_not_fit_is_retried_and_ctrl_c_stops_it(tmp_path: Path) -> None:
    with serving(tmp_path, "--retry", "--", "--kv-cache-memory-bytes", "64M", "--dtype", "bfloat16") as command:
        command.url()
        assert "the window does not fit the memory: vLLM says that 2" in command.said()
        assert "starting once more with --max-model-len 2" in command.said()
        assert "window 2," in command.said()
        with nothing_left(command):
            os.killpg(command.process.pid, signal.SIGINT)  # as a terminal does
            assert command.process.wait(60) == 0, command.said()
    assert command.said().endswith("stopped\n")


def test_a_server_killed_in_mid_answer(tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text(prose(200), encoding="utf-8")
    with serving(tmp_path) as command:
        url = command.url()
        (vllm,) = [p for p in command.family() if "vllm.entrypoints.cli.main" in p.cmdline() and not supervises(p)]
        # So long an answer, and so late a deadline, that neither can come before the kill on a machine however slow.
        asked = ctxpipe_command("query", story, "-q", "Tell all of it again, at length.", "--target", url)
        asked += ["--budget", "300", "--max-tokens", "7000", "--timeout", "1200", "--rank", "bm25", "--quiet"]
        started = time.monotonic()
        with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client, nothing_left(command):
            assert client.stdout is not None
            assert client.stdout.read(1)
            begun = time.monotonic()
            vllm.kill()
            _, err = client.communicate(timeout=60)
            told = f"{begun - started:.0f} s to the first text, {time.monotonic() - begun:.0f} s more to the end"
            assert command.process.wait(60) == 1, told
    (line,) = err.decode().splitlines()
    assert client.returncode == 1, told
    assert "before the answer was complete" in line, told
    assert command.said().splitlines()[-1].startswith("error: the server ended by itself: it was killed")


def supervises(process: object) -> bool:
    return "supervise.py" in " ".join(process.cmdline())  # type: ignore[attr-defined]  # psutil has no types


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_start_that_is_ended(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with serving(tmp_path) as command:
        command.wait_until("loading the model")
        with nothing_left(command):
            command.process.send_signal(number)
            assert command.process.wait(60) == code


def test_the_environment_can_be_found_again(vllm_environment: Environment) -> None:
    shown = subprocess.run(
        ctxpipe_command("serve", "--cpu", "--dry-run"), capture_output=True, text=True, check=True, timeout=60
    )
    assert str(vllm_environment.python) in shown.stdout
