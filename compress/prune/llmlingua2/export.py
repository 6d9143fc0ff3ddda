"""Exports a token classifier to ONNX in the cache, in float32 or with 8-bit weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxpipe.models.cache import cache_root
from ctxpipe.models.hub import loading
from ctxpipe.models.once import made_once
from ctxpipe.models.onnx import check_loads, to_onnx
from ctxpipe.models.quiet import quiet

if TYPE_CHECKING:
    from ctxpipe.compress.prune.llmlingua2.config import ClassifierConfig, Precision

MODEL_FILE = "model.onnx"
INPUT, OUTPUT = "input_ids", "keep"
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


def exported(config: ClassifierConfig, precision: Precision) -> Path:
    """The folder with a classifier's ONNX file; made on its first use, by one process at a time.

    The graph maps ``input_ids``, int64 of shape (batch, length), all of one length, to ``keep``, float32 of the same
    shape: the softmax probability of the label that means "keep".

    Raises:
        MissingExtraError: without the extra ``local``.
        ModelError: if it cannot be loaded or exported.
    """
    name = f"{Path(config.place).name}-{config.revision}-keep{config.keep}-{_FORMAT}"
    target = cache_root() / "onnx" / f"{name}-{precision}"
    known = cache_root() / "onnx" / f"{name}-float32" / MODEL_FILE

    def build(folder: Path, scratch: Path) -> None:
        with quiet(output=False):
            if precision == "float32":
                _export(config, folder / MODEL_FILE)
            else:
                source = known if known.is_file() else scratch / MODEL_FILE
                if source != known:
                    _export(config, source)
                _quantise(source, folder / MODEL_FILE, config)
            check_loads(folder / MODEL_FILE, [INPUT])

    with loading(config.name, "model", place=config.place):
        return made_once(target, ready=(target / MODEL_FILE).is_file, build=build)


def _export(config: ClassifierConfig, path: Path) -> None:
    import torch

    from ctxpipe.compress.prune.llmlingua2.torch_model import load_network

    class KeepProbability(torch.nn.Module):
        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            logits = self.network(input_ids=input_ids).logits
            return torch.softmax(logits.float(), dim=-1)[..., config.keep]

    network = load_network(
        config,
        torch.float32,
        added_tokens=config.family in _EXTENDED,
        attention=fused_attention() if config.family in _GLOBAL else "eager",
    )
    _save(to_onnx(KeepProbability(network), [INPUT], [OUTPUT], longest=config.window), path)


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


def _quantise(source: Path, target: Path, config: ClassifierConfig) -> None:
    """Weights of the matrix products in 8 bits, activations when they are multiplied.

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
    each, rest = divmod(len(products), config.layers)
    scheme = DefaultWeightOnlyQuantConfig(block_size=BLOCK, is_symmetric=True, accuracy_level=4, bits=8)
    quantiser = MatMulNBitsQuantizer(
        model, bits=8, block_size=BLOCK, algo_config=scheme, nodes_to_exclude=products[-each - rest :]
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
