"""What is read from vLLM: its log, its version, its port."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from fake_vllm import OOM, write_vllm
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.errors import LaunchError, UsageError
from ctxpipe.serving.launcher.failures import explain
from ctxpipe.serving.launcher.milestones import LogReader, milestone
from ctxpipe.serving.launcher.ports import reserved_port
from ctxpipe.serving.launcher.program import find_program


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (OOM, "2896 tokens do"),
        (OOM.replace("the estimated maximum model length is 2896. ", ""), "more GPUs"),
        ("ValueError: No available memory for the cache blocks. Try", "more GPUs"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate", "more GPUs"),
        (
            "ValueError: Free memory on device cuda:0 (3.1/79.1 GiB) on startup is less than",
            "only 3.1 of the GPU's 79.1",
        ),
        ("ValueError: World size (4) is larger than the number of available GPUs (1) in this", "4 GPUs were asked for"),
        ("RuntimeError: No CUDA GPUs are available", "finds no GPU"),
        ("OSError: org/x is not a local folder and is not a valid model identifier listed on", "was not found"),
        ("You are trying to access a gated repo.\nMake sure to have access", "HF_TOKEN"),
        ("OSError: We couldn't connect to 'https://huggingface.co' to load the files", "cannot be reached"),
        (
            "Value error, User-specified max_model_len (99999) is greater than the derived max_model_len "
            "(max_position_embeddings=8192 or model_max_length=None in model's config.json).",
            "a window of 99999 tokens is more than",
        ),
        ("ValueError: Model architectures ['FooForCausalLM'] are not supported for now.", "FooForCausalLM"),
        ("vllm: error: unrecognized arguments: --language-model-only", "--language-model-only"),
        ("ModuleNotFoundError: No module named 'vllm'", "not installed there"),
        (
            "(EngineCore pid=9) ERROR 11-21 12:31:18 [core.py:9] ValueError: the cause\n"
            "(APIServer pid=8) RuntimeError: Engine core initialization failed. See root cause above.",
            "vLLM says: ValueError: the cause",
        ),
        ("ValueError: The repository org/x contains custom code which must be executed", "--trust-remote-code"),
        ("something\nodd happened\n", "vLLM says: odd happened"),
        ("", "exit code 3"),
    ],
)
def test_failures(log: str, told: str) -> None:
    noise = "(EngineCore pid=1) INFO 11-21 12:31:18 [x.py:1] trust_remote_code=False, max_seq_len=8192\n" if log else ""
    failure = explain(noise + log, 3)
    assert told in failure.reason
    assert failure.fits == (2896 if log == OOM else None)


def test_a_stop_is_no_failure_of_vllm() -> None:
    assert "another program stopped it" in explain("ValueError: of long ago", 143).reason
    assert "another program stopped it" in explain("INFO shutting down", 0).reason
    assert "EngineDeadError" in explain("(APIServer pid=1) EngineDeadError: it died", 0).reason


def test_the_kernel_ends_what_takes_too_much() -> None:
    assert "memory ran out" in explain("INFO all is well\n", 137).reason


@given(st.text(max_size=400), st.integers(1, 255))
def test_any_log_is_explained_in_a_line(log: str, code: int) -> None:
    reason = explain(log, code).reason
    assert reason
    assert len(reason) < 600


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "(Worker pid=1) INFO [x.py:1] Model loading took 60.42 GiB memory and 53.1 seconds",
            "weights loaded: 60.42 GiB",
        ),
        ("(Worker pid=1) INFO [b.py:1] Dynamo bytecode transform time: 8.1 s", "compiling"),
        ("Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  10%|", "capturing CUDA graphs"),
        ("(APIServer pid=1) INFO [entry.py:140] Starting vLLM server on http://127.0.0.1:1", "starting the web server"),
        ("(APIServer pid=1) INFO [x.py:1] anything else", None),
    ],
)
def test_milestones(line: str, told: str | None) -> None:
    assert milestone(line) == told


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_a_log_is_read_as_it_grows(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    log = tmp_path_factory.mktemp("log") / "log"
    reader, found = LogReader(log), []
    for piece in [*pieces, b"\n"]:
        with log.open("ab") as file:
            file.write(piece.replace(b"\r", b"\n").decode("ascii", "ignore").encode())
        found += reader.lines()
    assert "\n".join(found) + "\n" == log.read_text()


def free(host: str, port: int) -> int:
    with reserved_port(host, port) as found:
        return found


def test_ports() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        assert free("127.0.0.1", taken) == taken
        other.listen()
        with pytest.raises(LaunchError, match=rf"port {taken} on 127.0.0.1 is in use; choose another"):
            free("127.0.0.1", taken)
    assert free("127.0.0.1", 0) > 1023
    with pytest.raises(UsageError, match="no port 65536"):
        free("127.0.0.1", 65536)
    with pytest.raises(UsageError, match="is not an address of this machine"):
        free("no such host", 80)
    with pytest.raises(LaunchError, match="is not an address of this machine"):
        free("192.0.2.77", 8000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems cannot hold a port for another process")
def test_a_reserved_port_is_left_for_the_server_that_it_is_for() -> None:
    with reserved_port("127.0.0.1", 0) as port:
        with socket.socket() as thief, pytest.raises(OSError, match="in use"):
            thief.bind(("127.0.0.1", port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with ExitStack() as stack:
            others = [stack.enter_context(socket.socket()) for _ in range(200)]
            for other in others:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind(("127.0.0.1", 0))
            assert port not in {other.getsockname()[1] for other in others}
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", port))
            server.listen()
            socket.create_connection(("127.0.0.1", port)).close()


def test_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = str(write_vllm(tmp_path))
    assert find_program(program) == (program,)
    monkeypatch.setenv("FAKE_VLLM_VERSION", "0.9.2")
    with pytest.raises(LaunchError, match=r"is vLLM 0\.9\.2, and ctxpipe needs 0\.30 or newer"):
        find_program(program)
    monkeypatch.setenv("FAKE_VLLM_VERSION", "hello")
    with pytest.raises(LaunchError, match="does not print its version"):
        find_program(program)
    monkeypatch.delenv("FAKE_VLLM_VERSION")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program() == (program,)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(LaunchError, match=r'vllm is not installed: pip install "ctxpipe\[vllm\]"'):
        find_program()
    with pytest.raises(LaunchError, match="/no/vllm is not an executable program"):
        find_program("/no/vllm")
