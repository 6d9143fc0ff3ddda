"""Weights of Llama 4's vision tower, as transformers builds it."""

from __future__ import annotations

from ctxpipe.serving.planner.model.families import WeightList
from ctxpipe.serving.planner.model.fields import Fields
from ctxpipe.serving.planner.model.shape import Weight

_CHANNELS = 3


def llama4_vision(config: Fields, text_hidden: int) -> list[Weight]:
    """Patches, 34 layers with biases, an adapter after a pixel shuffle, and the projector to the language model.

    Args:
        config: The vision tower's fields.
        text_hidden: Hidden size of the language model.

    Raises:
        UsageError: for a missing field.
    """
    weights = WeightList()
    base = "vision_model"
    hidden, inner, patch = config.need("hidden_size"), config.need("intermediate_size"), config.need("patch_size")
    positions = (config.need("image_size") // patch) ** 2 + 1
    weights.table(f"{base}.patch_embedding.linear", hidden, _CHANNELS * patch**2, None)
    weights.vector(f"{base}.class_embedding", hidden, None)
    weights.vector(f"{base}.positional_embedding_vlm", positions * hidden, None)
    weights.vector(f"{base}.layernorms", 4 * hidden, None)
    count = config.need("num_hidden_layers")
    layer = f"{base}.model.layers.0"
    for name, rows, columns in (
        ("self_attn.q_proj", hidden, hidden),
        ("self_attn.k_proj", hidden, hidden),
        ("self_attn.v_proj", hidden, hidden),
        ("self_attn.o_proj", hidden, hidden),
        ("mlp.fc1", inner, hidden),
        ("mlp.fc2", hidden, inner),
    ):
        weights.matrix(f"{layer}.{name}", rows, columns, None, bias=True, n=count)
    weights.vector(f"{layer}.layernorms", 4 * hidden, None, n=count)
    middle, out = config.need("projector_input_dim"), config.need("projector_output_dim")
    weights.matrix(f"{base}.vision_adapter.mlp.fc1", middle, inner, None)
    weights.matrix(f"{base}.vision_adapter.mlp.fc2", out, middle, None)
    weights.matrix("multi_modal_projector.linear_1", text_hidden, config.need("vision_output_dim"), None)
    return weights.items
