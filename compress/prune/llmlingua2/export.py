"""Exports a token classifier to ONNX in the cache, in float32 or with 8-bit weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxpipe.extras import require
from ctxpipe.models.cache import cache_root
from ctxpipe.models.hub import loading
from ctxpipe.models.once import made_once
from ctxpipe.models.onnx import EXPORTERS, without_traces
from ctxpipe.models.quiet import quiet

if TYPE_CHECKING:
    from ctxpipe.compress.prune.llmlingua2.classifier import Classifier, Precision

MODEL_FILE = "model.onnx"
OUTPUT = "keep"
LARGEST_FILE = 1_500_000_000
"""Bytes of weights above which they are stored beside the graph: a protobuf message is limited to 2 GiB."""
BLOCK = 128
"""Weights and activations that share one 8-bit scale."""

_FORMAT = 2
_ATTENTION = "ctxpipe_multi_head"
_GLOBAL = frozenset({"bert", "camembert", "roberta", "xlm-roberta"})
"""Model types with full attention in every layer."""
_EXTENDED = frozenset({"bert", "xlm-roberta"})
"""Model types that llmlingua supports and adds tokens to."""


def exported(classifier: Classifier, precision: Precision) -> Path:
    """The folder with a classifier's ONNX file; exported on first use, by one process at a time.

    The graph maps ``input_ids``, int64 of shape (batch, length), all of one length, to ``keep``, float32 of the same
    shape: the softmax probability of the label that means "keep".

    Raises:
        MissingExtraError: without the extra ``local``.
        ModelError: if it cannot be loaded or exported.
    """
    require("local", "exporting a classifier to ONNX", *EXPORTERS)
    name = f"{Path(classifier.place).name}-{classifier.revision}-keep{classifier.keep}-{_FORMAT}"
    target = cache_root() / "onnx" / f"{name}-{precision}"
    known = cache_root() / "onnx" / f"{name}-float32" / MODEL_FILE

    def build(folder: Path, scratch: Path) -> None:
        with quiet(output=False):
            if precision == "float32":
                _export(classifier, folder / MODEL_FILE)
            else:
                source = known if known.is_file() else scratch / MODEL_FILE
                if source != known:
                    _export(classifier, source)
                _quantise(source, folder / MODEL_FILE, classifier)
            _check_loads(folder / MODEL_FILE)

    with loading(classifier.name, "model", place=classifier.place):
        return made_once(target, ready=(target / MODEL_FILE).is_file, build=build)


def _export(classifier: Classifier, path: Path) -> None:
    import torch

    from ctxpipe.compress.prune.llmlingua2.torch_model import load_network

    class Keep(torch.nn.Module):
        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            logits = self.network(input_ids=input_ids).logits
            return torch.softmax(logits.float(), dim=-1)[..., classifier.keep]

    network = load_network(
        classifier,
        torch.float32,
        added_tokens=classifier.family in _EXTENDED,
        attention=fused_attention() if classifier.family in _GLOBAL else "eager",
    )
    batch, length = torch.export.Dim("batch", min=1), torch.export.Dim("length", min=1, max=classifier.window)
    program = torch.onnx.export(
        Keep(network).eval(),
        (torch.ones(2, 8, dtype=torch.long),),
        input_names=["input_ids"],
        output_names=[OUTPUT],
        dynamic_shapes={"input_ids": {0: batch, 1: length}},
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise ValueError("torch exported nothing")
    _save(without_traces(program.model_proto), path)


def fused_attention() -> str:
    """Attention as one fused operator of ONNX Runtime, which never holds the whole matrix of attention weights.

    Without it, these matrices pass through memory four times per layer.
    """
    import torch
    from transformers.modeling_utils import AttentionInterface

    def multi_head(
        module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, scaling: float, **_: Any
    ) -> tuple[torch.Tensor, None]:
        if mask is not None:
            raise ValueError("rows are read without a mask")
        batch, heads, length, size = query.shape
        inputs = [tensor.transpose(1, 2).reshape(batch, length, heads * size) for tensor in (query, key, value)]
        mixed = torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention",
            inputs,
            {"num_heads": heads, "scale": float(scaling)},
            dtype=query.dtype,
            shape=inputs[0].shape,
            version=1,
        )
        return mixed.reshape(batch, length, heads, size), None

    AttentionInterface.register(_ATTENTION, multi_head)
    return _ATTENTION


def _quantise(source: Path, target: Path, classifier: Classifier) -> None:
    """Quantise weights of matrix products to 8 bits, and activations when they are multiplied.

    One scale per block of a row preserves far more decisions than ONNX Runtime's ``quantize_dynamic``, which has one
    scale for all activations of a run. The last layer and the head stay in float32, because no later layer averages
    their rounding errors.
    """
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

    model = onnx.load(source)
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    # The graph is in order of computation, so the head comes after the layers.
    products = [n.name for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in shapes]
    each, rest = divmod(len(products), classifier.layers)
    config = DefaultWeightOnlyQuantConfig(block_size=BLOCK, is_symmetric=True, accuracy_level=4, bits=8)
    quantiser = MatMulNBitsQuantizer(
        model, bits=8, block_size=BLOCK, algo_config=config, nodes_to_exclude=products[-each - rest :]
    )
    quantiser.process()
    _save(quantiser.model.model, target)


def _save(model: Any, path: Path) -> None:
    import onnx

    size = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    if size <= LARGEST_FILE:
        onnx.save(model, path)
    else:
        onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data")


def _check_loads(path: Path) -> None:
    """Load it once, because a full disk can cause a damaged file without an error."""
    import numpy as np

    from ctxpipe.models.cpu import cpu_session

    cpu_session(path).run(None, {"input_ids": np.ones((1, 4), dtype=np.int64)})
