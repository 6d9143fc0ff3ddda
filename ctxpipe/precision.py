"""The type that a device is quick in."""

from __future__ import annotations


def quick_dtype(device: str) -> str:
    """``bfloat16`` where the device multiplies it, else ``float32``.

    A processor without AVX-512 has PyTorch convert each number by itself, and takes several times as long as in float32
    (docs/llmlingua.md has what was measured).

    Args:
        device: Kind of device as PyTorch names it: ``cpu``, ``cuda``, ...
    """
    if device != "cpu":
        return "bfloat16"
    import torch

    return "bfloat16" if torch.backends.cpu.get_cpu_capability().startswith("AVX512") else "float32"
