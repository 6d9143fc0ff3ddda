"""What a plan reports beside its rows: every constant, and the cache of a context."""

from __future__ import annotations

from ctxpipe.serving.planner.memory import reference_profile, vllm_profile
from ctxpipe.serving.planner.rows import RowInputs
from ctxpipe.serving.planner.source import ConfigSource
from ctxpipe.serving.planner.types import Assumption


def assumptions(job: RowInputs, source: ConfigSource) -> list[Assumption]:
    """Every constant of a plan, with its value and source."""
    counted = {
        "shapes": "the shapes that the config describes",
        "transformers": "the model as transformers builds it from the config on the meta device",
    }
    assumed = [
        Assumption(name="config", value=source.repository, source=source.origin),
        Assumption(
            name="parameters",
            value=f"{job.shape.parameters:,}",
            source=f"counted from {counted[job.shape.counted]}",
        ),
        Assumption(name="weights", value=job.quantisation.label, source=_weights_source(job, source)),
    ]
    if job.profile == "vllm":
        assumed += vllm_profile.assumptions(job.shape, job.card, job.memory)
    else:
        assumed += reference_profile.assumptions(job.shape, job.card)
    if job.memory.batch > 1:
        assumed.append(Assumption(name="batch", value=f"{job.memory.batch} requests", source="given; each as long"))
    if job.tokens is not None:
        assumed.append(
            Assumption(
                name="reserve",
                value=f"{job.reserve:,} tokens",
                source="assumed for question, template and answer",
            )
        )
    if source.note:
        assumed.append(Assumption(name="note", value=source.name, source=source.note))
    return assumed


def _weights_source(job: RowInputs, source: ConfigSource) -> str:
    left = f"what is not quantised in {job.shape.dtype}"
    if job.quantisation.bytes_per_parameter is not None:
        return "a flat figure, as calculators use; GGUF files mix types and are larger"
    if not job.quantisation.rules:
        return f"all of them in {job.shape.dtype}"
    ignored = ", ".join(job.quantisation.ignore)
    kept = f"; not quantised: {ignored}" if ignored else ""
    return f"{job.quantisation.scale}; {left}{kept}"


def context_bytes(job: RowInputs, tokens: int) -> int:
    """Bytes of keys and values of a context over all layers, not rounded to blocks.

    If the plan is hybrid, layers with a window or chunk cache only that.
    """
    if job.profile == "reference":
        return reference_profile.bytes_per_token(job.shape) * tokens
    each = job.memory.element_bytes(job.shape.dtype_bytes)
    kept = (
        layer.elements() * (min(tokens, layer.span) if layer.span and job.memory.hybrid else tokens)
        for layer in job.shape.layers
    )
    return sum(kept) * each
