"""Files of embedded models that are part of the package, for the default method.

``scripts/ship_models.py`` makes them from the pinned wheels. A manifest beside them names source, licence and hashes.
"""

from __future__ import annotations

import json
from pathlib import Path

from ctxpipe.errors import ModelError
from ctxpipe.models import catalogue
from ctxpipe.models.pinned import digest

FOLDER = Path(__file__).parent / "embedded"
MANIFEST = "manifest.json"


def shipped(name: str, *files: str) -> Path | None:
    """The folder in the package with these files of a model; None for other models or files.

    Raises:
        ModelError: if a file is missing or changed.
    """
    hashes = shipped_hashes(name)
    if not files or not set(files) <= set(hashes):
        return None
    for file in files:
        path = FOLDER / name / file
        if not path.is_file() or digest(path) != hashes[file]:
            raise ModelError(f"{path} is not the file that ctxpipe came with; install ctxpipe again")
    return FOLDER / name


def shipped_hashes(name: str) -> dict[str, str]:
    """SHA-256 of each shipped file of a model by its name; empty for a model without shipped files."""
    path = FOLDER / name / MANIFEST
    if name not in catalogue.EMBEDDED or not path.is_file():
        return {}
    hashes: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["files"]
    return hashes
