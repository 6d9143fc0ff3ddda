"""ONNX Runtime sessions and threads on a CPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

MAX_THREADS = 16
SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Left out: ONNX Runtime's operator for a sum and its normalisation takes several times as long as the two that it
replaces. MiniLM takes 1.35 times as long with it."""

T = TypeVar("T")
U = TypeVar("U")


def cpu_session(
    path: Path, threads: int | None = None, *, initializers: Mapping[str, NDArray[Any]] | None = None
) -> InferenceSession:
    """A session on the CPU.

    Args:
        path: The network.
        threads: ``cpu_threads`` unless given.
        initializers: Weights that the network names and does not hold; copied.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cpu_threads()
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it caches a plan per shape, and every run has another shape
    options.log_severity_level = 3
    if initializers:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in initializers.values()]
        options.add_external_initializers(list(initializers), values)
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS
    )


def cpu_threads() -> int:
    """Number of threads: ``OMP_NUM_THREADS``, else the number of cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(given) if given.isdigit() and int(given) else MAX_THREADS)


def side_by_side(function: Callable[[T], U], items: Sequence[T], threads: int) -> Iterator[U]:
    """Results of a function in the order of its items, several in parallel; for functions that release the GIL."""
    with ThreadPoolExecutor(max_workers=max(1, min(threads, os.cpu_count() or 1))) as pool:
        yield from pool.map(function, items)
