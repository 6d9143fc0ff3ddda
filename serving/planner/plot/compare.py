"""The curves of a plot: a plan, and the same plan with another cache or profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ctxpipe.errors import CtxpipeError
from ctxpipe.serving.planner.memory.options import Memory, Parallelism
from ctxpipe.serving.planner.plan import plan
from ctxpipe.serving.planner.plot.plot import Curve
from ctxpipe.serving.planner.types import Plan

_SEVERAL = (1, 2, 4, 8)


def curves(made: Plan, options: dict[str, Any]) -> list[Curve]:
    """The plan, and the same plan with other cache types, with full caches, and with the other profile.

    A plan for one number of GPUs is drawn at several. Options that make no difference to a model are left out.

    Args:
        made: The plan.
        options: The arguments of ``plan``.
    """
    memory, parallelism = options.get("memory") or Memory(), options.get("parallelism") or Parallelism()
    if len(made.rows) == 1 and parallelism.gpus is None:
        counts = sorted({*_SEVERAL, made.rows[0].gpus})
        made = _tried(options | {"gpus": counts}) or made
        options = options | {"gpus": counts}
    drawn = [Curve(label=_label(made), plan=made, chosen=True)]
    if made.profile == "vllm":
        others: list[dict[str, Any]] = [
            {"kv_dtype": kv_dtype, "memory": replace(memory, hybrid=hybrid)}
            for hybrid in (True, False)
            for kv_dtype in ("auto", "fp8")
        ]
        fixed = {"kv_dtype": "auto", "memory": Memory(batch=memory.batch), "quantization": None}
        others.append({"profile": "reference", **fixed})
    else:
        others = [{"profile": "vllm", "quantization": None}]
    for other in others:
        variant = _tried(options | other)
        if variant is not None and not any(_same(variant, curve.plan) for curve in drawn):
            drawn.append(Curve(label=_label(variant), plan=variant))
    return drawn


def _tried(options: dict[str, Any]) -> Plan | None:
    try:
        return plan(**options)
    except CtxpipeError:
        return None


def _same(one: Plan, other: Plan) -> bool:
    contexts = [[row.max_context_tokens for row in each.rows] for each in (one, other)]
    return contexts[0] == contexts[1] and one.profile == other.profile


def _label(made: Plan) -> str:
    if made.profile == "reference":
        return "llama-models, computed"
    cache = made.dtype if made.kv_dtype == "auto" else made.kv_dtype
    return f"vLLM, {'hybrid' if made.hybrid else 'full'} cache, {cache}"
