"""Finds a model's config: a preset, a folder, a config.json, or the Hugging Face Hub."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctxpipe.errors import ModelError, UnknownNameError, UsageError
from ctxpipe.models.hub import loading
from ctxpipe.serving.planner.model.quantisation import Quantisation
from ctxpipe.serving.planner.presets import PRESETS

CONFIG = "config.json"
_INSTEAD = f"name a folder with its {CONFIG}, or a built-in model ('ctxpipe plan --list')"
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSource:
    """Where a model's config came from.

    Attributes:
        name: The model's name as given.
        repository: What to serve: a Hugging Face id or a folder.
        config: Its fields.
        origin: A description, for the assumptions.
        quantisation: Replaces the config's.
        note: A remark for the user.
    """

    name: str
    repository: str
    config: Mapping[str, Any]
    origin: str
    quantisation: Quantisation | None = None
    note: str = ""


def find(name: str) -> ConfigSource:
    """Find the config of a model.

    Args:
        name: A preset's name, a folder with a config.json, such a file, or a Hugging Face id.

    Raises:
        UnknownNameError: for a name that is none of these, with the nearest presets.
        ModelError: if the hub or a file cannot be read.
        UsageError: if a file is not a config.
    """
    key = name.strip().lower().replace("_", "-")
    if key in PRESETS:
        preset = PRESETS[key]
        return ConfigSource(
            name=key,
            repository=preset.repository,
            config=preset.config,
            origin="built in",
            quantisation=preset.quantisation,
            note=preset.note,
        )
    path = Path(name).expanduser()
    if path.is_dir():
        path = path / CONFIG
        if not path.is_file():
            raise ModelError(f"{name} has no {CONFIG}")
    if path.is_file():
        folder = str(path.parent) if path.name == CONFIG else name
        return ConfigSource(name=name, repository=folder, config=_parsed(path, name), origin=str(path))
    if name.endswith(".json") or name.startswith((".", "/", "~")):
        raise ModelError(f"{name}: no such file or folder")
    if _HUB_ID.fullmatch(name):
        return ConfigSource(name=name, repository=name, config=_parsed(_fetched(name), name), origin="Hugging Face Hub")
    raise UnknownNameError("model", name, PRESETS)


def _parsed(path: Path, name: str) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ModelError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{path} is not JSON") from exc
    if not isinstance(value, dict):
        raise UsageError(f"the config of {name} is not a JSON object")
    return value


def _fetched(name: str) -> Path:
    """The config.json of a Hugging Face id, from the Hub's cache if possible.

    Raises:
        ModelError: if it is missing, gated or private, or the hub cannot be reached and nothing is cached.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    if isinstance(cached := try_to_load_from_cache(name, CONFIG), str):
        return Path(cached)
    with loading(name, CONFIG, place=name, instead=_INSTEAD):
        return Path(hf_hub_download(name, CONFIG))
