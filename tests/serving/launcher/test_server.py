"""A server that starts, fails, is retried and stops, as a real process with a worker."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest
from fake_vllm import OOM
from processes import alive, gone, pids_in

from ctxpipe.errors import LaunchError
from ctxpipe.serving.launcher.launch import Launch
from ctxpipe.serving.launcher.server import running


def test_a_server_answers_and_leaves_nothing(launch: Launch, tmp_path: Path) -> None:
    notes: list[str] = []
    log = tmp_path / "logs" / "a.log"
    with running(launch, log=log, on_note=notes.append) as server:
        assert (server.model, server.window) == ("m", 8192)
        with build_opener(ProxyHandler({})).open(f"{server.url}/health", timeout=5) as answer:
            assert answer.status == 200
        assert len(alive(pids_in(log))) == 2
    assert alive(pids_in(log)) == []
    assert notes == [
        "reading the configuration (LlamaForCausalLM)",
        "loading the model",
        "loading weights: 1 of 2 files",
        "KV cache: 93,184 tokens",
    ]
    assert log.stat().st_mode & 0o077 == 0


def test_a_server_that_hears_no_sigterm_is_killed(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VLLM", "deaf")
    log = tmp_path / "log"
    with running(launch, log=log, grace=0.5):
        assert len(alive(pids_in(log))) == 2
    assert alive(pids_in(log)) == []


def test_a_failing_block_stops_the_server(launch: Launch, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(ZeroDivisionError), running(launch, log=log):
        raise ZeroDivisionError
    assert alive(pids_in(log)) == []


def test_a_killed_server_takes_its_workers_with_it(launch: Launch, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(launch, log=log) as server:
        worker, main = pids_in(log)
        os.kill(main, signal.SIGKILL)
        with pytest.raises(LaunchError, match="ended by itself: it was killed"):
            server.wait()
        assert alive([worker]) == []


def test_a_killed_supervisor_takes_the_server_with_it(launch: Launch, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(launch, log=log) as server:
        worker, main = pids_in(log)
        os.kill(server.process.pid, signal.SIGKILL)
        assert gone([main])
    os.kill(worker, signal.SIGKILL)  # vLLM's own workers end with their parent


@pytest.mark.parametrize(
    ("manner", "told"),
    [
        (f"says {OOM}", "vLLM says that 2896 tokens do"),
        ("says RuntimeError: Failed to infer device type", "finds no GPU"),
        ("says OSError: [Errno 98] Address already in use", "port is in use"),
        ("says huggingface_hub.errors.GatedRepoError: 403 Client Error.", "gated"),
        ("killed", "memory ran out"),
    ],
)
def test_a_failed_start_is_explained(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str, told: str
) -> None:
    monkeypatch.setenv("FAKE_VLLM", manner)
    log = tmp_path / "log"
    with pytest.raises(LaunchError, match=told) as caught, running(launch, log=log, grace=1):
        pytest.fail("it started")
    assert str(log) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert alive(pids_in(log)) == []


def test_a_window_that_does_not_fit_is_retried_once_when_asked(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VLLM", "tight")
    notes: list[str] = []
    log = tmp_path / "log"
    with running(launch, log=log, retry=True, on_note=notes.append) as server:
        assert server.window == 2896
    assert sum("starting once more with --max-model-len 2896" in note for note in notes) == 1
    with pytest.raises(LaunchError) as caught, running(launch, log=log):
        pytest.fail("it started")
    assert caught.value.fits == 2896
    monkeypatch.setenv("FAKE_VLLM", f"says {OOM}")
    with pytest.raises(LaunchError, match="did not start"), running(launch, log=log, retry=True, on_note=notes.append):
        pytest.fail("it started")
    assert sum("starting once more" in note for note in notes) == 2
    assert alive(pids_in(log)) == []


def test_an_earlier_failure_in_the_same_log_is_not_blamed(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    log.write_text(f"{OOM}\n")
    monkeypatch.setenv("FAKE_VLLM", "says RuntimeError: Failed to infer device type")
    with pytest.raises(LaunchError, match="finds no GPU"), running(launch, log=log):
        pytest.fail("it started")


def test_a_start_that_takes_too_long_is_given_up(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VLLM", "hangs")
    log = tmp_path / "log"
    with pytest.raises(LaunchError, match=r"within 2 s; raise --start-timeout"), running(launch, log=log, seconds=2):
        pytest.fail("it started")
    assert alive(pids_in(log)) == []


def test_a_server_that_ends_later_is_explained(launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_VLLM", "dies")
    with running(launch, log=tmp_path / "log") as server, pytest.raises(LaunchError, match="too little memory"):
        server.wait()


def test_the_key_goes_through_the_environment_alone(launch: Launch, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(launch, log=log, key="sesame-77") as server:
        assert server.model == "m"  # which the server tells only to who has the key
        command = [part for pid in pids_in(log) for part in Path(f"/proc/{pid}/cmdline").read_text().split("\0")]
    assert command
    assert not any("sesame" in part for part in command)
    assert "sesame" not in log.read_text()


def test_a_program_that_is_not_there(launch: Launch, tmp_path: Path) -> None:
    missing = replace(launch, program=(str(tmp_path / "nothing"),))
    with pytest.raises(LaunchError, match="No such file"), running(missing, log=tmp_path / "log"):
        pytest.fail("it started")


def test_a_log_that_cannot_be_written(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaunchError, match="log cannot be written"), running(launch, log=tmp_path / "file" / "log"):
        pytest.fail("it started")
