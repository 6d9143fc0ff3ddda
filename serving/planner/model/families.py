"""Weights of the common kinds of model, computed from their configs, with the names of checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ctxpipe.serving.planner.model.fields import Fields
from ctxpipe.serving.planner.model.shape import Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The differences between kinds of model.

    Attributes:
        qkv_bias, o_bias: Biases of the attention's matrices; None to read ``attention_bias``.
        qk_norm: Norms of queries and keys: over each head, or over all of them.
        norms: Norms of a layer.
        mlp: Name of the feed-forward module.
        tied: Whether the head is the embedding, if the config does not say.
        moe: The mixture-of-experts layers; None for none.
    """

    qkv_bias: bool | None = None
    o_bias: bool | None = None
    qk_norm: Literal["none", "head", "all"] = "none"
    norms: int = 2
    mlp: str = "mlp"
    tied: bool = False
    moe: Callable[[Fields, int], Experts | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experts:
    """Experts of one layer.

    Attributes:
        count: How many.
        width: Inner width of each.
        shared: Inner width of the shared expert, which every token uses; 0 for none.
        shared_name: Its name.
        shared_gate: Whether the shared expert has a gate.
        router: Name of the router.
        router_bias: Whether it has a bias.
        bias: Whether experts have biases.
    """

    count: int
    width: int
    shared: int = 0
    shared_name: str = "shared_expert"
    shared_gate: bool = False
    router: str = "gate"
    router_bias: bool = False
    bias: bool = False


@dataclass(slots=True)
class WeightList:
    """Collects weights."""

    items: list[Weight] = field(default_factory=list)

    def matrix(self, name: str, rows: int, columns: int, layer: int | None, *, bias: bool = False, n: int = 1) -> None:
        """Add a linear layer, or ``n`` of the same size."""
        self.items.append(Weight(name=name, rows=rows, columns=columns, layer=layer, copies=n))
        if bias:
            self.vector(f"{name}.bias", rows, layer, n=n)

    def vector(self, name: str, length: int, layer: int | None, *, n: int = 1, last: bool = False) -> None:
        """Add a vector, which is never quantised."""
        self.items.append(Weight(name=name, rows=1, columns=length, layer=layer, copies=n, linear=False, last=last))

    def table(self, name: str, rows: int, columns: int, layer: int | None) -> None:
        """Add a matrix that is never quantised: an embedding or a router."""
        self.items.append(Weight(name=name, rows=rows, columns=columns, layer=layer, linear=False))


def decoder(config: Fields, traits: Traits, prefix: str = "") -> list[Weight]:
    """All weights of a language model.

    Args:
        config: Its fields.
        traits: Its kind.
        prefix: Prefix of its modules' names in a multimodal model.

    Raises:
        UsageError: for a missing field.
    """
    weights = WeightList()
    hidden = config.need("hidden_size")
    weights.table(f"{prefix}model.embed_tokens", config.need("vocab_size"), hidden, None)
    for index in range(config.need("num_hidden_layers")):
        base = f"{prefix}model.layers.{index}"
        attend = _latent if config.has("kv_lora_rank") else _attention
        attend(weights, config, traits, f"{base}.self_attn", index)
        _feed_forward(weights, config, traits, f"{base}.{traits.mlp}", index)
        weights.vector(f"{base}.norms", traits.norms * hidden, index)
    weights.vector(f"{prefix}model.norm", hidden, None, last=True)
    if not config.flag("tie_word_embeddings", traits.tied):
        head = Weight(name=f"{prefix}lm_head", rows=config.need("vocab_size"), columns=hidden, last=True)
        weights.items.append(head)
    return weights.items


def _attention(weights: WeightList, config: Fields, traits: Traits, base: str, layer: int) -> None:
    hidden, heads = config.need("hidden_size"), config.need("num_attention_heads")
    kv_heads = config.number("num_key_value_heads", heads)
    width = config.number("head_dim", hidden // heads)
    given = config.flag("attention_bias")
    qkv_bias = given if traits.qkv_bias is None else traits.qkv_bias
    o_bias = given if traits.o_bias is None else traits.o_bias
    weights.matrix(f"{base}.q_proj", heads * width, hidden, layer, bias=qkv_bias)
    weights.matrix(f"{base}.k_proj", kv_heads * width, hidden, layer, bias=qkv_bias)
    weights.matrix(f"{base}.v_proj", kv_heads * width, hidden, layer, bias=qkv_bias)
    weights.matrix(f"{base}.o_proj", hidden, heads * width, layer, bias=o_bias)
    if traits.qk_norm == "head":
        weights.vector(f"{base}.qk_norm", 2 * width, layer)
    elif traits.qk_norm == "all":
        weights.vector(f"{base}.qk_norm", (heads + kv_heads) * width, layer)
    if config.values.get("model_type") == "gpt_oss":
        weights.vector(f"{base}.sinks", heads, layer)


def _latent(weights: WeightList, config: Fields, traits: Traits, base: str, layer: int) -> None:
    """Multi-head latent attention (DeepSeek-AI, 2024, arXiv:2405.04434, section 2.1)."""
    hidden, heads = config.need("hidden_size"), config.need("num_attention_heads")
    rank, rope = config.need("kv_lora_rank"), config.need("qk_rope_head_dim")
    plain, value = config.need("qk_nope_head_dim"), config.need("v_head_dim")
    bias = config.flag("attention_bias")
    if config.has("q_lora_rank"):
        inner = config.need("q_lora_rank")
        weights.matrix(f"{base}.q_a_proj", inner, hidden, layer, bias=bias)
        weights.vector(f"{base}.q_a_layernorm", inner, layer)
        weights.matrix(f"{base}.q_b_proj", heads * (plain + rope), inner, layer)
    else:
        weights.matrix(f"{base}.q_proj", heads * (plain + rope), hidden, layer)
    weights.matrix(f"{base}.kv_a_proj_with_mqa", rank + rope, hidden, layer, bias=bias)
    weights.vector(f"{base}.kv_a_layernorm", rank, layer)
    weights.matrix(f"{base}.kv_b_proj", heads * (plain + value), rank, layer)
    weights.matrix(f"{base}.o_proj", hidden, heads * value, layer, bias=bias)


def _feed_forward(weights: WeightList, config: Fields, traits: Traits, base: str, layer: int) -> None:
    hidden = config.need("hidden_size")
    experts = traits.moe(config, layer) if traits.moe else None
    if experts is None:
        width = config.need("intermediate_size_mlp", "intermediate_size")
        _gated(weights, base, hidden, width, layer, bias=config.flag("mlp_bias"))
        return
    weights.table(f"{base}.{experts.router}", experts.count, hidden, layer)
    if experts.router_bias:
        weights.vector(f"{base}.{experts.router}.bias", experts.count, layer)
    _gated(weights, f"{base}.experts.0", hidden, experts.width, layer, bias=experts.bias, n=experts.count)
    if experts.shared:
        _gated(weights, f"{base}.{experts.shared_name}", hidden, experts.shared, layer)
    if experts.shared_gate:
        weights.table(f"{base}.{experts.shared_name}_gate", 1, hidden, layer)


def _gated(
    weights: WeightList, base: str, hidden: int, width: int, layer: int, *, bias: bool = False, n: int = 1
) -> None:
    """Gate, up and down matrices (Shazeer 2020, arXiv:2002.05202)."""
    weights.matrix(f"{base}.gate_proj", width, hidden, layer, bias=bias, n=n)
    weights.matrix(f"{base}.up_proj", width, hidden, layer, bias=bias, n=n)
    weights.matrix(f"{base}.down_proj", hidden, width, layer, bias=bias, n=n)
