"""vLLM's estimate of the context: weights, overhead, and the blocks that fit beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctxpipe.serving.planner.memory.gpus import Gpu
from ctxpipe.serving.planner.memory.options import BLOCK, LATENT_BLOCK, Memory
from ctxpipe.serving.planner.memory.paging import BlockPool, grouped, pages, pool
from ctxpipe.serving.planner.memory.parallel import Split, stages
from ctxpipe.serving.planner.model.quantisation import Quantisation
from ctxpipe.serving.planner.model.shape import ModelShape
from ctxpipe.serving.planner.types import Assumption

VERSION = "vLLM 0.32"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """The longest context and its memory.

    Attributes:
        weights: Bytes of weights on the GPU that holds most.
        cache: Bytes for the cache on the GPU that has least; negative if the weights do not fit.
        bytes_per_token: KV bytes of one more token over all GPUs.
        tokens: Longest context.
    """

    weights: float
    cache: int
    bytes_per_token: int
    tokens: int


def estimate(shape: ModelShape, quantisation: Quantisation, gpu: Gpu, split: Split, memory: Memory) -> MemoryEstimate:
    """The longest context of ``memory.batch`` requests at once, as ``vllm serve --max-model-len auto`` finds it.

    ``cache = ceil(total * utilisation) - weights - overhead`` on each GPU; the stage that holds least decides.

    Args:
        shape: The model.
        quantisation: Of its weights.
        gpu: The GPUs.
        split: How the model is split over them.
        memory: vLLM's memory options.
    """
    block = block_size(shape, memory)
    layer_pages = pages(shape.layers, split.tensor, block, memory.element_bytes(shape.dtype_bytes))
    groups = grouped(layer_pages, hybrid=memory.hybrid)
    flight = in_flight(memory, gpu, split)
    pools: list[BlockPool] = []
    weights: list[float] = []
    for stage in stages(len(shape.layers), split.pipeline):
        weights.append(_stage_weights(shape, quantisation, stage) / split.tensor)
        room = memory.kv_cache_bytes
        if room is None:
            room = math.ceil(gpu.memory * memory.utilisation) - math.ceil(weights[-1]) - memory.overhead
        pools.append(pool(groups, layer_pages, stage, room))
    return MemoryEstimate(
        weights=max(weights),
        cache=min(one.memory for one in pools),
        bytes_per_token=sum(one.slope for one in pools) * split.tensor,
        tokens=min(one.longest(shape.max_tokens, flight, memory.batch) for one in pools),
    )


def block_size(shape: ModelShape, memory: Memory) -> int:
    """Tokens of a block: the option, else vLLM's choice on NVIDIA GPUs."""
    latent = any(layer.latent for layer in shape.layers)
    return memory.block_size or (LATENT_BLOCK if latent else BLOCK)


def in_flight(memory: Memory, gpu: Gpu, split: Split) -> int:
    """Tokens that are scheduled and not yet finished: a full step per stage, and one more if asynchronous."""
    return (split.pipeline + int(memory.async_scheduling)) * (memory.batched_tokens or gpu.batched_tokens)


def _stage_weights(shape: ModelShape, quantisation: Quantisation, stage: range) -> float:
    first, last = stage.start == 0, stage.stop == len(shape.layers)
    held = [
        weight
        for weight in shape.weights
        if (weight.layer in stage if weight.layer is not None else last if weight.last else first)
    ]
    return quantisation.weigh(held, shape.dtype_bytes)


def assumptions(shape: ModelShape, gpu: Gpu, memory: Memory) -> list[Assumption]:
    """The constants of this profile."""
    block, tokens = block_size(shape, memory), memory.batched_tokens or gpu.batched_tokens
    cache = memory.kv_dtype if memory.kv_dtype != "auto" else shape.dtype
    assumed = [
        Assumption(name="GPU memory", value=f"{gpu.gib:.2f} GiB of each {gpu.name}", source=gpu.source),
        Assumption(
            name="utilisation",
            value=f"{memory.utilisation:g}",
            source=f"--gpu-memory-utilization; default of {VERSION}: 0.92",
        ),
        Assumption(
            name="overhead",
            value=f"{memory.overhead_gib:g} GiB on each GPU",
            source="assumed for activations, CUDA graphs and libraries; a running server reports the real value",
        ),
        Assumption(
            name="KV cache", value=cache, source="--kv-cache-dtype; one number per element, no scales beside it"
        ),
        Assumption(name="block", value=f"{block} tokens", source=f"--block-size; default of {VERSION} on NVIDIA GPUs"),
        Assumption(
            name="tokens of a step",
            value=f"{tokens:,}",
            source=f"--max-num-batched-tokens; default of {VERSION} for this memory",
        ),
        Assumption(
            name="steps in flight",
            value="one per pipeline stage" + (" and one more" if memory.async_scheduling else ""),
            source=f"asynchronous scheduling, {'on' if memory.async_scheduling else 'off'}; on by default in {VERSION}",
        ),
        Assumption(
            name="split",
            value="each stage's weights evenly over tensor parallelism",
            source="approximation: norms and routers are small and held by every GPU",
        ),
    ]
    if memory.kv_cache_bytes is not None:
        assumed = [one for one in assumed if one.name not in ("GPU memory", "utilisation", "overhead", "split")]
        assumed.insert(0, Assumption(name="cache", value=f"{memory.kv_cache_bytes:,} bytes", source="given"))
    if any(layer.kind != "full" for layer in shape.layers):
        state = "on" if memory.hybrid else "off"
        assumed.append(
            Assumption(
                name="hybrid KV cache",
                value=state,
                source="layers with a window or chunk cache only that; --disable-hybrid-kv-cache-manager turns it off",
            )
        )
    return assumed
