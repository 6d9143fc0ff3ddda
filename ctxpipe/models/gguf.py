"""Turns a Llama GGUF file with a byte-level BPE tokenizer into a Hugging Face model folder, once.

transformers can read GGUF too, but takes 15 seconds each time, refuses to save the result, and drops the rule that
every digit is a token (``tokenizer.ggml.pre = smollm``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from gguf import GGUFReader

CONTROL_TOKEN = 3  # gguf.TokenType.CONTROL
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


def convert_llama(source: Path, folder: Path) -> None:
    """Write config, bf16 weights, tokenizer and chat template of a GGUF file into ``folder``.

    Args:
        source: GGUF file of architecture ``llama`` whose tokenizer is ``gpt2`` (byte-level BPE) of the SmolLM kind.
        folder: Existing folder that receives the files.

    Raises:
        ValueError: for another architecture or tokenizer.
    """
    from gguf import GGUFReader

    reader = GGUFReader(source)
    kind = (_value(reader, "general.architecture"), _value(reader, "tokenizer.ggml.pre"))
    if kind != ("llama", "smollm"):
        raise ValueError(f"{source.name} holds architecture and tokenizer {kind}, not ('llama', 'smollm')")
    _write_weights(reader, folder)
    _write_config(reader, folder)
    _write_tokenizer(reader, folder)


def _value(reader: GGUFReader, key: str) -> Any:
    field = reader.get_field(key)
    if field is None:
        raise ValueError(f"the GGUF file has no {key}")
    return field.contents()


def _write_weights(reader: GGUFReader, folder: Path) -> None:
    import torch
    from gguf.quants import dequantize
    from safetensors.torch import save_file

    heads = {"attn_q": "llama.attention.head_count", "attn_k": "llama.attention.head_count_kv"}
    state = {}
    for tensor in reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type)
        module = tensor.name.removesuffix(".weight").rpartition(".")[2]
        if module in heads:
            weight = _halves_together(weight, _value(reader, heads[module]))
        state[_parameter_name(tensor.name)] = torch.from_numpy(weight.copy()).to(torch.bfloat16).contiguous()
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def _parameter_name(name: str) -> str:
    module = name.removesuffix(".weight")
    if module in TOP_MODULES:
        return f"{TOP_MODULES[module]}.weight"
    _, layer, part = module.split(".")
    return f"model.layers.{layer}.{MODULES[part]}.weight"


def _halves_together(weight: np.ndarray[Any, np.dtype[Any]], heads: int) -> np.ndarray[Any, np.dtype[Any]]:
    """Undo llama.cpp's interleaving of each head's rotary pairs; transformers stores the two halves separately."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _write_config(reader: GGUFReader, folder: Path) -> None:
    special = {f"{name}_token_id": _value(reader, f"tokenizer.ggml.{key}_token_id") for name, key in _SPECIAL.items()}
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "hidden_act": "silu",
        "hidden_size": _value(reader, "llama.embedding_length"),
        "intermediate_size": _value(reader, "llama.feed_forward_length"),
        "max_position_embeddings": _value(reader, "llama.context_length"),
        "num_attention_heads": _value(reader, "llama.attention.head_count"),
        "num_hidden_layers": _value(reader, "llama.block_count"),
        "num_key_value_heads": _value(reader, "llama.attention.head_count_kv"),
        "rms_norm_eps": round(_value(reader, "llama.attention.layer_norm_rms_epsilon"), 12),
        "rope_theta": _value(reader, "llama.rope.freq_base"),
        "rope_parameters": {"rope_theta": _value(reader, "llama.rope.freq_base"), "rope_type": "default"},
        "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in reader.tensors),
        "vocab_size": len(_value(reader, "tokenizer.ggml.tokens")),
    }
    _write_json(folder / "config.json", config | special)
    _write_json(folder / "generation_config.json", special)


_SPECIAL = {"bos": "bos", "eos": "eos", "pad": "padding"}


def _write_tokenizer(reader: GGUFReader, folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens: list[str] = _value(reader, "tokenizer.ggml.tokens")
    types: list[int] = _value(reader, "tokenizer.ggml.token_type")
    merges = [tuple(merge.split(" ", 1)) for merge in _value(reader, "tokenizer.ggml.merges")]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, types, strict=True) if kind == CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    tokenizer.save(str(folder / "tokenizer.json"))

    names = {
        f"{name}_token": tokens[_value(reader, f"tokenizer.ggml.{key}_token_id")] for name, key in _SPECIAL.items()
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": _value(reader, "llama.context_length"),
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
        "unk_token": tokens[_value(reader, "tokenizer.ggml.unknown_token_id")],
        **names,
    }
    _write_json(folder / "tokenizer_config.json", settings)
    (folder / "chat_template.jinja").write_text(_value(reader, "tokenizer.chat_template"), encoding="utf-8")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
