"""Makes a folder once: by one process at a time, built under a temporary name and renamed when complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def made_once(
    target: Path,
    *,
    ready: Callable[[], bool],
    build: Callable[[Path, Path], None],
    on_wait: Callable[[], None] | None = None,
) -> Path:
    """Return ``target``; build it if it is not ready.

    A killed process leaves nothing that looks like the folder; the next one removes its remains.

    Args:
        target: The folder.
        ready: Whether ``target`` is complete; called again once this process holds the lock.
        build: Fills the first folder, and may use the second for temporary files. Both are beside ``target``.
        on_wait: Called if another process is building.

    Raises:
        OSError: from the file system.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with turn(target.parent / f".{target.name}.lock", on_wait):
        if ready():
            return target
        prefix = f".part-{target.name}-"
        for leftover in target.parent.glob(f"{prefix}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix, ignore_cleanup_errors=True) as part:
            folder = Path(part) / "ready"
            folder.mkdir()
            build(folder, Path(part))
            _sync(folder)
            if target.exists():
                target.rename(Path(part) / "old")  # a rename never replaces a folder that has files
            folder.rename(target)
    return target


@contextmanager
def turn(path: Path, on_wait: Callable[[], None] | None) -> Iterator[None]:
    """Hold a lock file, one process at a time.

    Args:
        path: The lock file.
        on_wait: Called if another process holds it.

    Raises:
        OSError: from the file system.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if on_wait is not None:
            on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors writes files that only their owner may read
        with path.open("rb") as file:
            os.fsync(file.fileno())
