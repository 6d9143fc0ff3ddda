"""The parts of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ctxpipe.json_form import form_of

GIB = 1 << 30

Profile = Literal["vllm", "reference"]
PROFILES: tuple[Profile, ...] = ("vllm", "reference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A constant used by a plan.

    Attributes:
        name: Name of the constant.
        value: Its value, with its unit if it has one.
        source: Where the value comes from.
    """

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """What fits on one number of GPUs.

    Attributes:
        gpus: Number of GPUs.
        gpu: Name of the GPU.
        tensor_parallel, pipeline_parallel: How the model is split; their product is ``gpus``.
        weights_gib: Weights on the GPU with most of them.
        kv_gib: Memory for the KV cache on the GPU with least; negative if the weights do not fit.
        bytes_per_token: KV bytes of one more token over all GPUs, once windows and chunks are full.
        max_context_tokens: Longest context of one request, prompt and answer; 0 if nothing fits.
        limit: What limits it: ``"memory"``, or ``"model"`` for the model's own limit.
        fits: Whether the requested context fits; if none was requested, whether any does.
        reason: Why it does not fit; empty if it does.
        fits_raw: Whether the documents fit uncompressed; None without documents.
        rate_needed: Largest rate at which the documents fit: 1 if all do, 0 if none; None without documents.
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
    """The contexts that fit on different numbers of GPUs.

    Attributes:
        model: The model's name as given.
        repository: Hugging Face id or folder of the checkpoint to serve.
        profile: ``"vllm"``, or ``"reference"`` for the scripts of llama-models.
        rows: One for each number of GPUs.
        assumptions: Every constant, with its source.
        parameters: Number of parameters.
        weights_bytes: Bytes of all weights.
        quantisation: A description; ``"none"`` without.
        dtype: Type of weights that are not quantised, and of a cache whose type is ``auto``.
        kv_dtype: Type of the cache, for ``vllm serve --kv-cache-dtype``.
        hybrid: Whether layers with a window or chunk cache only that window or chunk.
        utilisation: Share of the memory that is used, for ``--gpu-memory-utilization``.
        language_only: Whether the vision and audio parts are left out.
        batch: Requests at once, each of the longest context.
        max_tokens: Longest context that the model supports.
        context_tokens: Context of ``context_kv_bytes``: the requested one, else ``max_tokens``.
        context_kv_bytes: Keys and values of that many tokens in all layers, not rounded to blocks.
        document_tokens: Tokens of the documents; None without.
        reserve_tokens: Reserved for question, template and answer.
        rate_needed: The rate of the row with the longest context; None without documents.
    """

    model: str
    repository: str
    profile: Profile
    rows: tuple[PlanRow, ...]
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
        """Whether any weights are quantised."""
        return self.quantisation != "none"

    def row(self, gpus: int) -> PlanRow:
        """The row for a number of GPUs.

        Raises:
            KeyError: if there is no such row.
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
