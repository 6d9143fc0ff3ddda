"""Folders of BERT-like encoders in ONNX, exported on first use."""

from __future__ import annotations

import json
from pathlib import Path

from ctxpipe.errors import ModelError
from ctxpipe.extras import require
from ctxpipe.models.cache import cache_root
from ctxpipe.models.hub import loading
from ctxpipe.models.once import made_once
from ctxpipe.models.onnx import EXPORTERS, FLOAT_FILE, INT8_FILE, Pooling, export_encoder
from ctxpipe.models.quiet import quiet
from ctxpipe.models.ready import revision
from ctxpipe.models.resolve import resolve
from ctxpipe.models.shipped import shipped

_BESIDE = ("tokenizer.json", "config.json")


def exported(name: str, file: str) -> Path:
    """The folder of an encoder with its ONNX file, ``tokenizer.json`` and ``config.json``.

    The embedded int8 encoder is part of the package. Any other is exported to the cache on first use.

    Args:
        name: An embedded model, or a folder or Hugging Face id of a BERT-like encoder.
        file: ``FLOAT_FILE`` or ``INT8_FILE``.

    Raises:
        MissingExtraError: if it must be exported and the extra ``local`` is missing.
        ModelError: if it cannot be found, fetched or exported.
    """
    if folder := shipped(name, file, *_BESIDE):
        return folder
    place = resolve(name)
    if _complete(Path(place)):
        return Path(place)
    require("local", f"exporting {name} to ONNX", *EXPORTERS)
    with loading(name, "encoder", place=place):
        pooling = _pooling(place)
        target = cache_root() / "onnx" / f"{Path(place).name}-{revision(place)}"
        return made_once(target, ready=lambda: _complete(target), build=lambda new, _: _fill(new, place, pooling))


def _complete(folder: Path) -> bool:
    return all((folder / file).is_file() for file in (FLOAT_FILE, INT8_FILE, *_BESIDE))


def _fill(folder: Path, place: str, pooling: Pooling) -> None:
    from transformers import AutoConfig, AutoTokenizer

    with quiet(output=False):
        tokenizer = AutoTokenizer.from_pretrained(place)
        if not tokenizer.is_fast:
            raise ModelError(f"{place} has a tokenizer written in Python, which the embedder does not support")
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        AutoConfig.from_pretrained(place).save_pretrained(folder)
    export_encoder(place, folder, pooling=pooling)


def _pooling(place: str) -> Pooling:
    """The model's pooling in sentence-transformers; mean by default."""
    path = _file(place, "1_Pooling/config.json")
    if path is None:
        return "mean"
    said = json.loads(path.read_text(encoding="utf-8"))
    modes = [
        key.removeprefix("pooling_mode_") for key, value in said.items() if key.startswith("pooling_mode_") and value
    ]
    known: dict[tuple[str, ...], Pooling] = {("mean_tokens",): "mean", ("cls_token",): "cls"}
    if tuple(modes) not in known:
        raise ModelError(f"{place} pools by {' and '.join(modes)}; the embedder supports mean and cls")
    return known[tuple(modes)]


def _file(place: str, name: str) -> Path | None:
    if Path(place).is_dir():
        path = Path(place) / name
        return path if path.is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    hf_hub_download(place, "config.json")  # this makes the revision known
    try:
        return Path(hf_hub_download(place, name))
    except (EntryNotFoundError, LocalEntryNotFoundError):
        return None
