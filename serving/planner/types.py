"""What a plan holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ctxpipe.json_form import form_of

GIB = 1 << 30

Profile = Literal["vllm", "reference"]
PROFILES: tuple[Profile, ...] = ("vllm", "reference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A constant that a plan rests on.

    Attributes:
        name: What it is.
        value: Its value, with its unit where it has one.
        source: Where it comes from.
    """

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What some GPUs can hold.

    Attributes:
        gpus: How many.
        gpu: Which, by name.
        tensor_parallel, pipeline_parallel: How the model is split; their product is ``gpus``.
        weights_gib: Weights on the GPU that holds most of them.
        kv_gib: Memory left for the KV cache on the GPU that has least; negative where the weights do not fit.
        bytes_per_token: KV bytes that one more token takes over all GPUs, once windows and chunks are full.
        max_context_tokens: Longest context of one request, prompt and answer; 0 where there is none.
        limit: What ends it: ``"memory"``, or ``"model"`` for the longest that the model was made for.
        fits: Whether the wanted context fits, or any at all where none was named.
        reason: Why not; empty where it does.
        fits_raw: Whether the documents fit as they are; None without documents.
        rate_needed: Share of the documents' tokens that fits, 1 where all do and 0 where none; None without documents.
    """

    gpus: int
    gpu: str
    tensor_parallel: int
    pipeline_parallel: int
    weights_gib: float
    kv_gib: float
    bytes_per_token: int
    max_context_tokens: int
    limit: Literal["memory", "model"]
    fits: bool
    reason: str = ""
    fits_raw: bool | None = None
    rate_needed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What fits on which GPUs.

    Attributes:
        model: As it was named.
        repository: Hub id or folder of the checkpoint to serve.
        profile: Whose memory it is: vLLM's, or that of the scripts of llama-models.
        rows: One for each number of GPUs.
        assumptions: Every constant that went in.
        parameters: Of the model.
        weights_bytes: Bytes of all weights.
        quantisation: In words; ``"none"`` without.
        dtype: Type of weights that are not quantised, and of a cache whose type is ``auto``.
        kv_dtype: Type of the cache as ``vllm serve --kv-cache-dtype`` takes it.
        hybrid: Whether layers with a window or chunk keep no more than that.
        utilisation: Share of the memory that is used, as ``--gpu-memory-utilization`` takes it.
        language_only: Whether what sees or hears is left out.
        batch: Requests at once, each of the longest context.
        max_tokens: Longest context that the model was made for.
        context_tokens: Context that ``context_kv_bytes`` is for: the one wanted, else ``max_tokens``.
        context_kv_bytes: Keys and values of that many tokens in all layers, not rounded to blocks.
        document_tokens: Tokens of the documents; None without.
        reserve_tokens: Left for question, template and answer beside documents.
        rate_needed: The rate of the row with the longest context; None without documents.
    """

    model: str
    repository: str
    profile: Profile
    rows: tuple[Row, ...]
    assumptions: tuple[Assumption, ...]
    parameters: int
    weights_bytes: int
    quantisation: str
    dtype: str
    kv_dtype: str
    hybrid: bool
    utilisation: float
    language_only: bool
    batch: int
    max_tokens: int
    context_tokens: int
    context_kv_bytes: int
    document_tokens: int | None
    reserve_tokens: int
    rate_needed: float | None

    @property
    def quantised(self) -> bool:
        """Whether any weights are."""
        return self.quantisation != "none"

    def row(self, gpus: int) -> Row:
        """The row for a number of GPUs.

        Raises:
            KeyError: if there is none.
        """
        for row in self.rows:
            if row.gpus == gpus:
                return row
        raise KeyError(gpus)

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON has it; what is of documents only where there are some."""
        left_out = {"utilisation", "language_only"} | ({"reserve_tokens"} if self.document_tokens is None else set())
        plan: dict[str, Any] = form_of(self, exclude=left_out, exclude_none=True)
        for row in plan["rows"]:
            row |= {name: round(row[name], 3) for name in ("weights_gib", "kv_gib")}
        return plan
