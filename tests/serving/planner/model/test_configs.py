"""Configs as they are found: kinds of layers, where a config comes from, and what is wrong with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from planner_support import TINY_LLAMA4, write_config

from ctxpipe.errors import CtxpipeError, ModelError, UnknownNameError, UsageError
from ctxpipe.serving import Memory, Parallelism, plan
from ctxpipe.serving.planner.memory.gpus import GPUS, gpu
from ctxpipe.serving.planner.model.attention import layers
from ctxpipe.serving.planner.model.fields import Fields
from ctxpipe.serving.planner.model.read import read_shape
from ctxpipe.serving.planner.presets import PRESETS

BASE: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "vocab_size": 320,
    "max_position_embeddings": 4096,
}
GIB = 1 << 30


def kinds(kind: str = "llama", **more: Any) -> str:
    """One letter per layer."""
    found = layers(Fields(name="m", values={**BASE, **more}), kind)
    return "".join(layer.kind[0] for layer in found)


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("llama", {}, "ffffff"),
        ("mistral", {"sliding_window": 64}, "wwwwww"),
        ("mistral", {"sliding_window": None}, "ffffff"),
        ("qwen2", {"sliding_window": 64, "max_window_layers": 4}, "ffffff"),
        ("qwen2", {"sliding_window": 64, "max_window_layers": 4, "use_sliding_window": True}, "ffffww"),
        ("gemma2", {"sliding_window": 64}, "wfwfwf"),
        ("gemma3_text", {"sliding_window": 64}, "wwwwwf"),
        ("gemma3_text", {"sliding_window": 64, "sliding_window_pattern": 3}, "wwfwwf"),
        ("cohere2", {"sliding_window": 64, "_sliding_window_pattern": 2}, "wfwfwf"),
        ("gpt_oss", {"sliding_window": 64}, "wfwfwf"),
        ("llama4_text", {"attention_chunk_size": 64}, "cccfcc"),
        ("llama4_text", {"attention_chunk_size": 64, "no_rope_layer_interval": 2}, "cfcfcf"),
        ("llama4_text", {"attention_chunk_size": 64, "no_rope_layers": [0, 1, 1, 0, 1, 1]}, "fccfcc"),
        ("llama4_text", {"attention_chunk_size": None}, "ffffff"),
        (
            "any",
            {"sliding_window": 9, "layer_types": ["full_attention", "sliding_attention"] * 3},
            "fwfwfw",
        ),
    ],
)
def test_kinds_of_layers(kind: str, more: dict[str, Any], expected: str) -> None:
    assert kinds(kind, **more) == expected


def test_widths_of_heads() -> None:
    (layer, *_) = layers(Fields(name="m", values=BASE), "llama")
    assert (layer.kv_heads, layer.k_dim, layer.elements(), layer.elements(2), layer.elements(8)) == (2, 16, 64, 32, 32)
    wide = {**BASE, "head_dim": 48, "num_key_value_heads": None}
    assert layers(Fields(name="m", values=wide), "llama")[0].elements() == 4 * 96
    windows = {**BASE, "sliding_window": 9, "swa_num_key_value_heads": 4, "swa_head_dim": 24, "swa_v_head_dim": 8}
    assert layers(Fields(name="m", values=windows), "mistral")[0].elements() == 4 * 32
    mixed = windows | {"sliding_window_pattern": 2, "global_head_dim": 40, "num_global_key_value_heads": 1}
    assert [one.elements() for one in layers(Fields(name="m", values=mixed), "gemma4")] == [128, 80] * 3
    one_head = {key: value for key, value in BASE.items() if key != "num_key_value_heads"} | {"multi_query": True}
    assert layers(Fields(name="m", values=one_head), "falcon")[0].elements() == 32
    several = one_head | {"new_decoder_architecture": True, "num_kv_heads": 2}
    assert layers(Fields(name="m", values=several), "falcon")[0].elements() == 64
    latent = {**BASE, "kv_lora_rank": 32, "qk_rope_head_dim": 8}
    assert layers(Fields(name="m", values=latent), "deepseek_v3")[0].elements(4) == 40


@pytest.mark.parametrize("field", [name for name in BASE if name != "num_key_value_heads"])
def test_a_field_that_is_missing_is_named(tmp_path: Path, field: str) -> None:
    folder = write_config(tmp_path, {key: value for key, value in BASE.items() if key != field})
    with pytest.raises(UsageError, match=f"the config of {folder} lacks .*{field}"):
        plan(str(folder))


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"num_hidden_layers": "6"}, "has a num_hidden_layers of '6', not a whole number above 0"),
        ({"num_hidden_layers": True}, "has a num_hidden_layers of True"),
        ({"hidden_size": 0}, "has a hidden_size of 0"),
        ({"layer_types": ["full_attention"]}, "has a layer_types that does not list its 6 layers"),
        ({"layer_types": ["linear_attention"] * 6}, "has layers of the type linear_attention"),
        ({"layer_types": ["sliding_attention"] * 6}, "lacks sliding_window"),
        ({"torch_dtype": "int7"}, "has a torch_dtype of 'int7'"),
        ({"model_type": "jamba", "mamba_d_state": 16}, "has mamba_d_state"),
        ({"model_type": "lfm2", "conv_L_cache": 3}, "has conv_L_cache"),
        ({"quantization_config": {"quant_method": "magic"}}, "is quantised by magic"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(tmp_path: Path, more: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        plan(str(write_config(tmp_path, {**BASE, **more})))


def test_folders_and_files_are_read(tmp_path: Path) -> None:
    folder = write_config(tmp_path / "m", TINY_LLAMA4)
    other = tmp_path / "other.json"
    other.write_bytes((folder / "config.json").read_bytes())
    made = [plan(str(path), gpus=1) for path in (folder, folder / "config.json", other)]
    assert {one.rows for one in made} == {made[0].rows}
    assert [one.repository for one in made] == [str(folder), str(folder), str(other)]
    other.write_text("[1]")
    with pytest.raises(UsageError, match="not a JSON object"):
        plan(str(other))
    other.write_text("{")
    with pytest.raises(UsageError, match="is not JSON"):
        plan(str(other))
    with pytest.raises(ModelError, match=r"has no config\.json"):
        plan(str(tmp_path))
    with pytest.raises(ModelError, match="no such file or folder"):
        plan("./nowhere")


def test_the_embedded_model_is_read(smollm2_dir: Path) -> None:
    assert plan(str(smollm2_dir), gpus=1).parameters == PRESETS["smollm2-135m"].config[
        "num_hidden_layers"
    ] * 3_540_096 + (49_152 * 576 + 576)


def test_a_cached_hub_model_is_read_and_another_one_fails_in_one_line(tmp_path: Path) -> None:
    """In a process of its own: the hub's library reads its environment once."""
    snapshot = tmp_path / "hub" / "models--someone--something" / "snapshots" / "abc"
    write_config(snapshot, TINY_LLAMA4)
    refs = tmp_path / "hub" / "models--someone--something" / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    code = (
        "from ctxpipe.serving import plan\n"
        "print(plan('someone/something', gpus=1).parameters)\n"
        "try: plan('someone/else')\n"
        "except Exception as exc: print(type(exc).__name__, exc)"
    )
    environ = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path / "hub")}
    result = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    parameters, line = result.stdout.splitlines()
    assert int(parameters) == read_shape("tiny", TINY_LLAMA4).parameters
    assert line.startswith("ModelError someone/else is neither a folder nor in the Hugging Face cache")
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("name", "gib", "batched"),
    [
        ("h100-80gb", 79.1, 8192),
        ("H100", 79.1, 8192),
        ("a100_80gb", 79.15, 2048),
        ("RTX 4090", 23.64, 2048),
        ("b200", 178.35, 16_384),
        ("48GiB", 48, 2048),
        ("80GB", 80e9 / GIB, 8192),
        ("mi300=191.5GiB", 191.5, 16_384),
        ("my-card=46.5", 46.5, 2048),
    ],
)
def test_gpus_by_name_and_by_size(name: str, gib: float, batched: int) -> None:
    found = gpu(name)
    assert found.gib == pytest.approx(gib, abs=1e-6)
    assert found.batched_tokens == batched


