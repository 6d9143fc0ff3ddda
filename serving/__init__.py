"""The target model: memory planning, launching, and engines that answer. Independent of compression.

The names below are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if __name__ == "serving":
    raise ImportError("import ctxpipe.serving")

if TYPE_CHECKING:
    from ctxpipe.serving.planner.memory.options import Memory, Parallelism
    from ctxpipe.serving.planner.plan import plan
    from ctxpipe.serving.planner.types import Assumption, Plan, Row

__all__ = ["Assumption", "Memory", "Parallelism", "Plan", "Row", "plan"]

_HOMES = {
    "Assumption": "planner.types",
    "Memory": "planner.memory.options",
    "Parallelism": "planner.memory.options",
    "Plan": "planner.types",
    "Row": "planner.types",
    "plan": "planner.plan",
}


def __getattr__(name: str) -> object:
    """Import a public name from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
