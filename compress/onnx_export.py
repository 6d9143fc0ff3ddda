"""Exports a BERT-like encoder to ONNX, in float32 and with int8 weights, for embedding on CPUs."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FLOAT_FILE = "model.onnx"
INT8_FILE = "model_int8.onnx"
OUTPUT = "pooled"


def export_encoder(source: Path | str, folder: Path) -> None:
    """Write ``model.onnx`` and ``model_int8.onnx`` of an encoder into ``folder``.

    Inputs are ``input_ids`` and ``attention_mask``, int64 of shape (batch, length); the output ``pooled`` is float32 of
    shape (batch, dimension): the mean of the last hidden states under the mask, scaled to unit length.

    Args:
        source: Folder or Hugging Face id of the encoder.
        folder: Existing folder that receives the two files.

    Raises:
        OSError: when the model cannot be read or the files not be written.
        ValueError: when transformers does not know the architecture.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, small = folder / FLOAT_FILE, folder / INT8_FILE
    with _quiet():
        _export(source, plain)
        # Scales per output channel cost nothing at run time and halve the error.
        quantize_dynamic(plain, small, per_channel=True, weight_type=QuantType.QInt8)


def _export(source: Path | str, path: Path) -> None:
    import torch
    from transformers import AutoModel

    class PooledEncoder(torch.nn.Module):
        def __init__(self, encoder: Any) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=-1)

    encoder = AutoModel.from_pretrained(source, dtype=torch.float32, attn_implementation="eager")
    example = torch.ones(2, 8, dtype=torch.long)
    batch, length = torch.export.Dim("batch", min=1), torch.export.Dim("length", min=1, max=512)
    program = torch.onnx.export(
        PooledEncoder(encoder).eval(),
        (example, example.clone()),
        input_names=["input_ids", "attention_mask"],
        output_names=[OUTPUT],
        dynamic_shapes={"input_ids": {0: batch, 1: length}, "attention_mask": {0: batch, 1: length}},
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise ValueError("torch exported nothing")
    program.save(path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' notes about themselves off the user's terminal."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        nowhere = io.StringIO()
        silent = contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere)
        with warnings.catch_warnings(), silent[0], silent[1]:
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
