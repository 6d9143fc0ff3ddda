"""The type that a device is quick in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctxpipe.extras import installed

_MULTIPLY = ("avx512_bf16", "amx_bf16")


def quick_dtype(device: str) -> str:
    """``bfloat16`` where the device multiplies it, else ``float32``.

    On a processor without instructions for it PyTorch converts each number, which takes several times as long as
    float32 (docs/llmlingua.md has what was measured). Arm processors count as such, and so do all where PyTorch is
    older than 2.10 or not installed, since nothing can say then what the processor has.

    Args:
        device: Kind of device as PyTorch names it: ``cpu``, ``cuda``, ...
    """
    if device != "cpu":
        return "bfloat16"
    if not installed("torch"):
        return "float32"
    import torch

    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return "bfloat16" if any(capabilities.get(name) for name in _MULTIPLY) else "float32"
