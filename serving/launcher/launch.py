"""What to serve and how, as a command line for vLLM."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.serving.planner.types import Plan

KEY_VARIABLE = "VLLM_API_KEY"
"""Where vLLM reads the key that clients must send. A command line would show it to every user of the machine."""

PRIVATE = MappingProxyType({"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"})
"""Switches off vLLM's usage reports, which are on by default."""

CPU_CACHE = "VLLM_CPU_KVCACHE_SPACE"
CPU_CACHE_GIB = "2"
LOOPBACK = "127.0.0.1"

_SECRET = {"--api-key": "CTXPIPE_API_KEY", "--hf-token": "HF_TOKEN"}
_OURS = {"--host", "--port", "--model", "--served-model-name", "--max-model-len", "--kv-cache-dtype"}
_UNFIT = {"--uds": "it would not listen on a port", "--headless": "it would not answer"}

MaxLength = int | Literal["auto"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A server to start.

    Attributes:
        program: The command that runs ``vllm``.
        model: Folder or Hugging Face id.
        name: What clients call the model; None for ``model`` itself.
        host, port: Address and port to listen on.
        tensor_parallel, pipeline_parallel: How the model is split over GPUs.
        max_model_len: Window in tokens; ``"auto"`` for what fits the memory, None for the model's own.
        kv_dtype: Type of the KV cache; ``"auto"`` is the model's own.
        utilisation: Share of each GPU's memory; None for vLLM's own.
        language_only: Leave out the vision and audio parts.
        extra: Further options, passed to vLLM unchanged.
        environment: Variables for vLLM in addition to those of this process; never a secret.

    Raises:
        UsageError: for an option in ``extra`` that is set elsewhere, shows a secret, or hides the server.
    """

    program: tuple[str, ...]
    model: str
    name: str | None = None
    host: str = LOOPBACK
    port: int = 8000
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    max_model_len: MaxLength = None
    kv_dtype: str = "auto"
    utilisation: float | None = None
    language_only: bool = False
    extra: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: PRIVATE)

    def __post_init__(self) -> None:
        if not self.host:
            raise UsageError("the host to listen on is empty; 127.0.0.1 is this machine alone, 0.0.0.0 all networks")
        if self.max_model_len is not None and self.max_model_len != "auto" and self.max_model_len < 1:
            raise UsageError(f"the window must be at least 1 token, not {self.max_model_len}")
        for option in self.extra:
            _check_extra(option)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command line, ``program`` first."""
        line = [*self.program, "serve", self.model, "--host", self.host, "--port", str(self.port)]
        if self.name is not None:
            line += ["--served-model-name", self.name]
        for option, size in (
            ("--tensor-parallel-size", self.tensor_parallel),
            ("--pipeline-parallel-size", self.pipeline_parallel),
        ):
            line += [option, str(size)] if size > 1 else []
        if self.max_model_len is not None:
            line += ["--max-model-len", str(self.max_model_len)]
        if self.kv_dtype != "auto":
            line += ["--kv-cache-dtype", self.kv_dtype]
        if self.utilisation is not None:
            line += ["--gpu-memory-utilization", f"{self.utilisation:g}"]
        if self.language_only:
            line.append("--language-model-only")
        return (*line, *self.extra)

    @property
    def url(self) -> str:
        """The server's URL on this machine, without ``/v1``."""
        secure = "--ssl-certfile" in map(option_name, self.extra)
        host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.host, self.host)
        return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether other machines can reach it."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"


def from_plan(plan: Plan, gpus: int, *, planned_length: bool = False) -> dict[str, object]:
    """The fields of a ``Launch`` that a plan decides.

    Args:
        plan: Of ``ctxpipe.serving.plan``, with profile ``vllm``.
        gpus: Which of its rows.
        planned_length: Whether to ask for the planned context. It depends on an assumed overhead, so by default vLLM
            measures what fits.

    Raises:
        KeyError: if the plan has no such row.
        UsageError: if nothing fits on that many GPUs.
    """
    row = plan.row(gpus)
    if not row.fits:
        raise UsageError(f"{plan.model} does not fit on {gpus} x {row.gpu}: {row.reason}")
    return {
        "model": plan.repository,
        "tensor_parallel": row.tensor_parallel,
        "pipeline_parallel": row.pipeline_parallel,
        "max_model_len": row.max_context_tokens if planned_length else "auto",
        "kv_dtype": plan.kv_dtype,
        "utilisation": plan.utilisation,
        "language_only": plan.language_only,
    }


def option_name(option: str) -> str:
    """The name of a vLLM option, which may be written with underscores and with its value."""
    return option.partition("=")[0].replace("_", "-")


def _check_extra(option: str) -> None:
    name = option_name(option)
    if variable := _SECRET.get(name):
        raise UsageError(f"{name} would show a secret to every user of this machine; set {variable} instead")
    if reason := _UNFIT.get(name):
        raise UsageError(f"{name} cannot be used for a server that ctxpipe starts: {reason}")
    if name in _OURS:
        raise UsageError(f"{name} is set by ctxpipe; give it before --")
