"""The choice of runtime and precision for a classifier."""

from __future__ import annotations

from ctxpipe.compress.prune.llmlingua2.classifier import TokenClassifier
from ctxpipe.compress.prune.llmlingua2.config import ClassifierConfig, Precision
from ctxpipe.compress.prune.llmlingua2.onnx_model import OnnxClassifier
from ctxpipe.errors import UsageError
from ctxpipe.models.causal import torch_device

_NAMES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
_ONNX: dict[str, Precision] = {"float32": "float32", "int8": "int8"}
_TORCH = ("float32", "bfloat16", "float16")


def settled(device: str, dtype: str, runtime: str) -> tuple[str, str, str]:
    """Resolve ``auto``: int8 on ONNX Runtime on a CPU, bfloat16 on torch on a GPU.

    Args:
        device: ``cpu``, ``cuda``, ``cuda:1``...; ``auto`` is the GPU if there is one.
        dtype: ``float32``, ``bfloat16``, ``float16`` or ``int8``, or their short names, or ``auto``.
        runtime: ``onnx``, ``torch``, or ``auto``: ONNX Runtime on a CPU for float32 and int8.

    Returns:
        Device, dtype and runtime.

    Raises:
        UsageError: for a value that does not exist or a combination that is not supported.
    """
    local = torch_device(device).type == "cpu"
    dtype = _NAMES.get(dtype, dtype)
    if runtime not in ("auto", "onnx", "torch"):
        raise UsageError(f"unknown runtime {runtime!r}; onnx, torch or auto")
    if dtype == "auto":
        dtype = "bfloat16" if not local else "float32" if runtime == "torch" else "int8"
    if dtype not in (*_TORCH, "int8"):
        raise UsageError(f"unknown dtype {dtype!r}; {', '.join(_TORCH)}, int8 or auto")
    if runtime == "auto":
        runtime = "onnx" if local and dtype in _ONNX else "torch"
    if runtime == "onnx" and not local:
        raise UsageError("ONNX Runtime runs classifiers only on the CPU; choose the runtime torch for a GPU")
    if runtime == "onnx" and dtype not in _ONNX:
        raise UsageError(f"ONNX Runtime runs classifiers in float32 or int8, not {dtype}")
    if runtime == "torch" and dtype not in _TORCH:
        raise UsageError("int8 is for the CPU and the runtime onnx")
    return device, dtype, runtime


def load_classifier(
    config: ClassifierConfig,
    *,
    device: str = "auto",
    dtype: str = "auto",
    runtime: str = "auto",
    added_tokens: bool = False,
) -> TokenClassifier:
    """Load a classifier's weights.

    Args:
        config: What to load.
        device, dtype, runtime: See ``settled``.
        added_tokens: With the embeddings that llmlingua adds.

    Raises:
        ModelError: if they cannot be loaded.
        UsageError: for a device, dtype or runtime that is not available.
    """
    device, dtype, runtime = settled(device, dtype, runtime)
    if runtime == "onnx":
        return OnnxClassifier.load(config, precision=_ONNX[dtype])
    from ctxpipe.compress.prune.llmlingua2.torch_model import TorchClassifier

    return TorchClassifier.load(config, device=device, dtype=dtype, added_tokens=added_tokens)
