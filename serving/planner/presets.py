"""Built-in models: the fields of their config.json that decide memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctxpipe.serving.planner.model.quantisation import Quantisation

_IGNORED = ["re:.*lm_head", "re:.*self_attn", "re:.*router", "re:.*vision_model", "re:.*multi_modal_projector"]
_W4A16 = {
    "quant_method": "compressed-tensors",
    "format": "pack-quantized",
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": 128},
        }
    },
    "ignore": _IGNORED,
}
_LLAMA4_VISION = {
    "hidden_size": 1408,
    "intermediate_size": 5632,
    "num_hidden_layers": 34,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
    "projector_input_dim": 4096,
    "projector_output_dim": 4096,
    "vision_output_dim": 4096,
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A built-in model.

    Attributes:
        repository: Hugging Face id of the checkpoint to serve.
        config: What the planner needs of its config.json.
        quantisation: Replaces the config's.
        note: A remark for the user.
    """

    repository: str
    config: Mapping[str, Any]
    quantisation: Quantisation | None = None
    note: str = ""


def _llama4(experts: int, step: int, max_tokens: int) -> dict[str, Any]:
    text = {
        "model_type": "llama4_text",
        "hidden_size": 5120,
        "num_hidden_layers": 48,
        "num_attention_heads": 40,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 202_048,
        "intermediate_size": 8192,
        "intermediate_size_mlp": 16_384,
        "num_local_experts": experts,
        "interleave_moe_layer_step": step,
        "attention_chunk_size": 8192,
        "no_rope_layer_interval": 4,
        "max_position_embeddings": max_tokens,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }
    return {"model_type": "llama4", "text_config": text, "vision_config": _LLAMA4_VISION, "quantization_config": _W4A16}


def _dense(
    kind: str, layers: int, hidden: int, inner: int, heads: int, kv_heads: int, words: int, longest: int, **more: Any
) -> dict[str, Any]:
    return {
        "model_type": kind,
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "vocab_size": words,
        "max_position_embeddings": longest,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        **more,
    }


def _qwen3_moe(layers: int, hidden: int, heads: int, inner: int, longest: int) -> dict[str, Any]:
    moe = {"num_experts": 128, "moe_intermediate_size": inner, "head_dim": 128}
    return _dense("qwen3_moe", layers, hidden, 6144, heads, 4, 151_936, longest, **moe)


def _gpt_oss(layers: int, experts: int) -> dict[str, Any]:
    more = {
        "head_dim": 64,
        "num_local_experts": experts,
        "sliding_window": 128,
        "attention_bias": True,
        "quantization_config": {
            "quant_method": "mxfp4",
            "modules_to_not_convert": ["self_attn", "mlp.router", "embed_tokens", "lm_head"],
        },
    }
    return _dense("gpt_oss", layers, 2880, 2880, 64, 8, 201_088, 131_072, **more)


_DEEPSEEK_V3 = _dense(
    "deepseek_v3",
    61,
    7168,
    18_432,
    128,
    128,
    129_280,
    163_840,
    q_lora_rank=1536,
    kv_lora_rank=512,
    qk_nope_head_dim=128,
    qk_rope_head_dim=64,
    v_head_dim=128,
    n_routed_experts=256,
    n_shared_experts=1,
    moe_intermediate_size=2048,
    first_k_dense_replace=3,
    quantization_config={"quant_method": "fp8", "weight_block_size": [128, 128]},
)
_SCOUT = _llama4(16, 1, 10_485_760)
_GEMMA3 = {
    "model_type": "gemma3_text",
    "tie_word_embeddings": True,
    "sliding_window": 1024,
    "sliding_window_pattern": 6,
}

