"""GPUs by name, and their memory as CUDA reports it, which is less than the nominal size."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.serving.planner.types import GIB

_SIZE = re.compile(r"(?:(?P<name>[\w.-]+)=)?(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>gib|gb|g)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU.

    Attributes:
        name: The name it is asked for by.
        memory: Bytes available to a process, as ``torch.cuda.mem_get_info`` and out-of-memory messages report them.
        batched_tokens: Default of ``vllm serve`` on it for the most tokens of a step.
        source: Where the memory comes from.
    """

    name: str
    memory: int
    batched_tokens: int
    source: str

    @property
    def gib(self) -> float:
        """Memory in GiB."""
        return self.memory / GIB


_REPORTED = "total capacity that torch reports in out-of-memory messages"
_BY_GIB = {
    "h100-80gb": 79.1,
    "h200": 139.8,
    "a100-40gb": 39.39,
    "a100-80gb": 79.15,
    "l40s": 44.4,
    "b200": 178.35,
    "rtx-4090": 23.64,
}
_ALIASES = {"h100": "h100-80gb", "a100": "a100-80gb", "h200-141gb": "h200", "rtx4090": "rtx-4090", "4090": "rtx-4090"}


def _batched_tokens(name: str, gib: float) -> int:
    """Default of ``vllm serve`` 0.32: 16,384 from 160 GiB, 8,192 from 70 GiB except A100, else 2,048."""
    if gib >= 160:
        return 16_384
    return 8_192 if gib >= 70 and "a100" not in name else 2_048


GPUS: dict[str, Gpu] = {
    name: Gpu(
        name=name, memory=int(gib * GIB), batched_tokens=_batched_tokens(name, gib), source=f"{_REPORTED}: {gib:g} GiB"
    )
    for name, gib in _BY_GIB.items()
}
"""Built-in GPUs."""


def gpu(name: str) -> Gpu:
    """Return a GPU by name or by size: ``48GiB``, ``24GB``, ``my-card=46.5GiB``.

    Raises:
        UnknownNameError: for an unknown name, with the nearest ones.
        UsageError: for an invalid size.
    """
    key = name.strip().lower().replace("_", "-").replace(" ", "-")
    key = _ALIASES.get(key, key)
    if key in GPUS:
        return GPUS[key]
    match = _SIZE.fullmatch(name.strip())
    if match is None or (match["unit"] is None and match["name"] is None):
        raise UnknownNameError("GPU", name, GPUS)
    scale = 10**9 if (match["unit"] or "").lower() == "gb" else GIB
    memory = float(match["value"]) * scale
    if not math.isfinite(memory) or memory < GIB / 16 or memory > 1 << 50:
        raise UsageError(f"a GPU cannot have {name}; write its memory like 48GiB")
    label = match["name"] or name.strip()
    return Gpu(
        name=label,
        memory=int(memory),
        batched_tokens=_batched_tokens(label.lower(), memory / GIB),
        source=f"given: {memory / GIB:g} GiB",
    )
