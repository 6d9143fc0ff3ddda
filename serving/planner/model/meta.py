"""Counts the parameters of any model that transformers can build, without allocating them."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctxpipe.errors import UsageError, reason_of
from ctxpipe.extras import require
from ctxpipe.models.quiet import quiet
from ctxpipe.serving.planner.model.shape import Weight

_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_SIGHT = re.compile(r"vision|visual|audio|projector")
_TABLES = re.compile(r"embed|router|\bgate\.weight$|mlp\.gate$")


def weights(name: str, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """All weights of a model, built on torch's meta device from its config alone.

    Args:
        name: The model's name as given, for messages.
        config: The fields of its config.json.

    Raises:
        MissingExtraError: without the extra ``local``.
        UsageError: if transformers does not have the model; code that ships with a model is never run.
    """
    require("local", f"counting the parameters of {name}", "torch", "transformers")
    import torch
    import transformers  # noqa: F401 - imported first, to quieten it

    with quiet():
        try:
            with torch.device("meta"):
                model = _built(config)
        except Exception as exc:  # a model's code can raise anything for a config that it does not accept
            kind = f"model_type {config.get('model_type')!r}"
            raise UsageError(f"transformers cannot build {name} ({kind}) from its config: {reason_of(exc)}") from exc
    return tuple(_weight(path, tuple(one.shape)) for path, one in model.named_parameters())


def sees(weight: Weight) -> bool:
    """Whether a weight belongs to the vision or audio parts."""
    return _SIGHT.search(weight.name) is not None


def _built(config: Mapping[str, Any]) -> Any:
    import transformers

    plain = {key: value for key, value in config.items() if key not in ("quantization_config", "auto_map")}
    with tempfile.TemporaryDirectory(prefix="ctxpipe-plan-") as folder:
        (Path(folder) / "config.json").write_text(json.dumps(plain), encoding="utf-8")
        loaded = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    named: Any = getattr(transformers, str((config.get("architectures") or [""])[0]), None)
    if named is not None and hasattr(named, "_from_config"):
        return named._from_config(loaded)
    known: Any = transformers.AutoModelForCausalLM
    if type(loaded) not in known._model_mapping:
        known = transformers.AutoModelForImageTextToText
    return known.from_config(loaded, trust_remote_code=False)


def _weight(path: str, shape: tuple[int, ...]) -> Weight:
    """A parameter as a weight; a block of experts becomes one matrix per expert."""
    name = path.removesuffix(".weight")
    seen = _SIGHT.search(path)
    layer = None if seen else _LAYER.search(path)
    linear = len(shape) in (2, 3) and not _TABLES.search(path) and not (seen and len(shape) != 2)
    rows, columns = (shape[-2], shape[-1]) if len(shape) >= 2 else (1, shape[0] if shape else 1)
    copies = 1
    for size in shape[:-2]:
        copies *= size
    last = layer is None and not seen and ("lm_head" in name or name.endswith("norm"))
    number = int(layer[1]) if layer else None
    return Weight(name=name, rows=rows, columns=columns, copies=copies, layer=number, linear=linear, last=last)
