"""Memory of Meta's scripts (llama-models) for Llama: everything allocated at once, no paging, no windows."""

from __future__ import annotations

from ctxpipe.errors import UsageError
from ctxpipe.serving.planner.memory.gpus import GPUS, Gpu
from ctxpipe.serving.planner.model.shape import ModelShape
from ctxpipe.serving.planner.published import FIXSTARS
from ctxpipe.serving.planner.types import Assumption

USABLE = 73_900_000_000
"""Bytes of an H100 80 GB for weights and cache: the measurements bound it between 73.39 and 74.38 GB."""

_KINDS = ("llama", "llama4_text")
_CACHE_BYTES = 2
_COMPLEX_BYTES = 8


def check(shape: ModelShape, name: str) -> None:
    """Refuse models that the scripts do not run.

    Raises:
        UsageError: for a model that is not a Llama.
    """
    if shape.model_type not in _KINDS:
        raise UsageError(f"the reference profile is that of Meta's scripts for Llama; {name} is {shape.model_type}")


def usable(gpu: Gpu) -> int:
    """Bytes for weights and cache: all but the part that was lost on an H100."""
    return USABLE - GPUS["h100-80gb"].memory + gpu.memory


def rotary_bytes(shape: ModelShape) -> int:
    """Bytes per token of the table of rotary positions, on every GPU.

    The scripts make one complex64 number per pair of a head's dimensions, for twice the context.
    """
    return 2 * (shape.layers[0].k_dim // 2) * _COMPLEX_BYTES


def longest(shape: ModelShape, weights: float, gpus: int, memory: int, batch: int) -> int:
    """Longest context: ``weights / g + N * (kv / g + rotary) <= memory``.

    Args:
        shape: The model.
        weights: Bytes of all weights.
        gpus: Tensor parallelism; every GPU holds an equal part.
        memory: Usable bytes of each GPU.
        batch: Requests at once.
    """
    room = memory - weights / gpus
    each = batch * bytes_per_token(shape, gpus) + rotary_bytes(shape)
    return max(0, min(shape.max_tokens, int(room // each)))


def bytes_per_token(shape: ModelShape, gpus: int = 1) -> int:
    """KV bytes of a token on one GPU: bfloat16, in every layer, whatever its attention."""
    return sum(layer.elements(gpus) for layer in shape.layers) * _CACHE_BYTES


def assumptions(shape: ModelShape, gpu: Gpu) -> list[Assumption]:
    """The constants of this profile."""
    return [
        Assumption(
            name="memory that may be used",
            value=f"{usable(gpu) / 1e9:.2f} GB of each {gpu.name}",
            source=f"73.9 GB of an H100 80 GB, between the 73.39 and 74.38 GB that measurements allow ({FIXSTARS}); "
            "on other GPUs as much is lost",
        ),
        Assumption(
            name="KV cache",
            value="bfloat16 in every layer",
            source="llama-models: allocated whole, no chunked layers saved",
        ),
        Assumption(
            name="rotary table",
            value=f"{rotary_bytes(shape):,} bytes per token on each GPU",
            source="llama-models: complex64 for twice the context",
        ),
    ]
