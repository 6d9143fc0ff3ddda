"""Loads causal language models with transformers."""

from __future__ import annotations

from typing import Any

from ctxpipe.errors import ModelError, UsageError
from ctxpipe.extras import require
from ctxpipe.models.hub import loading
from ctxpipe.models.precision import quick_dtype
from ctxpipe.models.resolve import resolve

_DTYPES = {"auto": "auto", "bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
_HEADS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")


def load_causal_lm(
    name: str,
    *,
    label: str | None = None,
    tokenizer: str | None = None,
    device: str = "auto",
    dtype: str = "auto",
    trust_remote_code: bool = False,
) -> tuple[Any, Any]:
    """Load a model from safetensors, in evaluation mode, and its tokenizer.

    Args:
        name: An embedded model, a folder or a Hugging Face id.
        label: The model's name in errors; ``name`` by default.
        tokenizer: The model of the tokenizer; ``name`` by default.
        device: ``cpu``, ``cuda``, ``cuda:1``...; ``auto`` is the GPU if there is one.
        dtype: ``bfloat16``, ``float16`` or ``float32``; ``auto`` is the fastest on the device.
        trust_remote_code: Let Python code that ships with the model run.

    Returns:
        The transformers model and tokenizer.

    Raises:
        MissingExtraError: without the extra ``local``.
        ModelError: if it cannot be found, fetched or loaded, or is not a causal language model.
        UsageError: for a device or dtype that is not available.
    """
    require("local", f"running {name} on this machine", "torch", "transformers")
    place = resolve(name)
    from transformers import AutoConfig, AutoModelForCausalLM

    where = torch_device(device)
    precision = torch_dtype(dtype, where.type)
    words = load_tokenizer(tokenizer or name, trust_remote_code=trust_remote_code)
    with loading(label or name, "model", place=place):
        config = AutoConfig.from_pretrained(place, trust_remote_code=trust_remote_code)
        if not trust_remote_code:  # such code can name its classes in any way
            _check_head(label or name, config)
        model = AutoModelForCausalLM.from_pretrained(
            place, config=config, dtype=precision, use_safetensors=True, trust_remote_code=trust_remote_code
        )
        return model.to(where).eval(), words


def load_tokenizer(name: str, *, trust_remote_code: bool = False) -> Any:
    """The transformers tokenizer of a model, without its weights.

    Raises:
        MissingExtraError: without the extra ``local``.
        ModelError: if it cannot be found, fetched or loaded.
    """
    require("local", f"the tokenizer of {name}", "transformers")
    place = resolve(name)
    from transformers import AutoTokenizer

    with loading(name, "tokenizer", place=place):
        return AutoTokenizer.from_pretrained(place, trust_remote_code=trust_remote_code)


def _check_head(name: str, config: Any) -> None:
    heads = config.architectures or []
    if heads and not any(head.endswith(_HEADS) for head in heads):
        raise ModelError(f"{name} is not a causal language model but a {heads[0]}")


def torch_device(device: str) -> Any:
    """The ``torch.device`` of a name; ``auto`` is the GPU if there is one.

    Raises:
        MissingExtraError: without the extra ``local``.
        UsageError: if it is not available.
    """
    require("local", "running a model on this machine", "torch")
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError as exc:
        raise UsageError(f"unknown device {device!r}; cpu, cuda, cuda:0, ... or auto") from exc
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"the device {device} is not available; CUDA devices: {torch.cuda.device_count()}")
    return place


def torch_dtype(dtype: str, device: str) -> Any:
    """The ``torch.dtype`` of a name; ``auto`` is the fastest on the type of device.

    Raises:
        UsageError: for any other than the three supported ones.
    """
    import torch

    name = dtype_name(dtype)
    return getattr(torch, quick_dtype(device) if name == "auto" else name)


def dtype_name(dtype: str) -> str:
    """The full name of a dtype; ``auto`` is unchanged, so that PyTorch need not be imported.

    Raises:
        UsageError: for any other than the three supported ones and ``auto``.
    """
    name = _DTYPES.get(dtype, dtype)
    if name not in _DTYPES.values():
        raise UsageError(f"unknown dtype {dtype!r}; bfloat16, float16, float32 or auto")
    return name
