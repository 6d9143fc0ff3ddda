"""Run by vLLM's own interpreter: the longest context that its KV cache code finds for some models.

Models are built by vLLM on torch's meta device, so their layers say themselves what they keep. Jobs come as JSON on
standard input, lengths go as JSON to the last line of standard output.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from functools import cache
from typing import Any

MODEL = ("folder", "max_tokens", "block", "kv_dtype")
"""What a model is built for; memory and the split are varied without building it anew."""


def specs(config: Any) -> dict[str, Any]:
    """What each attention layer of the model keeps."""
    import torch
    from vllm.config import set_current_vllm_config
    from vllm.model_executor.model_loader.utils import initialize_model

    with set_current_vllm_config(config), torch.device("meta"):
        initialize_model(config)
    layers = config.compilation_config.static_forward_context
    asked = {n: layer.get_kv_cache_spec(config) for n, layer in layers.items() if hasattr(layer, "get_kv_cache_spec")}
    return {name: spec for name, spec in asked.items() if spec is not None}


@cache
def model(folder: str, max_tokens: int, block: int, kv_dtype: str) -> tuple[Any, Any]:
    """The engine's config, and what the layers keep."""
    from vllm.engine.arg_utils import EngineArgs

    config = EngineArgs(
        model=folder,
        skip_tokenizer_init=True,
        load_format="dummy",
        max_model_len=max_tokens,
        block_size=block,
        kv_cache_dtype=kv_dtype,
        enforce_eager=True,
        dtype="bfloat16",
    ).create_engine_config()
    config.scheduler_config.async_scheduling = True  # as on GPUs; its executor for processors has none
    config.model_config.original_max_model_len = -1
    config.cache_config.kv_cache_layout = "LBNHC"
    return config, specs(config)


def workers(every: dict[str, Any], job: dict[str, Any]) -> list[dict[str, Any]]:
    """What each pipeline stage holds, heads shared out over tensor parallelism."""
    from vllm.distributed.utils import get_pp_indices

    held = {}
    for name, spec in every.items():
        heads = 1 if spec.num_kv_heads == 1 else max(1, spec.num_kv_heads // job["tensor"])
        held[name] = dataclasses.replace(spec, num_kv_heads=heads)
    stages = [get_pp_indices(len(held), rank, job["pipeline"]) for rank in range(job["pipeline"])]
    number = re.compile(r"\.layers\.(\d+)\.")
    return [{n: s for n, s in held.items() if first <= int(number.search(n)[1]) < end} for first, end in stages]


def set_length(config: Any, found: list[dict[str, Any]], memory: list[int]) -> None:
    """Let vLLM fit the length to the memory; 0.33 moved the function, and asks for the groups of layers."""
    try:
        from vllm.v1.core import kv_cache_planning as planning
    except ImportError:
        from vllm.v1.core import kv_cache_utils as planning
    groups = getattr(planning, "get_global_kv_cache_groups", None)
    planning.get_kv_cache_configs(config, found, memory, *([] if groups is None else [groups(config, found)]))


def estimate(job: dict[str, Any]) -> int:
    """``--max-model-len auto``, as the engine works it out at its start."""
    config, every = model(*(job[key] for key in MODEL))
    config.scheduler_config.max_num_batched_tokens = job["in_flight"] // 2  # two steps are, without a pipeline
    if config.max_in_flight_tokens != job["in_flight"]:
        raise ValueError(f"{config.max_in_flight_tokens} tokens are in flight")
    config.scheduler_config.disable_hybrid_kv_cache_manager = not job["hybrid"]
    found = workers(every, job)
    config.model_config.max_model_len = job["max_tokens"]
    set_length(config, found, [job["memory"]] * len(found))
    return int(config.model_config.max_model_len)


def main() -> None:
    import tempfile

    from vllm.config import VllmConfig, set_current_vllm_config
    from vllm.distributed import ensure_model_parallel_initialized, init_distributed_environment

    with tempfile.NamedTemporaryFile() as meeting, set_current_vllm_config(VllmConfig()):
        init_distributed_environment(1, 0, f"file://{meeting.name}", 0, backend="gloo")
        ensure_model_parallel_initialized(1, 1)
        sys.stdout.write(json.dumps([estimate(job) for job in json.load(sys.stdin)]) + "\n")


if __name__ == "__main__":
    main()
