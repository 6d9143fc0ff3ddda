"""``plan``: which context fits on which GPUs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.serving.planner.memory import reference_profile
from ctxpipe.serving.planner.memory.gpus import gpu as find_gpu
from ctxpipe.serving.planner.memory.options import OVERHEAD_GIB, RESERVE, UTILISATION, Memory, kv_type
from ctxpipe.serving.planner.memory.parallel import Split
from ctxpipe.serving.planner.memory.parallel import split as split_over
from ctxpipe.serving.planner.model.fields import Fields, text_fields
from ctxpipe.serving.planner.model.quantisation import Quantisation
from ctxpipe.serving.planner.model.read import read_shape
from ctxpipe.serving.planner.model.schemes import named, read
from ctxpipe.serving.planner.model.shape import Shape
from ctxpipe.serving.planner.report import assumptions, context_bytes
from ctxpipe.serving.planner.rows import Job, row
from ctxpipe.serving.planner.source import Source, find
from ctxpipe.serving.planner.types import PROFILES, Plan, Profile

DEFAULT_GPUS = (1, 2, 4, 8)
_MOST_GPUS = 4096


def plan(
    model: str = "scout",
    *,
    gpus: int | Sequence[int] | None = None,
    gpu: str = "h100-80gb",
    profile: Profile = "vllm",
    quantization: str | None = None,
    kv_dtype: str = "auto",
    hybrid: bool = True,
    utilisation: float | None = None,
    overhead_gib: float | None = None,
    tp: int | None = None,
    pp: int | None = None,
    batch: int = 1,
    context: int | None = None,
    tokens: int | None = None,
    reserve: int = RESERVE,
    block_size: int | None = None,
    batched_tokens: int | None = None,
    async_scheduling: bool = True,
    kv_cache_bytes: int | None = None,
    language_only: bool = False,
) -> Plan:
    """Plan the memory of a model.

    Example::

        from ctxpipe.serving import plan

        plan("scout", gpus=2, kv_dtype="fp8").row(2).max_context_tokens  # 3,295,840

    Args:
        model: A built-in model, a folder with a config.json, such a file, or a Hugging Face id.
        gpus: How many, one or several; 1, 2, 4 and 8 by default, or ``tp * pp``.
        gpu: Which: a name that is known (``h100-80gb``, ``l40s``), or a size (``48GiB``, ``name=46.5GiB``).
        profile: ``"vllm"``, or ``"reference"`` for the scripts of llama-models.
        quantization: In place of what the config says: ``none``, ``w4a16``, ``fp8``, ``int4-mixed``, ...
        kv_dtype: Type of the KV cache: ``auto``, ``bfloat16``, ``float16`` or ``fp8``.
        hybrid: Whether layers with a window or chunk keep no more than that.
        utilisation: Share of a GPU's memory that vLLM uses; 0.92 by default.
        overhead_gib: GiB of each GPU that are neither weights nor cache; 4 by default, which is an assumption.
        tp, pp: Tensor and pipeline parallelism; chosen when left out.
        batch: Requests at once, each of the longest context.
        context: Tokens that a request shall have; rows say whether they fit.
        tokens: Tokens of documents; rows say which share of them fits.
        reserve: Tokens left for question, template and answer beside documents.
        block_size: Tokens of a cache block; vLLM's choice by default.
        batched_tokens: Most tokens of a step; vLLM's choice for the GPU by default.
        async_scheduling: Whether vLLM schedules a step ahead, as it does by default.
        kv_cache_bytes: Memory for the cache on each GPU, as ``--kv-cache-memory-bytes`` sets it.
        language_only: Leave out what sees or hears, as ``--language-model-only`` does.

    Raises:
        UnknownNameError: for a GPU, model, profile or type that is not known, offering the nearest.
        UsageError: for no GPUs, a split that does not divide the heads, a context above the model's, a config that
            lacks a field (named), or an option without effect.
        ModelError: if a config cannot be had.
    """
    if profile not in PROFILES:
        raise UnknownNameError("profile", profile, PROFILES)
    counts = _counts(gpus, tp, pp)
    _check_tokens(tokens, reserve)
    memory = Memory(
        kv_dtype=kv_type(kv_dtype),
        hybrid=hybrid,
        utilisation=UTILISATION if utilisation is None else utilisation,
        overhead_gib=OVERHEAD_GIB if overhead_gib is None else overhead_gib,
        block=block_size,
        batched_tokens=batched_tokens,
        asynchronous=async_scheduling,
        cache_bytes=kv_cache_bytes,
        batch=batch,
    )
    source = find(model)
    shape = read_shape(source.name, source.config, language_only=language_only)
    if profile == "reference":
        _check_reference(memory, shape, source.name, pp)
    wanted = _wanted(shape, source.name, context)
    job = Job(
        shape=shape,
        quantisation=_quantisation(source, profile, quantization),
        card=find_gpu(gpu),
        memory=memory,
        profile=profile,
        context=context,
        tokens=tokens,
        reserve=reserve,
    )
    splits = [_split(job, count, tp, pp) for count in counts]
    return _plan(job, source, wanted, splits, language_only)


def _split(job: Job, gpus: int, tp: int | None, pp: int | None) -> Split:
    if job.profile == "reference":
        return split_over(job.shape, gpus, tp or gpus, 1)
    return split_over(job.shape, gpus, tp, pp)


def _plan(job: Job, source: Source, wanted: int, splits: list[Split], language_only: bool) -> Plan:
    rows = tuple(row(job, split) for split in splits)
    return Plan(
        model=source.name,
        repository=source.repository,
        profile=job.profile,
        rows=rows,
        assumptions=tuple(assumptions(job, source)),
        parameters=job.shape.parameters,
        weights_bytes=math.ceil(job.quantisation.weigh(job.shape.weights, job.shape.dtype_bytes)),
        quantisation=job.quantisation.label,
        dtype=job.shape.dtype,
        kv_dtype=job.memory.kv_dtype,
        hybrid=job.memory.hybrid and job.profile == "vllm",
        utilisation=job.memory.utilisation,
        language_only=language_only,
        batch=job.memory.batch,
        max_tokens=job.shape.max_tokens,
        context_tokens=wanted,
        context_kv_bytes=context_bytes(job, wanted),
        document_tokens=job.tokens,
        reserve_tokens=job.reserve,
        rate_needed=None if job.tokens is None else max(one.rate_needed or 0.0 for one in rows),
    )


def _counts(gpus: int | Sequence[int] | None, tp: int | None, pp: int | None) -> list[int]:
    for what, value in (("tensor", tp), ("pipeline", pp)):
        if value is not None and value < 1:
            raise UsageError(f"{what} parallelism {value} makes no sense; it must be at least 1")
    if gpus is None:
        if tp is None and pp is None:
            return list(DEFAULT_GPUS)
        return [(tp or 1) * (pp or 1)]
    counts = [gpus] if isinstance(gpus, int) else sorted(set(gpus))
    for count in counts:
        if not 1 <= count <= _MOST_GPUS:
            raise UsageError(f"{count} GPUs make no sense; give 1 to {_MOST_GPUS:,}")
    if not counts:
        raise UsageError("no number of GPUs was given")
    return counts


def _check_tokens(tokens: int | None, reserve: int) -> None:
    if tokens is not None and tokens < 1:
        raise UsageError(f"documents of {tokens} tokens make no sense")
    if reserve < 0:
        raise UsageError(f"a reserve of {reserve} tokens makes no sense")


def _check_reference(memory: Memory, shape: Shape, name: str, pp: int | None) -> None:
    if memory != Memory(batch=memory.batch) or pp not in (None, 1):
        raise UsageError(
            "the reference profile fixes its memory: only model, GPUs, quantisation and batch can be chosen"
        )
    reference_profile.check(shape, name)


def _wanted(shape: Shape, name: str, context: int | None) -> int:
    if context is None:
        return shape.max_tokens
    if context < 1:
        raise UsageError(f"a context of {context} tokens makes no sense")
    if context > shape.max_tokens:
        raise UsageError(f"a context of {context:,} tokens is above the {shape.max_tokens:,} that {name} was made for")
    return context


def _quantisation(source: Source, profile: Profile, name: str | None) -> Quantisation:
    if name is not None:
        return named(name)
    if profile == "reference":
        return named("int4-mixed")
    if source.quantisation is not None:
        return source.quantisation
    inner = source.config.get("quantization_config") or text_fields(
        Fields(name=source.name, values=source.config)
    ).values.get("quantization_config")
    return read(source.name, inner)
