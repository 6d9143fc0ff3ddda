"""Turns a GGUF file with a byte-level BPE tokenizer into a Hugging Face model folder, once.

transformers can read GGUF too, but takes 15 to 40 seconds each time, refuses to save the result, and drops SmolLM's
rule that every digit is a token (``tokenizer.ggml.pre = smollm``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxpipe.models.gguf_file import GgufFile, opened
from ctxpipe.models.gguf_tokenizer import SPECIAL, write_json, write_tokenizer

if TYPE_CHECKING:
    import numpy as np

MODULES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP_MODULES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def convert(path: Path, folder: Path) -> None:
    """Write config, bf16 weights, tokenizer and chat template of a GGUF file into ``folder``.

    Args:
        path: GGUF file of a known family, whose tokenizer is ``gpt2`` (byte-level BPE).
        folder: Existing folder that receives the files.

    Raises:
        ValueError: for another architecture or tokenizer.
    """
    source = opened(path)
    _write_weights(source, folder)
    _write_config(source, folder)
    write_tokenizer(source, folder)


def _write_weights(source: GgufFile, folder: Path) -> None:
    import torch
    from gguf.quants import dequantize
    from safetensors.torch import save_file

    heads = {"attn_q": "attention.head_count", "attn_k": "attention.head_count_kv"} if source.family.interleaved else {}
    state = {}
    for tensor in source.reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type)
        module = tensor.name.rpartition(".")[0].rpartition(".")[2]
        if module in heads:
            weight = _halves_together(weight, source.size(heads[module]))
        state[_parameter_name(tensor.name)] = torch.from_numpy(weight.copy()).to(torch.bfloat16).contiguous()
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def _parameter_name(name: str) -> str:
    module, _, kind = name.rpartition(".")  # kind is weight or bias
    if module in TOP_MODULES:
        return f"{TOP_MODULES[module]}.{kind}"
    _, layer, part = module.split(".")
    return f"model.layers.{layer}.{MODULES[part]}.{kind}"


def _halves_together(weight: np.ndarray[Any, np.dtype[Any]], heads: int) -> np.ndarray[Any, np.dtype[Any]]:
    """Undo llama.cpp's interleaving of each head's rotary pairs; transformers stores the two halves separately."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _write_config(source: GgufFile, folder: Path) -> None:
    special = {f"{name}_token_id": source.value(f"tokenizer.ggml.{key}_token_id") for name, key in SPECIAL.items()}
    tokens = source.value("tokenizer.ggml.tokens")
    theta = source.size("rope.freq_base")
    config = {
        "architectures": [source.family.model],
        "model_type": source.architecture,
        "dtype": "bfloat16",
        "hidden_act": "silu",
        "hidden_size": source.size("embedding_length"),
        "intermediate_size": source.size("feed_forward_length"),
        "max_position_embeddings": source.size("context_length"),
        "num_attention_heads": source.size("attention.head_count"),
        "num_hidden_layers": source.size("block_count"),
        "num_key_value_heads": source.size("attention.head_count_kv"),
        "rms_norm_eps": round(source.size("attention.layer_norm_rms_epsilon"), 12),
        "rope_theta": theta,
        "rope_parameters": {"rope_theta": theta, "rope_type": "default"},
        "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in source.reader.tensors),
        "vocab_size": len(tokens),
    }
    write_json(folder / "config.json", config | special)
    ends = [special["eos_token_id"], *(tokens.index(end) for end in source.family.ends)]
    write_json(folder / "generation_config.json", special | {"eos_token_id": ends if len(ends) > 1 else ends[0]})
