"""How vLLM is told to use GPUs."""

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
"""Types of the KV cache as ``vllm serve --kv-cache-dtype`` takes them; ``auto`` is the model's own."""
_ALIASES = {"bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How vLLM is told to use memory.

    Attributes:
        kv_dtype: Type of the KV cache: ``auto``, ``bfloat16``, ``float16`` or ``fp8``.
        hybrid: Whether layers with a window or chunk keep no more than that.
        utilisation: Share of a GPU's memory that is used.
        overhead_gib: GiB of each GPU that are neither weights nor cache: activations, CUDA graphs, libraries. The
            default is an assumption.
        block_size: Tokens of a cache block; None for vLLM's choice.
        batched_tokens: Most tokens of a step; None for vLLM's choice for the GPU.
        async_scheduling: Whether the next step is scheduled while one runs, which keeps one more in flight.
        kv_cache_bytes: Memory for the cache on each GPU, as ``--kv-cache-memory-bytes`` sets it; None for the rest.
        batch: Requests at once, each of the longest context.

    Raises:
        UnknownNameError: for a type that is not known.
        UsageError: for a value that makes no sense.
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
            raise UsageError(f"a utilisation of {self.utilisation:g} makes no sense; it is above 0 and at most 1")
        if not (math.isfinite(self.overhead_gib) and 0 <= self.overhead_gib < 1 << 20):
            raise UsageError(f"an overhead of {self.overhead_gib:g} GiB makes no sense")
        for what, value in (
            ("block size", self.block_size),
            ("number of batched tokens", self.batched_tokens),
            ("cache", self.kv_cache_bytes),
            ("batch", self.batch),
        ):
            if value is not None and value < 1:
                raise UsageError(f"a {what} of {value} makes no sense; it must be at least 1")
        if self.kv_dtype not in KV_BYTES:
            raise UnknownNameError("type of the KV cache", self.kv_dtype, KV_BYTES)

    def element_bytes(self, dtype_bytes: int) -> int:
        """Bytes of a number in the cache."""
        return KV_BYTES[self.kv_dtype] or max(2, dtype_bytes)

    @property
    def overhead(self) -> int:
        """Bytes of it."""
        return round(self.overhead_gib * GIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallelism:
    """How a model is split over GPUs. What is None is chosen.

    Attributes:
        tensor: GPUs that share every matrix.
        pipeline: Stages that the layers are dealt out to.

    Raises:
        UsageError: for a number below 1.
    """

    tensor: int | None = None
    pipeline: int | None = None

    def __post_init__(self) -> None:
        for what, value in (("tensor", self.tensor), ("pipeline", self.pipeline)):
            if value is not None and value < 1:
                raise UsageError(f"{what} parallelism {value} makes no sense; it must be at least 1")

    @property
    def gpus(self) -> int | None:
        """How many GPUs that takes; None where neither is given."""
        return None if self == Parallelism() else (self.tensor or 1) * (self.pipeline or 1)


def kv_type(name: str) -> str:
    """The type of the cache, under the name that vLLM has for it."""
    key = name.strip().lower().replace("-", "_")
    return _ALIASES.get(key, key)
