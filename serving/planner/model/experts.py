"""Mixture-of-experts layers of the supported kinds of model."""

from __future__ import annotations

from ctxpipe.serving.planner.model.families import Experts, Traits
from ctxpipe.serving.planner.model.fields import Fields


def _mixtral(config: Fields, _layer: int) -> Experts:
    return Experts(count=config.need("num_local_experts"), width=config.need("intermediate_size"))


def _gpt_oss(config: Fields, _layer: int) -> Experts:
    count, width = config.need("num_local_experts"), config.need("intermediate_size")
    return Experts(count=count, width=width, router="router", router_bias=True, bias=True)


def _llama4(config: Fields, layer: int) -> Experts | None:
    every = config.number("interleave_moe_layer_step", 1)
    chosen = config.values.get("moe_layers")
    if layer not in (chosen if isinstance(chosen, list) else range(every - 1, layer + 1, every)):
        return None
    width = config.need("intermediate_size")
    return Experts(count=config.need("num_local_experts"), width=width, shared=width, router="router")


def _qwen_moe(config: Fields, layer: int) -> Experts | None:
    step = config.number("decoder_sparse_step", 1)
    if layer in (config.values.get("mlp_only_layers") or ()) or (layer + 1) % step:
        return None
    shared = int(config.values.get("shared_expert_intermediate_size") or 0)
    return Experts(
        count=config.need("num_experts", "num_local_experts"),
        width=config.need("moe_intermediate_size"),
        shared=shared,
        shared_gate=bool(shared),
    )


def _deepseek(config: Fields, layer: int) -> Experts | None:
    """DeepSeek-V3's checkpoints have a bias for each expert, which balances their load."""
    if layer < int(config.values.get("first_k_dense_replace") or 0) or layer % config.number("moe_layer_freq", 1):
        return None
    width = config.need("moe_intermediate_size")
    shared = int(config.values.get("n_shared_experts") or 0) * width
    return Experts(
        count=config.need("n_routed_experts", "num_local_experts"),
        width=width,
        shared=shared,
        shared_name="shared_experts",
        router_bias=config.values.get("model_type") == "deepseek_v3",
    )


FAMILIES: dict[str, Traits] = {
    "llama": Traits(),
    "mistral": Traits(qkv_bias=False, o_bias=False),
    "ministral": Traits(qkv_bias=False, o_bias=False),
    "mixtral": Traits(qkv_bias=False, o_bias=False, mlp="block_sparse_moe", moe=_mixtral),
    "qwen2": Traits(qkv_bias=True, o_bias=False),
    "qwen2_moe": Traits(qkv_bias=True, o_bias=False, moe=_qwen_moe),
    "qwen3": Traits(qk_norm="head"),
    "qwen3_moe": Traits(qk_norm="head", moe=_qwen_moe),
    "phi3": Traits(qkv_bias=False, o_bias=False),
    "gemma": Traits(tied=True),
    "gemma2": Traits(tied=True, norms=4),
    "gemma3_text": Traits(tied=True, norms=4, qk_norm="head"),
    "cohere2": Traits(tied=True, norms=1),
    "olmo2": Traits(qk_norm="all"),
    "olmo3": Traits(qk_norm="all"),
    "smollm3": Traits(tied=True),
    "gpt_oss": Traits(qkv_bias=True, o_bias=True, moe=_gpt_oss),
    "llama4_text": Traits(mlp="feed_forward", moe=_llama4),
    "deepseek_v2": Traits(moe=_deepseek),
    "deepseek_v3": Traits(moe=_deepseek),
}
"""Kinds of model whose parameters are counted from their shapes; others are built by transformers and counted."""
