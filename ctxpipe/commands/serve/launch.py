"""From the options of ``ctxpipe serve`` to what is started: a model's plan on GPUs, or a small model without one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxpipe.errors import ModelError, UsageError

if TYPE_CHECKING:
    from ctxpipe.serving.launcher.launch import Launch, MaxLength
    from ctxpipe.serving.planner.types import Plan

CPU_MODEL = "smollm2-135m"
GPU_MODEL = "scout"
GPU = "h100-80gb"
PLANNED = "plan"
_GPU_OPTIONS = ("gpus", "gpu", "tp", "pp", "kv_dtype", "utilisation", "language_only", "vllm")


def launch_of(
    options: dict[str, Any], *, cpu: bool, extra: tuple[str, ...], note: Callable[[str], None], real: bool
) -> Launch:
    """What the options of ``ctxpipe serve`` ask for.

    Args:
        options: By their names.
        cpu: Whether to do without a GPU.
        extra: More options for vLLM.
        note: Called with a line at each step.
        real: Whether it will be started, so that vLLM must be there.

    Raises:
        LaunchError: if vLLM is not there, or is too old.
        ModelError: if the model is not there.
        UsageError: for options that make no sense, or a model that does not fit.
    """
    if not cpu:
        return _gpu_launch(options, extra, note, real=real)
    for name in _GPU_OPTIONS:
        if options[name]:
            raise UsageError(f"--{name.replace('_', '-')} and --cpu exclude each other")
    shared = {name: options[name] for name in ("model", "name", "host", "port", "max_model_len")}
    return cpu_launch(extra=extra, install=real, note=note, **shared)


def cpu_launch(
    *,
    model: str | None = None,
    name: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    max_model_len: str | None = None,
    extra: tuple[str, ...] = (),
    install: bool = True,
    note: Callable[[str], None],
) -> Launch:
    """A server without a GPU.

    Args:
        model: Embedded name, folder or Hugging Face id; None for the embedded model.
        name: What clients call the model; None for its name, or its folder's.
        host, port: Where it listens.
        max_model_len: Window in tokens, or ``"auto"``; None for the model's own.
        extra: More options for vLLM.
        install: Whether to install what is missing; otherwise it is only named.
        note: Called with a line at each step.

    Raises:
        LaunchError: if vLLM cannot be installed.
        ModelError: if the model is not there.
        UsageError: for options that make no sense.
    """
    from ctxpipe.models.cache import cache_root
    from ctxpipe.models.resolve import resolve
    from ctxpipe.serving.launcher.environment import environment_of
    from ctxpipe.serving.launcher.install import make_environment
    from ctxpipe.serving.launcher.launch import CPU_CACHE, CPU_CACHE_GIB, PRIVATE, Launch, option_name

    if max_model_len == PLANNED:
        raise UsageError("--max-model-len plan needs a GPU; give a number or auto")
    length = _length(max_model_len)
    place = resolve(model or CPU_MODEL)
    local = Path(place).is_dir()
    cache = cache_root()
    environment = make_environment(cache, on_note=note) if install else environment_of(cache)
    given = set(map(option_name, extra))
    # The option would win over the variable.
    more = {} if "--kv-cache-memory-bytes" in given else {CPU_CACHE: os.environ.get(CPU_CACHE, CPU_CACHE_GIB)}
    precision = () if "--dtype" in given else _precision(model or CPU_MODEL)
    return Launch(
        program=environment.command,
        model=place,
        name=name or (Path(model or CPU_MODEL).resolve().name if local else None),
        host=host,
        port=port,
        max_model_len=length,
        extra=("--enforce-eager", *precision, *extra),
        environment={**PRIVATE, **more, **({"HF_HUB_OFFLINE": "1"} if local else {})},
    )


def _precision(model: str) -> tuple[str, ...]:
    """float32 for an embedded model where the processor is slow in bfloat16; vLLM would take bfloat16 all the same.

    Other models are left as they are: twice the memory may not be there, and quantised ones may know no float32.
    """
    from ctxpipe.models.catalogue import EMBEDDED
    from ctxpipe.models.precision import quick_dtype

    slow = model in EMBEDDED and quick_dtype("cpu") == "float32"
    return ("--dtype", "float32") if slow else ()


def _gpu_launch(options: dict[str, Any], extra: tuple[str, ...], note: Callable[[str], None], *, real: bool) -> Launch:
    from ctxpipe.serving.launcher.launch import Launch, from_plan
    from ctxpipe.serving.launcher.program import find_program

    by_plan = options["max_model_len"] == PLANNED
    length = None if by_plan else _length(options["max_model_len"])
    tp, pp = options["tp"], options["pp"]
    gpus = options["gpus"] if options["gpus"] is not None else (tp or 1) * (pp or 1)
    try:
        planned = from_plan(plan := _plan(options, gpus), gpus, planned_length=by_plan)
        note(_planned(plan, gpus, length))
    except ModelError as exc:
        if by_plan:
            raise
        note(f"no plan: {exc}")
        planned = {"model": options["model"], "tensor_parallel": tp or gpus, "pipeline_parallel": pp or 1}
        planned |= {"kv_dtype": options["kv_dtype"] or "auto", "utilisation": options["utilisation"]}
        planned |= {"max_model_len": "auto", "language_only": options["language_only"]}
    if length is not None:
        planned["max_model_len"] = length
    program = find_program(options["vllm"]) if real else _program_name(options["vllm"])
    places = {name: options[name] for name in ("name", "host", "port")}
    return Launch(program=program, extra=extra, **places, **planned)  # type: ignore[arg-type]  # by their names


def _program_name(given: str | None) -> tuple[str, ...]:
    from ctxpipe.serving.launcher.program import search

    return (search(given) or given or "vllm",)


def _plan(options: dict[str, Any], gpus: int) -> Plan:
    from ctxpipe.serving.planner.memory.options import Memory, Parallelism
    from ctxpipe.serving.planner.plan import plan

    utilisation = options["utilisation"]
    return plan(
        options["model"] or GPU_MODEL,
        gpus=gpus,
        gpu=options["gpu"] or _gpu_here() or GPU,
        kv_dtype=options["kv_dtype"],
        memory=Memory() if utilisation is None else Memory(utilisation=utilisation),
        parallelism=Parallelism(tensor=options["tp"], pipeline=options["pp"]),
        language_only=options["language_only"],
    )


def _gpu_here() -> str | None:
    """The first GPU of this machine as the planner takes it, with the memory that the driver tells."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        asked = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
        told = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout
        return f"{float(told.splitlines()[0]) / 1024:.2f}GiB"
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _planned(plan: Plan, gpus: int, length: MaxLength) -> str:
    row = plan.row(gpus)
    told = f"planned: {plan.repository} on {gpus} x {row.gpu}, up to {row.max_context_tokens:,} tokens"
    if isinstance(length, int) and length > row.max_context_tokens:
        return f"{told}, fewer than the {length:,} asked for; vLLM has the last word"
    return told


def _length(text: str | None) -> MaxLength:
    if text is None:
        return None
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError as exc:
        raise UsageError(f"--max-model-len takes a number, auto or plan, not {text!r}") from exc
