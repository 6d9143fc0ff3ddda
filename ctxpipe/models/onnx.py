"""Networks as ONNX, and of encoders float32 and int8 weights for embedding on CPUs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ctxpipe.models.cpu import cpu_session
from ctxpipe.models.quiet import quiet

FLOAT_FILE = "model.onnx"
INT8_FILE = "model_int8.onnx"
INPUTS, OUTPUT = ("input_ids", "attention_mask"), "pooled"
EXPORTERS = ("torch", "transformers", "onnx", "onnxscript")
"""Modules that an export imports."""

Pooling = Literal["mean", "cls"]


def export_encoder(source: Path | str, folder: Path, *, pooling: Pooling = "mean") -> None:
    """Write ``model.onnx`` and ``model_int8.onnx`` of an encoder into ``folder``.

    Inputs are ``input_ids`` and ``attention_mask``, int64 of shape (batch, length); the output ``pooled`` is float32 of
    shape (batch, dimension): the last hidden states pooled, scaled to unit length.

    Args:
        source: Folder or Hugging Face id of the encoder.
        folder: Existing folder that receives the two files.
        pooling: Mean of the last hidden states under the mask, or that of the first token.

    Raises:
        OSError: if the model cannot be read or the files cannot be written.
        ValueError: if transformers does not support the architecture.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, small = folder / FLOAT_FILE, folder / INT8_FILE
    with quiet(output=False):
        _export_pooled(source, plain, pooling)
        # One scale per output channel: cosine to float32 is 0.993 on average, 0.952 with one scale per matrix.
        quantize_dynamic(plain, small, per_channel=True, weight_type=QuantType.QInt8)
    check_loads(small, INPUTS)


def check_loads(path: Path, inputs: Sequence[str]) -> None:
    """Run a network once: a writer that met a full disk may have said nothing."""
    import numpy as np

    cpu_session(path).run(None, dict.fromkeys(inputs, np.ones((1, 4), dtype=np.int64)))


def to_onnx(
    network: Any, inputs: Sequence[str], outputs: Sequence[str], *, longest: int = 512, opset: int | None = None
) -> Any:
    """A torch module as an ONNX model for any number of rows.

    Args:
        network: Takes tensors of token ids, int64 of shape (batch, length).
        inputs, outputs: Names to give them.
        longest: Greatest length.
        opset: Version of the operators; the exporter's own choice unless given.

    Raises:
        ValueError: when torch cannot export it.
    """
    import torch

    example = torch.ones(2, 8, dtype=torch.long)
    batch, length = torch.export.Dim("batch", min=1), torch.export.Dim("length", min=1, max=longest)
    program = torch.onnx.export(
        network.eval(),
        tuple(example.clone() for _ in inputs),
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_shapes={name: {0: batch, 1: length} for name in inputs},
        opset_version=opset,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise ValueError("torch exported nothing")
    return _without_traces(program.model_proto)


def _export_pooled(source: Path | str, path: Path, pooling: Pooling) -> None:
    import onnx
    import torch
    from transformers import AutoModel

    class PooledEncoder(torch.nn.Module):
        def __init__(self, encoder: Any) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            if pooling == "cls":
                return torch.nn.functional.normalize(hidden[:, 0], dim=-1)
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=-1)

    encoder = AutoModel.from_pretrained(source, dtype=torch.float32, attn_implementation="eager")
    onnx.save(to_onnx(PooledEncoder(encoder), INPUTS, [OUTPUT]), path)


def _without_traces(model: Any) -> Any:
    """Remove the exporter's stack traces, so that the file is the same on every machine."""
    for item in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        item.ClearField("metadata_props")
        item.ClearField("doc_string")
    return model
