"""An encoder as ONNX: float32, and int8 weights for embedding on CPUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ctxpipe.models.quiet import quiet

FLOAT_FILE = "model.onnx"
INT8_FILE = "model_int8.onnx"
OUTPUT = "pooled"
EXPORTERS = ("torch", "transformers", "onnx", "onnxscript")
"""What an export imports."""

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
        OSError: when the model cannot be read or the files not be written.
        ValueError: when transformers does not know the architecture.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, small = folder / FLOAT_FILE, folder / INT8_FILE
    with quiet(output=False):
        _export(source, plain, pooling)
        # One scale per output channel: cosine to float32 is 0.993 on average, 0.952 with one scale per matrix.
        quantize_dynamic(plain, small, per_channel=True, weight_type=QuantType.QInt8)
    _check_loads(small)


def _check_loads(path: Path) -> None:
    """Run once: a writer that met a full disk may have said nothing."""
    import numpy as np
    import onnxruntime

    ids = np.ones((1, 4), dtype=np.int64)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    session.run(None, {"input_ids": ids, "attention_mask": ids})


def _export(source: Path | str, path: Path, pooling: Pooling) -> None:
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
    onnx.save(without_traces(program.model_proto), path)


def without_traces(model: Any) -> Any:
    """Drop the exporter's stack traces, so that the file is the same wherever it was made."""
    for item in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        item.ClearField("metadata_props")
        item.ClearField("doc_string")
    return model
