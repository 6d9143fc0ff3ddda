"""Loads models for the reference by their config."""

from __future__ import annotations

from typing import Any

from ctxpipe.extras import require
from ctxpipe.models.causal import load_causal_lm, load_tokenizer, torch_device, torch_dtype
from ctxpipe.models.hub import loading
from ctxpipe.models.resolve import resolve


def require_package() -> None:
    """Raise an error with the ``pip install`` command if the package is missing.

    Raises:
        MissingExtraError: if it is missing.
    """
    require("llmlingua", "the llmlingua package", "llmlingua")


def load_model(
    name: str, *, classifier: bool, device: str = "auto", dtype: str = "auto", trust_remote_code: bool = False
) -> tuple[Any, Any]:
    """Load a model and its tokenizer.

    Args:
        name: An embedded model, a folder or a Hugging Face id.
        classifier: Whether it is a token classifier.
        device: ``cpu``, ``cuda``, ...; ``auto`` is the GPU if there is one.
        dtype: ``float32``, ``bfloat16`` or ``float16``; ``auto`` is float32 on a CPU and bfloat16 on a GPU.
        trust_remote_code: Let Python code that ships with the model run.

    Raises:
        ModelError: if it cannot be loaded.
        UsageError: for a device or dtype that is not available.
    """
    where = torch_device(device)
    precision = dtype if dtype != "auto" else "float32" if where.type == "cpu" else "bfloat16"
    if not classifier:
        return load_causal_lm(name, device=device, dtype=precision, trust_remote_code=trust_remote_code)
    from transformers import AutoModelForTokenClassification

    tokenizer = load_tokenizer(name, trust_remote_code=trust_remote_code)
    place = resolve(name)
    with loading(name, "model", place=place):
        model = AutoModelForTokenClassification.from_pretrained(
            place, dtype=torch_dtype(precision, where.type), trust_remote_code=trust_remote_code
        )
        return model.to(where).eval(), tokenizer
