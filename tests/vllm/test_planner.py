"""What the planner computes against what vLLM itself finds."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
import vllm_estimate
from planner_support import TINY_LLAMA4, write_config
from vllm_support import Served

from ctxpipe.serving import Memory, Parallelism, plan
from ctxpipe.serving.launcher.environment import Environment
from ctxpipe.serving.planner.presets import PRESETS

CACHES = ("auto", "fp8")
GIB = 1 << 30
STEP = 8192

MODELS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "scout": ("Llama4ForCausalLM", {"rope_parameters": {"rope_type": "default", "rope_theta": 500_000.0}}),
    "llama-3.1-8b": ("LlamaForCausalLM", {}),
    "mistral-7b": ("MistralForCausalLM", {}),
    "gemma-3-27b": ("Gemma3ForCausalLM", {"query_pre_attn_scalar": 168}),
    "gpt-oss-20b": ("GptOssForCausalLM", {"layer_types": ["sliding_attention", "full_attention"] * 12}),
    "qwen2.5-7b-1m": ("Qwen2ForCausalLM", {}),
    "deepseek-v3": (
        "DeepseekV3ForCausalLM",
        {"num_experts_per_tok": 8, "n_group": 8, "topk_group": 4, "topk_method": "noaux_tc", "scoring_func": "sigmoid"},
    ),
}


def config_of(name: str) -> dict[str, Any]:
    """A preset's text model, unquantised, as its own config.json would have it."""
    architecture, more = MODELS[name]
    whole = PRESETS[name].config
    text = {key: value for key, value in whole.get("text_config", whole).items() if key != "quantization_config"}
    return {**text, "architectures": [architecture], **more}


def job(
    name: str, gib: float, *, kv_dtype: str = "auto", hybrid: bool = True, tp: int = 1, pp: int = 1, block: int = 16
) -> dict[str, Any]:
    return {
        "model": name,
        "memory": int(gib * GIB),
        "kv_dtype": kv_dtype,
        "hybrid": hybrid,
        "tensor": tp,
        "pipeline": pp,
        "block": block,
        "in_flight": (pp + 1) * STEP,
    }


def planned(config: Path, one: dict[str, Any]) -> int:
    made = plan(
        str(config),
        parallelism=Parallelism(tensor=one["tensor"], pipeline=one["pipeline"]),
        memory=Memory(
            kv_cache_bytes=one["memory"],
            kv_dtype=one["kv_dtype"],
            hybrid=one["hybrid"],
            block_size=one["block"],
            batched_tokens=STEP,
        ),
    )
    return made.rows[0].max_context_tokens


def jobs() -> list[dict[str, Any]]:
    """Scout's sixteen cells, a pipeline, and six other kinds of model, with memory that not all of them fill."""
    room = {1: 8.352, 2: 38.562, 4: 53.667, 8: 61.2195}
    found = [
        job("scout", gib, kv_dtype=kv_dtype, hybrid=hybrid, tp=tp)
        for tp, gib in room.items()
        for kv_dtype in CACHES
        for hybrid in (True, False)
    ]
    found += [job("scout", 20.0, hybrid=hybrid, pp=pp) for hybrid in (True, False) for pp in (2, 5)]
    # vLLM for processors has windows in blocks of 32 and more, and latent attention in blocks of 16 alone.
    for name in MODELS:
        if name not in ("scout", "deepseek-v3"):
            found += [job(name, gib, hybrid=h, block=32) for gib in (0.7, 4.3, 90.0) for h in (True, False)]
    found += [job("gemma-3-27b", 0.6, hybrid=hybrid, tp=8, pp=3, block=128) for hybrid in (True, False)]
    found += [job("deepseek-v3", gib, tp=tp) for gib in (1.3, 7.7) for tp in (1, 8)]
    return found


def test_lengths_are_those_that_vllm_finds(vllm_environment: Environment, tmp_path: Path) -> None:
    asked = jobs()
    for one in asked:
        folder = tmp_path / one["model"]
        write_config(folder, config_of(one["model"]))
        one |= {"folder": str(folder), "max_tokens": config_of(one["model"])["max_position_embeddings"]}
    ours = [planned(tmp_path / one["model"], one) for one in asked]
    result = subprocess.run(
        [str(vllm_environment.python), str(Path(vllm_estimate.__file__))],
        input=json.dumps(asked),
        env=os.environ
        | {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    theirs = json.loads(result.stdout.splitlines()[-1])
    told = [{key: one[key] for key in ("model", "memory", "kv_dtype", "hybrid", "tensor", "pipeline")} for one in asked]
    assert list(zip(told, ours, strict=True)) == list(zip(told, theirs, strict=True))
    assert len({length for one, length in zip(asked, theirs, strict=True) if one["model"] == "scout"}) > 12


@pytest.mark.parametrize(("hybrid", "length"), [(True, 252_800), (False, 65_408)])
def test_a_tiny_llama4_gets_the_context_that_was_planned(
    start_vllm: Callable[..., AbstractContextManager[Served]],
    smollm2_dir: Path,
    tmp_path: Path,
    hybrid: bool,
    length: int,
) -> None:
    write_config(tmp_path, TINY_LLAMA4)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((smollm2_dir / name).read_bytes())
    given = {"kv_cache_bytes": 256 << 20, "block_size": 128, "batched_tokens": 2048, "async_scheduling": False}
    made = plan(str(tmp_path), gpus=1, memory=Memory(hybrid=hybrid, **given))
    assert made.rows[0].max_context_tokens == length
    options = ["--max-model-len", "auto", "--kv-cache-memory-bytes", "256M", "--load-format", "dummy"]
    options += ["--max-num-batched-tokens", "2048", "--dtype", "bfloat16"]
    if not hybrid:
        options.append("--disable-hybrid-kv-cache-manager")
    with start_vllm(tmp_path, *options) as served:
        with build_opener(ProxyHandler({})).open(f"{served.url}/v1/models", timeout=30) as answer:
            (model,) = json.load(answer)["data"]
        assert model["max_model_len"] == length
