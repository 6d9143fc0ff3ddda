from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ctxpipe.models.gguf import MODULES, convert
from ctxpipe.models.precision import quick_dtype

HEADS, KEY_HEADS, LAYERS, WIDTH, INNER = 4, 2, 2, 32, 48
TOKENS = ["<unk>", "<s>", "</s>", *"abĠ1", "ab", "Ġab"]
QWEN_TOKENS = [*TOKENS, "<|endoftext|>", "<tool>", "[PAD11]"]
KINDS = [3, 3, 3, *[1] * 6, 3, 4, 5]
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rotary pairs next to each other, as llama.cpp's converter puts them (its ``permute``)."""
    shape = heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]
    return weight.reshape(shape).swapaxes(1, 2).reshape(weight.shape)


@pytest.fixture(scope="module")
def original():
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(TOKENS),
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_HEADS,
        max_position_embeddings=64,
        rope_parameters={"rope_theta": 5000.0, "rope_type": "default"},
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).bfloat16().eval()


@pytest.fixture(scope="module")
def qwen():
    """Biases, an output matrix of its own, rotary pairs as transformers has them."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=len(QWEN_TOKENS),
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_HEADS,
        max_position_embeddings=64,
        rope_parameters={"rope_theta": 5000.0, "rope_type": "default"},
        tie_word_embeddings=False,
    )
    model = Qwen2ForCausalLM(config)
    for name, parameter in model.named_parameters():
        if name.endswith(".bias"):
            torch.nn.init.normal_(parameter)
        parameter.data = parameter.bfloat16().float()  # what the converted file can hold
    return model.eval()


def write_gguf(path: Path, model, *, pre: str = "smollm", architecture: str = "llama") -> Path:
    from gguf import GGUFWriter

    writer = GGUFWriter(path, architecture)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(5000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    tokens = TOKENS if architecture == "llama" else QWEN_TOKENS
    writer.add_token_list(tokens)
    writer.add_token_types(KINDS[: len(tokens)])
    writer.add_token_merges(["a b", "Ġ ab"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template(TEMPLATE)
    names = {theirs: ours for ours, theirs in MODULES.items()}
    for name, parameter in model.state_dict().items():
        weight = parameter.float().numpy()
        module_name, _, kind = name.rpartition(".")
        match module_name.split("."):
            case ["model", "layers", layer, *module]:
                part = names[".".join(module)]
                heads = {"attn_q": HEADS, "attn_k": KEY_HEADS}.get(part) if architecture == "llama" else None
                writer.add_tensor(f"blk.{layer}.{part}.{kind}", interleaved(weight, heads) if heads else weight)
            case ["lm_head"] if not model.config.tie_word_embeddings:
                writer.add_tensor("output.weight", weight)
            case ["model", "embed_tokens"]:
                writer.add_tensor("token_embd.weight", weight)
            case ["model", "norm"]:
                writer.add_tensor("output_norm.weight", weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def converted(original, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("gguf")
    target = folder / "model"
    target.mkdir()
    convert(write_gguf(folder / "tiny.gguf", original), target)
    return target


def test_weights_and_logits_survive_the_way_through_gguf(original, converted):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(converted).eval()
    assert model.dtype is torch.bfloat16
    for name, weight in original.state_dict().items():
        assert torch.equal(model.state_dict()[name], weight), name
    ids = torch.tensor([[3, 4, 7, 8, 5]])
    with torch.no_grad():
        assert torch.equal(model(ids).logits, original(ids).logits)


def test_head_and_embedding_stay_one_matrix(converted):
    from safetensors import safe_open
    from transformers import AutoModelForCausalLM

    with safe_open(converted / "model.safetensors", "pt") as file:
        assert "lm_head.weight" not in file.keys()  # noqa: SIM118 - safe_open is no mapping
    model = AutoModelForCausalLM.from_pretrained(converted)
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()


def test_the_tokenizer_is_the_same_with_and_without_transformers(converted):
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    text = "ab ab<s>ab 11</s>"
    plain = Tokenizer.from_file(str(converted / "tokenizer.json")).encode(text).ids
    tokenizer = AutoTokenizer.from_pretrained(converted)
    assert plain == tokenizer(text)["input_ids"] == [7, 8, 1, 7, 5, 6, 6, 2]
    assert (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.pad_token_id) == (2, 1, 2)
    assert tokenizer.chat_template == TEMPLATE


def test_generation_stops_at_the_end_token(converted):
    assert json.loads((converted / "generation_config.json").read_text())["eos_token_id"] == 2


@pytest.fixture(scope="module")
def converted_qwen(qwen, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("qwen")
    target = folder / "model"
    target.mkdir()
    convert(write_gguf(folder / "tiny.gguf", qwen, pre="qwen2", architecture="qwen2"), target)
    return target


def test_weights_and_logits_of_qwen2_survive_the_way_through_gguf(qwen, converted_qwen):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(converted_qwen, dtype=torch.float32).eval()
    for name, weight in qwen.state_dict().items():
        assert torch.equal(model.state_dict()[name], weight), name
    ids = torch.tensor([[3, 4, 7, 8, 5]])
    with torch.no_grad():
        assert torch.allclose(model(ids).logits, qwen(ids).logits, atol=1e-6)
    assert set(model.generation_config.eos_token_id) == {2, 9}


def test_the_tokenizer_of_qwen2_knows_its_words_and_control_tokens(converted_qwen):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(converted_qwen)
    assert tokenizer("ab ab<s>ab<|endoftext|><tool>a")["input_ids"] == [7, 8, 1, 7, 9, 10, 3]
    assert tokenizer.decode([7, 9, 10, 7], skip_special_tokens=True) == "ab<tool>ab"
    assert "[PAD11]" not in tokenizer.get_vocab()


def test_another_tokenizer_is_refused(original, tmp_path):
    with pytest.raises(ValueError, match="not \\('llama', 'smollm'\\) or"):
        convert(write_gguf(tmp_path / "other.gguf", original, pre="llama-bpe"), tmp_path)


def test_the_embedded_model_knows_its_chat_and_stops(smollm2_dir):
    import torch

    from ctxpipe.models.causal import load_causal_lm

    model, tokenizer = load_causal_lm("smollm2-135m", device="cpu")
    assert model.dtype is getattr(torch, quick_dtype("cpu"))
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    assert tokenizer.decode(prompt["input_ids"][0]).endswith("<|im_end|>\n<|im_start|>assistant\n")
    output = model.generate(**prompt, max_new_tokens=40, do_sample=False)[0]
    answer = tokenizer.decode(output[prompt["input_ids"].shape[1] :])
    assert "Paris" in answer
    assert answer.endswith("<|im_end|>")
