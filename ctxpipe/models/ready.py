"""Ready folders of the embedded models: their completeness and revision.

A *ready* folder has everything that a model needs to load without a network. It is searched in ``CTXPIPE_MODELS`` (a
folder with ``<name>/`` folders, for machines without a network), then in the cache, which ``CTXPIPE_CACHE`` moves.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ctxpipe.errors import ModelError, UnknownNameError
from ctxpipe.models import catalogue
from ctxpipe.models.cache import cache_root
from ctxpipe.models.catalogue import EmbeddedModel

MANIFEST = "ctxpipe-model.json"


def embedded(name: str) -> EmbeddedModel:
    """Return the embedded model of a name.

    Raises:
        UnknownNameError: if there is none, with the nearest names.
    """
    if name not in catalogue.EMBEDDED:
        raise UnknownNameError("embedded model", name, catalogue.EMBEDDED)
    return catalogue.EMBEDDED[name]


def find(name: str) -> Path | None:
    """The ready folder of an embedded model; None if it must be pulled.

    Raises:
        ModelError: if ``CTXPIPE_MODELS`` has an incomplete folder of that name.
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


def revision(name: str | Path) -> str:
    """A short hash of the exact content of a model; empty if unknown.

    Twelve hex digits: of the pinned hashes for an embedded model, of the commit for a Hugging Face id in the hub's
        cache, and of its files for any other folder, where files above 16 MB count by their size, first and last
        megabyte.

    Args:
        name: An embedded name, a folder or a Hugging Face id.
    """
    folder = find(str(name)) if str(name) in catalogue.EMBEDDED else Path(name).expanduser()
    if folder is None:
        return catalogue.EMBEDDED[str(name)].revision
    if not folder.is_dir():
        return _hub_commit(str(name))
    manifest = read_manifest(folder)
    return str(manifest["revision"]) if manifest else _content_hash(folder)


def read_manifest(folder: Path) -> dict[str, object] | None:
    """The manifest that ``pull`` wrote into a folder; None if there is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) and "revision" in manifest
    return manifest if known else None


def _fault(folder: Path, model: EmbeddedModel) -> str | None:
    """What is missing in a folder; sizes are compared if the manifest has them."""
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
