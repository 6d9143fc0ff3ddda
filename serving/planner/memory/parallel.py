"""How a model is split over GPUs, and which layers are on which."""

from __future__ import annotations

from dataclasses import dataclass

from ctxpipe.errors import UsageError
from ctxpipe.serving.planner.model.shape import ModelShape

NODE = 8
"""GPUs of one machine: the most that tensor parallelism takes by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A split: every matrix over ``tensor`` GPUs, the layers over ``pipeline`` stages."""

    tensor: int
    pipeline: int

    @property
    def gpus(self) -> int:
        """Number of GPUs."""
        return self.tensor * self.pipeline


def divides(shape: ModelShape, tensor: int) -> bool:
    """Whether vLLM can split a layer over this many GPUs: heads must divide evenly, or be stored several times."""
    if shape.heads % tensor:
        return False
    if any(layer.latent for layer in shape.layers):
        return True
    return all(layer.kv_heads % tensor == 0 or tensor % layer.kv_heads == 0 for layer in shape.layers)


def split(shape: ModelShape, gpus: int, tensor: int | None, pipeline: int | None) -> Split:
    """Choose the parts of a split that are not given.

    By default tensor parallelism takes as many GPUs of a machine (at most eight) as divide the heads, and pipeline
    parallelism the rest.

    Raises:
        UsageError: if their product is not ``gpus``, the heads do not divide, or there are more stages than layers.
    """
    if tensor is None and pipeline is None:
        tensor = max(n for n in range(1, min(NODE, gpus) + 1) if gpus % n == 0 and divides(shape, n))
    if tensor is None:
        tensor = gpus // (pipeline or 1)
    if pipeline is None:
        pipeline = gpus // tensor
    if tensor < 1 or pipeline < 1 or tensor * pipeline != gpus:
        raise UsageError(f"tensor parallelism {tensor} times pipeline parallelism {pipeline} is not {gpus} GPUs")
    if not divides(shape, tensor):
        usable = ", ".join(str(n) for n in range(1, 65) if divides(shape, n))
        raise UsageError(
            f"tensor parallelism {tensor} does not divide the {shape.heads} heads and {shape.kv_heads} KV heads; "
            f"these do: {usable}"
        )
    if pipeline > len(shape.layers):
        raise UsageError(f"{pipeline} pipeline stages are more than the model's {len(shape.layers)} layers")
    return Split(tensor=tensor, pipeline=pipeline)


def stages(layers: int, pipeline: int) -> list[range]:
    """Layers of each stage, as in vLLM 0.32.

    Remaining layers go to the stages before the last one, backwards, because the first and last hold embeddings.
    """
    counts = [layers // pipeline] * pipeline
    for back in range(2, layers % pipeline + 2):
        counts[-back] += 1
    starts = [sum(counts[:index]) for index in range(pipeline)]
    return [range(start, start + count) for start, count in zip(starts, counts, strict=True)]
