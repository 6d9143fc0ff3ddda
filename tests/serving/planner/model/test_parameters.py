"""Parameters, against the totals that the models' makers publish and against transformers itself."""

from __future__ import annotations

from typing import Any

import pytest

from ctxpipe.errors import UsageError
from ctxpipe.serving.planner.model import meta
from ctxpipe.serving.planner.model.read import read_shape
from ctxpipe.serving.planner.presets import PRESETS

PUBLISHED = {
    "scout": 108_641_793_536,
    "maverick": 401_583_781_376,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.3-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "qwen2.5-7b": 7_615_616_512,
    "qwen2.5-7b-1m": 7_615_616_512,
    "qwen2.5-14b-1m": 14_770_033_664,
    "qwen2.5-72b": 72_706_203_648,
    "qwen3-8b": 8_190_735_360,
    "qwen3-32b": 32_762_123_264,
    "qwen3-30b-a3b": 30_532_122_624,
    "qwen3-235b-a22b": 235_093_634_560,
    "mistral-7b": 7_241_732_096,
    "mistral-nemo-12b": 12_247_782_400,
    "mistral-small-24b": 23_572_403_200,
    "mixtral-8x7b": 46_702_792_704,
    "phi-3-mini-128k": 3_821_079_552,
    "gpt-oss-20b": 20_914_757_184,
    "gpt-oss-120b": 116_829_156_672,
    "deepseek-v3": 671_026_419_200,
    "qwen2.5-coder-0.5b": 494_032_768,
    "smollm2-135m": 134_515_008,
}
"""Numbers in the safetensors headers of the checkpoints."""

_SMALL: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "vocab_size": 320,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
}
_MOE = {"num_experts": 6, "moe_intermediate_size": 40, "num_experts_per_tok": 2}
_LATENT = {
    "kv_lora_rank": 16,
    "q_lora_rank": 24,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "v_head_dim": 12,
    "n_routed_experts": 6,
    "n_shared_experts": 2,
    "moe_intermediate_size": 40,
    "first_k_dense_replace": 2,
    "num_experts_per_tok": 2,
    "n_group": 1,
    "topk_group": 1,
}
SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaForCausalLM", {"attention_bias": True, "mlp_bias": True}),
    "mistral": ("MistralForCausalLM", {"head_dim": 24, "sliding_window": 64}),
    "mixtral": ("MixtralForCausalLM", {"num_local_experts": 4}),
    "qwen2": ("Qwen2ForCausalLM", {"tie_word_embeddings": True}),
    "qwen2_moe": (
        "Qwen2MoeForCausalLM",
        {**_MOE, "shared_expert_intermediate_size": 48, "decoder_sparse_step": 2, "mlp_only_layers": [3]},
    ),
    "qwen3": ("Qwen3ForCausalLM", {"head_dim": 24}),
    "qwen3_moe": ("Qwen3MoeForCausalLM", {**_MOE, "head_dim": 24}),
    "phi3": ("Phi3ForCausalLM", {"pad_token_id": 0}),
    "gemma": ("GemmaForCausalLM", {"head_dim": 24, "tie_word_embeddings": True}),
    "gemma2": ("Gemma2ForCausalLM", {"head_dim": 24, "tie_word_embeddings": True}),
    "gemma3_text": ("Gemma3ForCausalLM", {"head_dim": 24, "tie_word_embeddings": True}),
    "cohere2": ("Cohere2ForCausalLM", {"tie_word_embeddings": True, "sliding_window": 64}),
    "olmo2": ("Olmo2ForCausalLM", {}),
    "olmo3": ("Olmo3ForCausalLM", {}),
    "smollm3": ("SmolLM3ForCausalLM", {"tie_word_embeddings": True, "pad_token_id": 0}),
    "gpt_oss": ("GptOssForCausalLM", {"num_local_experts": 4, "head_dim": 16, "attention_bias": True}),
    "llama4_text": (
        "Llama4ForCausalLM",
        {"num_local_experts": 4, "head_dim": 16, "interleave_moe_layer_step": 2, "intermediate_size_mlp": 128},
    ),
    "deepseek_v2": ("DeepseekV2ForCausalLM", {**_LATENT, "topk_method": "greedy"}),
    "deepseek_v3": ("DeepseekV3ForCausalLM", _LATENT),
}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_presets_have_the_parameters_of_their_checkpoints(name: str) -> None:
    assert read_shape(name, PRESETS[name].config).parameters == PUBLISHED[name]


@pytest.mark.parametrize("kind", sorted(SMALL))
def test_shapes_are_those_that_transformers_builds(kind: str) -> None:
    architecture, more = SMALL[kind]
    config = {**_SMALL, **more, "model_type": kind, "architectures": [architecture]}
    ours = read_shape(kind, config)
    assert ours.counted == "shapes"
    theirs = sum(weight.elements for weight in meta.weights(kind, config))
    # A buffer in transformers, though it is in the checkpoints.
    buffers = 3 * 6 if kind == "deepseek_v3" else 0
    assert ours.parameters == theirs + buffers


@pytest.mark.parametrize("name", ["scout", "maverick"])
def test_llama4_with_its_eyes_is_what_transformers_builds(name: str) -> None:
    config = {**PRESETS[name].config, "architectures": ["Llama4ForConditionalGeneration"]}
    counted = meta.weights(name, config)
    assert sum(weight.elements for weight in counted) == PUBLISHED[name]
    without = read_shape(name, PRESETS[name].config, language_only=True).parameters
    assert sum(weight.elements for weight in counted if not meta.sees(weight)) == without
    assert PUBLISHED[name] - without == 871_932_416


def test_any_other_model_is_built_and_counted() -> None:
    config = {**_SMALL, "model_type": "granite", "architectures": ["GraniteForCausalLM"], "num_key_value_heads": 1}
    shape = read_shape("granite", config)
    like_llama = read_shape("llama", {**config, "model_type": "llama"})
    assert (shape.counted, shape.parameters) == ("transformers", like_llama.parameters)
    assert [weight.layer for weight in shape.weights if weight.name.endswith("mlp.down_proj")] == [0, 1, 2, 3, 4]
    assert [weight.name for weight in shape.weights if weight.last] == ["model.norm", "lm_head"]
    assert shape.layers == like_llama.layers


def test_a_model_with_eyes_is_counted_whole_or_without_them() -> None:
    vision = {"model_type": "siglip_vision_model", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**_SMALL, "model_type": "gemma3_text", "head_dim": 24, "tie_word_embeddings": True, "sliding_window": 64}
    config = {
        "model_type": "gemma3",
        "architectures": ["Gemma3ForConditionalGeneration"],
        "text_config": text,
        "vision_config": {**vision, "intermediate_size": 48, "image_size": 56, "patch_size": 14},
    }
    whole, blind = read_shape("g", config), read_shape("g", config, language_only=True)
    assert (whole.counted, blind.counted) == ("transformers", "shapes")
    assert blind.parameters == read_shape("g", text).parameters < whole.parameters


def test_what_transformers_does_not_know_is_refused() -> None:
    with pytest.raises(UsageError, match=r"transformers cannot build odd \(model_type 'odd-one'\)"):
        read_shape("odd", {**_SMALL, "model_type": "odd-one", "auto_map": {"AutoConfig": "x.Y"}})
