"""Models run in the type that the processor is quick in."""

from pathlib import Path

import pytest
import tiny_causal
import torch

from ctxpipe.models.causal import dtype_name, load_causal_lm, torch_dtype
from ctxpipe.models.precision import quick_dtype
from ctxpipe.serving.local.load import load_local


@pytest.mark.parametrize(
    ("has", "dtype"),
    [
        ({"avx512_f": True, "avx512_bf16": True, "amx_bf16": False}, "bfloat16"),
        ({"avx512_bf16": False, "amx_bf16": True}, "bfloat16"),
        ({"avx512_f": True, "avx512_bf16": False}, "float32"),
        ({"bf16": True, "neon": True}, "float32"),
    ],
)
def test_a_processor_is_asked(monkeypatch: pytest.MonkeyPatch, has: dict[str, bool], dtype: str) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has, raising=False)
    assert quick_dtype("cpu") == dtype
    assert quick_dtype("cuda") == "bfloat16"


def test_a_pytorch_that_cannot_say_counts_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert quick_dtype("cpu") == "float32"


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_models_are_loaded_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dtype: str) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": dtype == "bfloat16"}, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    folder = str(tiny_causal.write(tmp_path))
    assert load_causal_lm(folder)[0].dtype is getattr(torch, dtype)
    assert load_causal_lm(folder, dtype="fp16")[0].dtype is torch.float16
    assert load_local(folder)._model.dtype is getattr(torch, dtype)


def test_what_is_left_open_is_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    assert dtype_name("auto") == "auto"
    assert torch_dtype("bf16", "cpu") is torch.bfloat16
    assert torch_dtype("auto", "cpu") is torch.float32
    assert torch_dtype("auto", "cuda") is torch.bfloat16
