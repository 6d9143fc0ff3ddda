"""``plan``: the longest context on each number of GPUs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.old_names import KeywordGroup, old_keywords
from ctxpipe.serving.planner.memory import reference_profile
from ctxpipe.serving.planner.memory.gpus import gpu as find_gpu
from ctxpipe.serving.planner.memory.options import RESERVE, Memory, Parallelism
from ctxpipe.serving.planner.memory.parallel import Split
from ctxpipe.serving.planner.memory.parallel import split as split_over
from ctxpipe.serving.planner.model.fields import Fields, text_fields
from ctxpipe.serving.planner.model.quantisation import Quantisation
from ctxpipe.serving.planner.model.read import read_shape
from ctxpipe.serving.planner.model.schemes import named, read
from ctxpipe.serving.planner.model.shape import ModelShape
from ctxpipe.serving.planner.report import assumptions, context_bytes
from ctxpipe.serving.planner.rows import RowInputs, row
from ctxpipe.serving.planner.source import ConfigSource, find
from ctxpipe.serving.planner.types import PROFILES, Plan, Profile

DEFAULT_GPUS = (1, 2, 4, 8)
_MOST_GPUS = 4096


_old_keywords = old_keywords(
    KeywordGroup(
        keyword="memory",
        shown="Memory",
        fields={
            name: name
            for name in (
                "hybrid",
                "utilisation",
                "overhead_gib",
                "block_size",
                "batched_tokens",
                "async_scheduling",
                "kv_cache_bytes",
            )
        },
        make=lambda given, values: replace(given or Memory(), **{k: v for k, v in values.items() if v is not None}),
    ),
    KeywordGroup(
        keyword="parallelism",
        shown="Parallelism",
        fields={"tp": "tensor", "pp": "pipeline"},
        make=lambda given, values: replace(given or Parallelism(), **values),
    ),
)


@_old_keywords
def plan(
    model: str = "scout",
    *,
    gpus: int | Sequence[int] | None = None,
    gpu: str = "h100-80gb",
    parallelism: Parallelism | None = None,
    profile: Profile = "vllm",
    quantization: str | None = None,
    language_only: bool = False,
    memory: Memory | None = None,
    kv_dtype: str | None = None,
    batch: int | None = None,
    context: int | None = None,
    tokens: int | None = None,
    reserve: int = RESERVE,
) -> Plan:
    """Plan the memory of a model.

    Example:
        ::

            from ctxpipe.serving import plan

            plan("scout", gpus=2, kv_dtype="fp8").row(2).max_context_tokens  # 3,295,840

    Args:
        model: A built-in model, a folder with a config.json, a config.json, or a Hugging Face id.
        gpus: One or several numbers of GPUs; 1, 2, 4 and 8 by default, or the number that ``parallelism`` needs.
        gpu: A built-in GPU (``h100-80gb``, ``l40s``) or a memory size (``48GiB``, ``name=46.5GiB``).
        parallelism: How the model is split over them.
        profile: ``"vllm"``, or ``"reference"`` for the scripts of llama-models.
        quantization: Replaces the config's: ``none``, ``w4a16``, ``fp8``, ``int4-mixed``, ...
        language_only: Leave out the vision and audio parts, as ``--language-model-only`` does.
        memory: vLLM's memory options.
        kv_dtype: Type of the KV cache; overrides ``memory``.
        batch: Requests at once, each of the longest context; overrides ``memory``.
        context: Tokens that a request needs; rows say whether they fit.
        tokens: Tokens of documents; rows give the share of them that fits.
        reserve: Tokens reserved for question, template and answer.

    Raises:
        UnknownNameError: for an unknown GPU, model, profile or type, with the nearest names.
        UsageError: for no GPUs, a split that does not divide the heads, a context above the model's, a config that
            lacks a field, or an option without effect.
        ModelError: if a config cannot be loaded.
    """
    if profile not in PROFILES:
        raise UnknownNameError("profile", profile, PROFILES)
    parallelism = parallelism or Parallelism()
    counts = _counts(gpus, parallelism)
    _check_tokens(tokens, reserve)
    memory = memory or Memory()
    memory = replace(memory, kv_dtype=kv_dtype or memory.kv_dtype, batch=memory.batch if batch is None else batch)
    source = find(model)
    shape = read_shape(source.name, source.config, language_only=language_only)
    if profile == "reference":
        _check_reference(memory, shape, source.name, parallelism)
    wanted = _wanted(shape, source.name, context)
    job = RowInputs(
        shape=shape,
        quantisation=_quantisation(source, profile, quantization),
        card=find_gpu(gpu),
        memory=memory,
        profile=profile,
        context=context,
        tokens=tokens,
        reserve=reserve,
    )
    splits = [_split(job, count, parallelism) for count in counts]
    return _plan(job, source, wanted, splits, language_only)


def _split(job: RowInputs, gpus: int, parallelism: Parallelism) -> Split:
    if job.profile == "reference":
        return split_over(job.shape, gpus, parallelism.tensor or gpus, 1)
    return split_over(job.shape, gpus, parallelism.tensor, parallelism.pipeline)


def _plan(job: RowInputs, source: ConfigSource, wanted: int, splits: list[Split], language_only: bool) -> Plan:
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


def _counts(gpus: int | Sequence[int] | None, parallelism: Parallelism) -> list[int]:
    if gpus is None:
        return list(DEFAULT_GPUS) if parallelism.gpus is None else [parallelism.gpus]
    counts = [gpus] if isinstance(gpus, int) else sorted(set(gpus))
    for count in counts:
        if not 1 <= count <= _MOST_GPUS:
            raise UsageError(f"{count} is not a valid number of GPUs; give 1 to {_MOST_GPUS:,}")
    if not counts:
        raise UsageError("no number of GPUs was given")
    return counts


def _check_tokens(tokens: int | None, reserve: int) -> None:
    if tokens is not None and tokens < 1:
        raise UsageError(f"the documents' tokens must be at least 1, not {tokens}")
    if reserve < 0:
        raise UsageError(f"the reserve must be at least 0 tokens, not {reserve}")


def _check_reference(memory: Memory, shape: ModelShape, name: str, parallelism: Parallelism) -> None:
    if memory != Memory(batch=memory.batch) or parallelism.pipeline not in (None, 1):
        raise UsageError(
            "the reference profile fixes its memory: only model, GPUs, quantisation and batch can be chosen"
        )
    reference_profile.check(shape, name)


def _wanted(shape: ModelShape, name: str, context: int | None) -> int:
    if context is None:
        return shape.max_tokens
    if context < 1:
        raise UsageError(f"the context must be at least 1 token, not {context}")
    if context > shape.max_tokens:
        raise UsageError(f"a context of {context:,} tokens is above the {shape.max_tokens:,} that {name} supports")
    return context


def _quantisation(source: ConfigSource, profile: Profile, name: str | None) -> Quantisation:
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
