"""Options for vLLM's use of GPUs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.serving.planner.types import GIB

UTILISATION = 0.92
OVERHEAD_GIB = 4.0
BLOCK = 16
LATENT_BLOCK = 64
RESERVE = 1024
KV_BYTES = {"auto": 0, "bfloat16": 2, "float16": 2, "fp8": 1, "fp8_e4m3": 1, "fp8_e5m2": 1}
"""Types of the KV cache for ``vllm serve --kv-cache-dtype``; ``auto`` is the model's own."""
_ALIASES = {"bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """vLLM's memory options.

    Attributes:
        kv_dtype: Type of the KV cache: ``auto``, ``bfloat16``, ``float16`` or ``fp8``.
        hybrid: Whether layers with a window or chunk cache only that window or chunk.
        utilisation: Share of a GPU's memory that vLLM uses.
        overhead_gib: GiB of each GPU beside weights and cache: activations, CUDA graphs, libraries. The default is an
            assumption.
        block_size: Tokens of a cache block; None for vLLM's choice.
        batched_tokens: Most tokens of a step; None for vLLM's choice for the GPU.
        async_scheduling: Whether the next step is scheduled while one runs, so that one more is in flight.
        kv_cache_bytes: Memory for the cache on each GPU (``--kv-cache-memory-bytes``); None for what is left.
        batch: Requests at once, each of the longest context.

    Raises:
        UnknownNameError: for an unknown type.
        UsageError: for an invalid value.
    """

    kv_dtype: str = "auto"
    hybrid: bool = True
    utilisation: float = UTILISATION
    overhead_gib: float = OVERHEAD_GIB
    block_size: int | None = None
    batched_tokens: int | None = None
    async_scheduling: bool = True
    kv_cache_bytes: int | None = None
    batch: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "kv_dtype", kv_type(self.kv_dtype))
        if not (math.isfinite(self.utilisation) and 0 < self.utilisation <= 1):
            raise UsageError(f"the utilisation must be above 0 and at most 1, not {self.utilisation:g}")
        if not (math.isfinite(self.overhead_gib) and 0 <= self.overhead_gib < 1 << 20):
            raise UsageError(f"the overhead must be at least 0 GiB, not {self.overhead_gib:g}")
        for what, value in (
            ("block size", self.block_size),
            ("number of batched tokens", self.batched_tokens),
            ("cache", self.kv_cache_bytes),
            ("batch", self.batch),
        ):
            if value is not None and value < 1:
                raise UsageError(f"the {what} must be at least 1, not {value}")
        if self.kv_dtype not in KV_BYTES:
            raise UnknownNameError("type of the KV cache", self.kv_dtype, KV_BYTES)

    def element_bytes(self, dtype_bytes: int) -> int:
        """Bytes of a number in the cache."""
        return KV_BYTES[self.kv_dtype] or max(2, dtype_bytes)

    @property
    def overhead(self) -> int:
        """The overhead in bytes."""
        return round(self.overhead_gib * GIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallelism:
    """How a model is split over GPUs; None lets the planner choose.

    Attributes:
        tensor: GPUs that share every matrix.
        pipeline: Stages that the layers are distributed over.

    Raises:
        UsageError: for a number below 1.
    """

    tensor: int | None = None
    pipeline: int | None = None

    def __post_init__(self) -> None:
        for what, value in (("tensor", self.tensor), ("pipeline", self.pipeline)):
            if value is not None and value < 1:
                raise UsageError(f"{what} parallelism must be at least 1, not {value}")

    @property
    def gpus(self) -> int | None:
        """Number of GPUs; None if neither is given."""
        return None if self == Parallelism() else (self.tensor or 1) * (self.pipeline or 1)


def kv_type(name: str) -> str:
    """The type of the cache by its name in vLLM."""
    key = name.strip().lower().replace("-", "_")
    return _ALIASES.get(key, key)
