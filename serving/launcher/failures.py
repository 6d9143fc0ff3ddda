"""Why a vLLM server did not start, in one line that says what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

KILLED = 137
_STOPPED = frozenset({130, 143})

_GATED = "the model is gated: ask for access on its Hugging Face page, then set HF_TOKEN to a token that has it"
_MISSING = "the model was not found: it is neither a local folder nor a Hugging Face model that HF_TOKEN can access"
_OFFLINE = "the model is not on this machine, and Hugging Face cannot be reached (or HF_HUB_OFFLINE is set)"
_MEMORY = (
    "the GPU has too little memory: ask for fewer tokens (--max-model-len), a smaller cache (--kv-dtype fp8) or more "
    "GPUs; 'ctxpipe plan' says what fits"
)
_REASONS: tuple[tuple[str, str], ...] = (
    (
        r"larger than the available KV cache memory(?:(?!estimated maximum)[\s\S])*(?:estimated maximum model length"
        r" is (\d+))",
        "the window does not fit the memory: vLLM says that {} tokens do",
    ),
    (r"larger than the available KV cache memory|Cannot auto-fit max_model_len", _MEMORY),
    (r"No available memory for the cache blocks", _MEMORY),
    (
        r"Free memory on device \S+ \(([\d.]+)/([\d.]+) GiB\)",
        "only {} of the GPU's {} GiB are free: end what else uses it, or lower --utilisation",
    ),
    (
        r"Decrease --kv-cache-memory-bytes, VLLM_CPU_KVCACHE_SPACE|Reduce CPU memory used by other processes",
        "the machine has too little free memory: end what else uses it, or lower VLLM_CPU_KVCACHE_SPACE (GiB)",
    ),
    (r"OutOfMemoryError|CUDA out of memory|HIP out of memory", _MEMORY),
    (
        r"World size \((\d+)\) is larger than the number of available GPUs \((\d+)\)",
        "{} GPUs were asked for and this machine has {}: lower --gpus, or see --dry-run ray for several machines",
    ),
    (
        r"Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver|libcuda\.so\S* cannot open",
        "vLLM finds no GPU: check nvidia-smi, or start a small model without one (--cpu)",
    ),
    (r"ddress already in use", "the port is in use: choose another with --port, or any free one with --port 0"),
    (r"GatedRepoError|gated repo|403 Client Error", _GATED),
    (r"RepositoryNotFoundError|401 Client Error|not a valid model identifier|not a valid repository name", _MISSING),
    (r"LocalEntryNotFoundError|OfflineModeIsEnabled|couldn't connect to '|NameResolutionError", _OFFLINE),
    (
        r"User-specified max_model_len \((\d+)\) is greater than the derived max_model_len "
        r"\((?:\w+=(?:None|([\d.]+))(?: or )?)*",
        "a window of {} tokens is more than the model supports",
    ),
    (
        r"Model architectures \[(.*?)\] are not supported",
        "this vLLM does not know the model's architecture ({}): a newer vLLM may",
    ),
    (r"error: unrecognized arguments: (.+)", "this vLLM does not know the option {}"),
    (r"error: argument (.+)", "vLLM refuses an option: {}"),
    (r"No module named '?vllm", "vLLM is not installed there"),
    (r"No space left on device", "the disk is full"),
    (r"Permission denied: '?([^'\n]+)", "vLLM may not read or write {}"),
    (
        r"contains custom code|trust_remote_code=True",
        "the model ships with its own code, which runs only with -- --trust-remote-code",
    ),
)
"""Patterns in vLLM's log; the first match counts. Checked against vLLM 0.32 and Transformers 5.19."""

_ERROR = re.compile(r"^(?:\(.*?\) )?(?:ERROR \S+ \S+ \[\S+\] )?((?:\w+\.)*\w*(?:Error|Exception): .+)$", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a server stopped.

    Attributes:
        reason: One line.
        fits: The window that would fit according to vLLM, in tokens; None if vLLM does not report one.
    """

    reason: str
    fits: int | None = None


def explain(log: str, code: int) -> Failure:
    """Find the reason in a log.

    Args:
        log: What vLLM printed.
        code: Exit code, 128 + n for signal n.
    """
    stopped = Failure(reason="another program stopped it")
    if code in _STOPPED:
        return stopped
    for number, (pattern, reason) in enumerate(_REASONS):
        if match := re.search(pattern, log):
            told = reason.format(*(group or "" for group in match.groups()))
            return Failure(reason=told, fits=int(match[1]) if number == 0 else None)
    if code == KILLED:
        return Failure(reason="it was killed, most often because the machine's memory ran out")
    if code == 0 and not _ERROR.search(log):
        return stopped
    if last := _last_error(log):
        return Failure(reason=f"vLLM says: {last}")
    return Failure(reason=f"vLLM ended with exit code {code} and printed nothing")


def _last_error(log: str) -> str:
    """The last exception that a log names, else its last line; vLLM puts the cause before "See root cause above"."""
    errors = _ERROR.findall(log)
    telling = [line for line in errors if "root cause above" not in line and "core initialization failed" not in line]
    printed = [line for line in log.splitlines() if line.strip()]
    last = (telling or errors or printed or [""])[-1].strip()
    return last if len(last) <= 300 else f"{last[:297]}..."
