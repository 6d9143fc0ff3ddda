"""One row of a plan: what fits on some GPUs, and whether the documents do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ctxpipe.serving.planner.memory import reference_profile, vllm_profile
from ctxpipe.serving.planner.memory.gpus import Gpu
from ctxpipe.serving.planner.memory.options import Memory
from ctxpipe.serving.planner.memory.parallel import Split
from ctxpipe.serving.planner.memory.vllm_profile import MemoryEstimate
from ctxpipe.serving.planner.model.quantisation import Quantisation
from ctxpipe.serving.planner.model.shape import ModelShape
from ctxpipe.serving.planner.types import GIB, PlanRow, Profile

_DECIMALS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowInputs:
    """The input of all rows.

    Attributes:
        shape, quantisation, card, memory, profile: Common to all rows.
        context: Tokens that a request needs; None for any.
        tokens: Tokens of documents; None without.
        reserve: Tokens reserved for question, template and answer.
    """

    shape: ModelShape
    quantisation: Quantisation
    card: Gpu
    memory: Memory
    profile: Profile
    context: int | None
    tokens: int | None
    reserve: int


def row(job: RowInputs, split: Split) -> PlanRow:
    """Compute the row for one number of GPUs."""
    estimate = _ESTIMATES[job.profile](job, split)
    reason = _reason(job, estimate)
    room = max(0, estimate.tokens - job.reserve) if estimate.tokens else 0
    return PlanRow(
        gpus=split.gpus,
        gpu=job.card.name,
        tensor_parallel=split.tensor,
        pipeline_parallel=split.pipeline,
        weights_gib=estimate.weights / GIB,
        kv_gib=estimate.cache / GIB,
        bytes_per_token=estimate.bytes_per_token,
        max_context_tokens=estimate.tokens,
        limit="model" if estimate.tokens == job.shape.max_tokens else "memory",
        fits=not reason,
        reason=reason,
        fits_raw=None if job.tokens is None else job.tokens <= room,
        rate_needed=None if job.tokens is None else rate(job.tokens, room),
    )


def rate(tokens: int, room: int) -> float:
    """Share of ``tokens`` that fits into ``room``: six decimals, rounded down, so that the share still fits."""
    if tokens <= room:
        return 1.0
    return room * _DECIMALS // tokens / _DECIMALS


def _reason(job: RowInputs, estimate: MemoryEstimate) -> str:
    if estimate.cache <= 0:
        return f"the weights need {-estimate.cache / GIB:.1f} GiB more than a GPU has"
    if not estimate.tokens:
        return "no KV cache fits beside the weights"
    if job.context is not None and estimate.tokens < job.context:
        return f"{job.context:,} tokens are {job.context - estimate.tokens:,} too many"
    return ""


def _vllm(job: RowInputs, split: Split) -> MemoryEstimate:
    return vllm_profile.estimate(job.shape, job.quantisation, job.card, split, job.memory)


def _reference(job: RowInputs, split: Split) -> MemoryEstimate:
    weights = job.quantisation.weigh(job.shape.weights, job.shape.dtype_bytes)
    usable = reference_profile.usable(job.card)
    return MemoryEstimate(
        weights=weights / split.gpus,
        cache=int(usable - weights / split.gpus),
        bytes_per_token=reference_profile.bytes_per_token(job.shape, split.gpus) * split.gpus,
        tokens=reference_profile.longest(job.shape, weights, split.gpus, usable, job.memory.batch),
    )


_ESTIMATES: dict[Profile, Callable[[RowInputs, Split], MemoryEstimate]] = {"vllm": _vllm, "reference": _reference}
