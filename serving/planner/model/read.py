"""From a model's config to its shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctxpipe.serving.planner.model.attention import layers
from ctxpipe.serving.planner.model.experts import FAMILIES
from ctxpipe.serving.planner.model.families import decoder
from ctxpipe.serving.planner.model.fields import Fields, dtype, model_type, text_fields
from ctxpipe.serving.planner.model.shape import ModelShape, Weight
from ctxpipe.serving.planner.model.vision import llama4_vision

_OTHER_PARTS = ("vision_config", "audio_config", "vision_tower", "mm_vision_tower")


def read_shape(name: str, values: Mapping[str, Any], *, language_only: bool = False) -> ModelShape:
    """Read the shape that a config describes.

    Parameters are counted from the shapes of the kinds of model in ``FAMILIES``; any other is built by transformers on
    the meta device and counted, which imports torch.

    Args:
        name: The model's name as given, for messages.
        values: The fields of its config.json.
        language_only: Leave out the vision and audio parts.

    Raises:
        UsageError: for a missing or invalid field, or a model that is not supported.
    """
    config = Fields(name=name, values=values)
    text = text_fields(config)
    kind = model_type(text) if text.has("model_type") else model_type(config)
    kept = layers(text, kind)
    longest = text.need("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
    weights, counted = _weights(config, text, kind, language_only)
    type_name, size = dtype(config, text)
    return ModelShape(
        model_type=kind,
        weights=tuple(weights),
        layers=kept,
        heads=text.need("num_attention_heads", "n_head"),
        max_tokens=longest,
        dtype=type_name,
        dtype_bytes=size,
        counted="shapes" if counted else "transformers",
    )


def _weights(config: Fields, text: Fields, kind: str, language_only: bool) -> tuple[list[Weight], bool]:
    sees = any(config.has(part) for part in _OTHER_PARTS)
    if kind in FAMILIES and kind == "llama4_text" and sees:
        tower = config.values.get("vision_config")
        weights = decoder(text, FAMILIES[kind], "language_model.")
        if not language_only and isinstance(tower, dict):
            weights += llama4_vision(Fields(name=config.name, values=tower), text.need("hidden_size"))
        return weights, True
    if kind in FAMILIES and (language_only or not sees):
        return decoder(text, FAMILIES[kind]), True
    from ctxpipe.serving.planner.model import meta

    counted = meta.weights(config.name, config.values)
    if language_only:
        counted = tuple(weight for weight in counted if not meta.sees(weight))
    return list(counted), False
