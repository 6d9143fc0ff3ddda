"""The target model: memory planning, launching, and engines that answer. Independent of compression.

The names below are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.lazy import lazy_names

if __name__ == "serving":
    raise ImportError("import ctxpipe.serving")

if TYPE_CHECKING:
    from ctxpipe.serving.engines import ENGINES, Target, connect
    from ctxpipe.serving.fake import FakeEngine
    from ctxpipe.serving.launcher.launch import Launch
    from ctxpipe.serving.launcher.server import running
    from ctxpipe.serving.local.engine import LocalEngine
    from ctxpipe.serving.openai.engine import OpenAIEngine
    from ctxpipe.serving.planner.memory.options import Memory, Parallelism
    from ctxpipe.serving.planner.plan import plan
    from ctxpipe.serving.planner.types import Assumption, Plan, PlanRow
    from ctxpipe.serving.types import Engine, MeasuredEngine, Message, ServerMetrics

__all__ = [
    "ENGINES",
    "Assumption",
    "Engine",
    "FakeEngine",
    "Launch",
    "LocalEngine",
    "MeasuredEngine",
    "Memory",
    "Message",
    "OpenAIEngine",
    "Parallelism",
    "Plan",
    "PlanRow",
    "ServerMetrics",
    "Target",
    "connect",
    "plan",
    "running",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "engines": "ENGINES Target connect",
        "fake": "FakeEngine",
        "launcher.launch": "Launch",
        "launcher.server": "running",
        "local.engine": "LocalEngine",
        "openai.engine": "OpenAIEngine",
        "planner.memory.options": "Memory Parallelism",
        "planner.plan": "plan",
        "planner.types": "Assumption Plan PlanRow",
        "types": "Engine MeasuredEngine Message ServerMetrics",
    },
    old={"Row": "PlanRow"},
)
