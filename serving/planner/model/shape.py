"""A model's shape, as far as it decides memory: weights, and what each layer caches per token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["full", "window", "chunk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one decoder layer caches per token.

    Attributes:
        kind: ``"full"`` caches every token; ``"window"`` the last ``span``; ``"chunk"`` those of the current chunk of
            ``span`` tokens.
        span: Tokens of window or chunk; 0 for full attention.
        kv_heads: Key and value heads.
        k_dim, v_dim: Width of a head's key and value.
        latent: Width of the compressed vector that multi-head latent attention caches instead; 0 without.
    """

    kind: Kind = "full"
    span: int = 0
    kv_heads: int
    k_dim: int
    v_dim: int
    latent: int = 0

    def elements(self, tensor_parallel: int = 1) -> int:
        """Numbers cached per token on one GPU.

        Heads are split over the GPUs; with more GPUs than heads, each GPU stores one, so heads are stored several
        times. The vector of latent attention has no heads and is stored on every GPU.
        """
        if self.latent:
            return self.latent
        return max(1, self.kv_heads // tensor_parallel) * (self.k_dim + self.v_dim)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One weight, or several of the same size.

    Attributes:
        name: The module's name in checkpoints, without ``.weight``; for experts, that of the first.
        rows, columns: Shape; a vector has one row.
        copies: How many there are.
        layer: Its decoder layer; None for weights before or after all layers.
        linear: Whether it is a linear layer's matrix, which can be quantised.
        last: Whether it comes after the last layer, so on the last pipeline stage.
    """

    name: str
    rows: int
    columns: int
    copies: int = 1
    layer: int | None = None
    linear: bool = True
    last: bool = False

    @property
    def elements(self) -> int:
        """Parameters."""
        return self.rows * self.columns * self.copies


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """A model's shape.

    Attributes:
        model_type: As the config has it.
        weights: All weights.
        layers: What each decoder layer caches.
        heads: Query heads.
        max_tokens: Longest context that the model supports.
        dtype_bytes: Bytes of a weight that is not quantised.
        dtype: Its name.
        counted: How parameters were counted: ``"shapes"`` or ``"transformers"``.
    """

    model_type: str
    weights: tuple[Weight, ...]
    layers: tuple[Layer, ...]
    heads: int
    max_tokens: int
    dtype_bytes: int
    dtype: str
    counted: Literal["shapes", "transformers"] = "shapes"

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(weight.elements for weight in self.weights)

    @property
    def kv_heads(self) -> int:
        """Key and value heads of the layer with most."""
        return max(layer.kv_heads for layer in self.layers)
