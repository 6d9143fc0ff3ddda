"""Which layers cache every token, which a window and which a chunk."""

from __future__ import annotations

from collections.abc import Sequence

from ctxpipe.errors import UsageError
from ctxpipe.serving.planner.model.fields import Fields
from ctxpipe.serving.planner.model.shape import Kind, Layer

_KINDS: dict[str, Kind] = {"full_attention": "full", "sliding_attention": "window", "chunked_attention": "chunk"}
_SPANS = {"full": (), "window": ("sliding_window",), "chunk": ("attention_chunk_size",)}
_PATTERNS = {"gemma2": 2, "gemma3_text": 6, "gemma3": 6, "cohere2": 4, "gpt_oss": 2}
"""One layer in how many has full attention, for models whose config does not say."""
_NO_WINDOW_UNLESS_ASKED = frozenset({"qwen2", "qwen2_moe", "qwen3", "qwen3_moe"})
_REFUSED = (
    "num_kv_shared_layers",
    "mamba_d_state",
    "mamba_num_heads",
    "ssm_cfg",
    "state_size",
    "linear_attn_config",
    "linear_num_key_heads",
    "conv_L_cache",
    "hybrid_override_pattern",
    "layers_block_type",
    "attn_type_list",
)
"""Fields of models whose layers share a cache or store a state instead of keys and values."""


def layers(config: Fields, kind_of_model: str) -> tuple[Layer, ...]:
    """What each decoder layer caches per token.

    Args:
        config: The language model's fields.
        kind_of_model: Its ``model_type``.

    Raises:
        UsageError: for a missing field, or a layer that caches something other than keys and values.
    """
    for name in _REFUSED:
        if config.values.get(name):
            raise UsageError(f"{config.name} has {name}: the cache of its layers is not supported")
    count = config.need("num_hidden_layers", "n_layer")
    return tuple(
        Layer(kind=kind, span=span, **_width(config, kind)) for kind, span in _kinds(config, kind_of_model, count)
    )


def _width(config: Fields, kind: Kind) -> dict[str, int]:
    if config.has("kv_lora_rank"):
        latent = config.need("kv_lora_rank") + config.need("qk_rope_head_dim")
        return {"kv_heads": 1, "k_dim": latent, "v_dim": 0, "latent": latent}
    heads = config.need("num_attention_heads", "n_head")
    kv_heads = _kv_heads(config, heads)
    width = config.number("head_dim", 0) or config.need("hidden_size", "n_embd") // heads
    values = config.number("v_head_dim", width)
    if kind == "full" and config.has("global_head_dim"):
        width = values = config.need("global_head_dim")
        kv_heads = config.number("num_global_key_value_heads", kv_heads)
    if kind == "window":
        kv_heads = config.number("swa_num_key_value_heads", kv_heads)
        width = config.number("swa_head_dim", width)
        values = config.number("swa_v_head_dim", values)
    return {"kv_heads": kv_heads, "k_dim": width, "v_dim": values}


def _kv_heads(config: Fields, heads: int) -> int:
    """Falcon and GPT BigCode have their own fields for one key and value shared by all heads."""
    if config.has("num_key_value_heads"):
        return config.need("num_key_value_heads")
    if config.flag("multi_query") and not config.flag("new_decoder_architecture"):
        return 1
    return config.number("num_kv_heads", heads)


def _kinds(config: Fields, kind_of_model: str, count: int) -> list[tuple[Kind, int]]:
    if (named := config.listed("layer_types", count)) is not None:
        return [_named(config, str(name)) for name in named]
    if config.has("attention_chunk_size"):
        return _chunked(config, count)
    if not _has_window(config, kind_of_model):
        return [("full", 0)] * count
    span = config.need("sliding_window")
    if (every := _pattern(config, kind_of_model)) is not None:
        return _mixed("window", span, [bool((index + 1) % every) for index in range(count)])
    first = 0
    if kind_of_model in _NO_WINDOW_UNLESS_ASKED:
        first = min(count, int(config.values.get("max_window_layers") or 0))
    return _mixed("window", span, [index >= first for index in range(count)])


def _mixed(kind: Kind, span: int, local: Sequence[bool]) -> list[tuple[Kind, int]]:
    """Layers that are not local have full attention."""
    return [(kind, span) if one else ("full", 0) for one in local]


def _has_window(config: Fields, kind_of_model: str) -> bool:
    if not config.has("sliding_window"):
        return False
    return config.flag("use_sliding_window", kind_of_model not in _NO_WINDOW_UNLESS_ASKED)


def _pattern(config: Fields, kind_of_model: str) -> int | None:
    for name in ("sliding_window_pattern", "_sliding_window_pattern"):
        if config.has(name):
            return config.need(name)
    return _PATTERNS.get(kind_of_model)


def _named(config: Fields, name: str) -> tuple[Kind, int]:
    if name not in _KINDS:
        raise UsageError(f"{config.name} has layers of the type {name}, whose cache is not supported")
    kind = _KINDS[name]
    return kind, config.need(*_SPANS[kind]) if kind != "full" else 0


def _chunked(config: Fields, count: int) -> list[tuple[Kind, int]]:
    """Llama 4: layers without rotary positions attend to all tokens, the others to a chunk."""
    rotary = config.listed("no_rope_layers", count)
    every = config.number("no_rope_layer_interval", 4)
    span = config.need("attention_chunk_size")
    return _mixed("chunk", span, [bool(one) for one in rotary or [(index + 1) % every for index in range(count)]])