def test_every_gpu_holds_less_than_its_name_says() -> None:
    for name, card in GPUS.items():
        sizes = [int(part.removesuffix("gb")) for part in name.split("-") if part.endswith("gb")]
        assert all(card.memory <= size * GIB for size in sizes)
        assert "out-of-memory" in card.source


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"model": "scuot"}, "unknown model 'scuot'; did you mean scout"),
        ({"model": "lama-3.1-8b"}, "did you mean llama-3.1-8b"),
        ({"gpu": "h10"}, "unknown GPU 'h10'; did you mean"),
        ({"gpu": "48"}, "unknown GPU '48'"),
        ({"gpu": "0.001GiB"}, "a GPU cannot have 0.001GiB"),
        ({"profile": "vlm"}, "unknown profile 'vlm'; did you mean vllm"),
        ({"kv_dtype": "fp9"}, "unknown type of the KV cache 'fp9'; did you mean fp8"),
        ({"gpus": 0}, "0 is not a valid number of GPUs"),
        ({"gpus": [1, -2]}, "-2 is not a valid number of GPUs"),
        ({"gpus": []}, "no number of GPUs"),
        ({"parallelism": {"tensor": 0}}, "tensor parallelism must be at least 1, not 0"),
        (
            {"parallelism": {"tensor": 3}, "gpus": 3},
            "tensor parallelism 3 does not divide the 40 heads and 8 KV heads; these do: 1, 2, 4, 8",
        ),
        ({"parallelism": {"tensor": 5}}, "does not divide"),
        ({"parallelism": {"tensor": 2}, "gpus": 3}, "tensor parallelism 2 times pipeline parallelism 1 is not 3 GPUs"),
        ({"parallelism": {"pipeline": 49}}, "49 pipeline stages are more than the model's 48 layers"),
        ({"context": 10_485_761}, "a context of 10,485,761 tokens is above the 10,485,760 that scout supports"),
        ({"context": 0}, "the context must be at least 1 token, not 0"),
        ({"tokens": 0}, "the documents' tokens must be at least 1, not 0"),
        ({"reserve": -1}, "the reserve must be at least 0 tokens, not -1"),
        ({"batch": 0}, "the batch must be at least 1, not 0"),
        ({"memory": {"utilisation": 0.0}}, "the utilisation must be above 0 and at most 1, not 0"),
        ({"memory": {"utilisation": 1.2}}, "the utilisation must be above 0 and at most 1, not 1.2"),
        ({"memory": {"utilisation": float("nan")}}, "the utilisation must be above 0 and at most 1, not nan"),
        ({"memory": {"overhead_gib": -1.0}}, "the overhead must be at least 0 GiB, not -1"),
        ({"memory": {"block_size": 0}}, "the block size must be at least 1, not 0"),
        ({"profile": "reference", "kv_dtype": "fp8"}, "the reference profile fixes its memory"),
        ({"profile": "reference", "parallelism": {"pipeline": 2}}, "the reference profile fixes its memory"),
        ({"profile": "reference", "gpus": 16}, "tensor parallelism 16 does not divide"),
        ({"profile": "reference", "model": "qwen3-8b"}, "Meta's scripts for Llama; qwen3-8b is qwen3"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_one_line(options: dict[str, Any], line: str) -> None:
    kinds = {"memory": Memory, "parallelism": Parallelism}
    with pytest.raises(UsageError, match=line) as caught:
        plan(**{key: kinds[key](**value) if key in kinds else value for key, value in options.items()})
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_what_does_not_fit_says_why() -> None:
    small, wanted = plan("scout", gpu="rtx-4090", gpus=1).rows[0], plan("scout", gpus=1, context=200_000).rows[0]
    assert (small.max_context_tokens, small.fits) == (0, False)
    assert small.reason == "the weights need 42.7 GiB more than a GPU has"
    assert (wanted.fits, wanted.reason) == (False, "200,000 tokens are 91,248 too many")
    little = plan("scout", gpus=1, memory=Memory(kv_cache_bytes=1000)).rows[0]
    assert little.reason == "no KV cache fits beside the weights"
    assert plan("scout", gpus=1, context=108_752).rows[0].fits


def test_every_preset_can_be_planned() -> None:
    for name in PRESETS:
        made = plan(name, gpus=8, gpu="b200", tokens=1000)
        assert made.rows[0].max_context_tokens > 1000, name
        json.dumps(made.to_json())
        assert all(one.name and one.value and one.source for one in made.assumptions)


def test_errors_are_ours() -> None:
    assert issubclass(UnknownNameError, CtxpipeError)