PRESETS: dict[str, Preset] = {
    "scout": Preset("RedHatAI/Llama-4-Scout-17B-16E-Instruct-quantized.w4a16", _SCOUT),
    "scout-bf16": Preset(
        "meta-llama/Llama-4-Scout-17B-16E-Instruct",
        {key: value for key, value in _SCOUT.items() if key != "quantization_config"},
    ),
    "scout-q4-k-m": Preset(
        "meta-llama/Llama-4-Scout-17B-16E-Instruct",
        _SCOUT,
        quantisation=Quantisation(
            label="Q4_K_M at 0.56 bytes for each of 109 billion parameters",
            bytes_per_parameter=0.56 * 109e9 / 108_641_793_536,
        ),
        note="a published estimate: techcompare.app/llm-vram-calculator/llama-4-scout-q4",
    ),
    "maverick": Preset(
        "RedHatAI/Llama-4-Maverick-17B-128E-Instruct-quantized.w4a16",
        _llama4(128, 2, 1_048_576),
        note="its unquantised modules are assumed to be Scout's",
    ),
    "llama-3.1-8b": Preset(
        "meta-llama/Llama-3.1-8B-Instruct", _dense("llama", 32, 4096, 14_336, 32, 8, 128_256, 131_072)
    ),
    "llama-3.3-70b": Preset(
        "meta-llama/Llama-3.3-70B-Instruct", _dense("llama", 80, 8192, 28_672, 64, 8, 128_256, 131_072)
    ),
    "llama-3.1-405b": Preset(
        "meta-llama/Llama-3.1-405B-Instruct", _dense("llama", 126, 16_384, 53_248, 128, 8, 128_256, 131_072)
    ),
    "qwen2.5-7b": Preset("Qwen/Qwen2.5-7B-Instruct", _dense("qwen2", 28, 3584, 18_944, 28, 4, 152_064, 32_768)),
    "qwen2.5-7b-1m": Preset(
        "Qwen/Qwen2.5-7B-Instruct-1M", _dense("qwen2", 28, 3584, 18_944, 28, 4, 152_064, 1_010_000)
    ),
    "qwen2.5-14b-1m": Preset(
        "Qwen/Qwen2.5-14B-Instruct-1M", _dense("qwen2", 48, 5120, 13_824, 40, 8, 152_064, 1_010_000)
    ),
    "qwen2.5-72b": Preset("Qwen/Qwen2.5-72B-Instruct", _dense("qwen2", 80, 8192, 29_568, 64, 8, 152_064, 32_768)),
    "qwen3-8b": Preset("Qwen/Qwen3-8B", _dense("qwen3", 36, 4096, 12_288, 32, 8, 151_936, 40_960, head_dim=128)),
    "qwen3-32b": Preset("Qwen/Qwen3-32B", _dense("qwen3", 64, 5120, 25_600, 64, 8, 151_936, 40_960, head_dim=128)),
    "qwen3-30b-a3b": Preset("Qwen/Qwen3-30B-A3B-Instruct-2507", _qwen3_moe(48, 2048, 32, 768, 262_144)),
    "qwen3-235b-a22b": Preset("Qwen/Qwen3-235B-A22B-Instruct-2507", _qwen3_moe(94, 4096, 64, 1536, 262_144)),
    "mistral-7b": Preset(
        "mistralai/Mistral-7B-v0.1", _dense("mistral", 32, 4096, 14_336, 32, 8, 32_000, 32_768, sliding_window=4096)
    ),
    "mistral-nemo-12b": Preset(
        "mistralai/Mistral-Nemo-Instruct-2407",
        _dense("mistral", 40, 5120, 14_336, 32, 8, 131_072, 131_072, head_dim=128),
    ),
    "mistral-small-24b": Preset(
        "mistralai/Mistral-Small-24B-Instruct-2501",
        _dense("mistral", 40, 5120, 32_768, 32, 8, 131_072, 32_768, head_dim=128),
    ),
    "mixtral-8x7b": Preset(
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        _dense("mixtral", 32, 4096, 14_336, 32, 8, 32_000, 32_768, num_local_experts=8),
    ),
    "gemma-3-12b": Preset(
        "google/gemma-3-12b-it",
        _dense("gemma3_text", 48, 3840, 15_360, 16, 8, 262_208, 131_072, **_GEMMA3, head_dim=256),
        note="without its vision tower (--language-model-only)",
    ),
    "gemma-3-27b": Preset(
        "google/gemma-3-27b-it",
        _dense("gemma3_text", 62, 5376, 21_504, 32, 16, 262_208, 131_072, **_GEMMA3, head_dim=128),
        note="without its vision tower (--language-model-only)",
    ),
    "phi-3-mini-128k": Preset(
        "microsoft/Phi-3-mini-128k-instruct",
        _dense("phi3", 32, 3072, 8192, 32, 32, 32_064, 131_072, sliding_window=262_144),
    ),
    "gpt-oss-20b": Preset("openai/gpt-oss-20b", _gpt_oss(24, 32)),
    "gpt-oss-120b": Preset("openai/gpt-oss-120b", _gpt_oss(36, 128)),
    "deepseek-v3": Preset("deepseek-ai/DeepSeek-V3", _DEEPSEEK_V3),
    "qwen2.5-coder-0.5b": Preset(
        "Qwen/Qwen2.5-Coder-0.5B-Instruct",
        _dense("qwen2", 24, 896, 4864, 14, 2, 151_936, 32_768, tie_word_embeddings=True),
    ),
    "smollm2-135m": Preset(
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        _dense("llama", 30, 576, 1536, 9, 3, 49_152, 8192, tie_word_embeddings=True),
    ),
}
"""Presets by name."""
