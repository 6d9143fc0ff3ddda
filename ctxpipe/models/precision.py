"""The fastest number type of a device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctxpipe.extras import installed

_MULTIPLY = ("avx512_bf16", "amx_bf16")


def quick_dtype(device: str) -> str:
    """``bfloat16`` on devices with instructions for it, else ``float32``.

    On a processor without such instructions PyTorch converts each number, which takes several times as long as float32
    (measured in docs/llmlingua.md). Arm processors count as such. So do all processors if PyTorch is older than 2.10 or
    not installed, because the instructions cannot be detected then.

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
