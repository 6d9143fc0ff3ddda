"""What compression costs and what context it gains, with intervals.

The names below are imported when they are first used, so ``import ctxpipe.evals`` loads neither numpy nor scipy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if __name__ == "evals":
    raise ImportError("import ctxpipe.evals")

if TYPE_CHECKING:
    from ctxpipe.evals.paired.choice import Choice, choose
    from ctxpipe.evals.paired.comparison import Comparison, compare
    from ctxpipe.evals.report.report import html_report
    from ctxpipe.evals.runs.arms import Arm, parse_arms
    from ctxpipe.evals.runs.records import RecordFile, load
    from ctxpipe.evals.runs.runner import Plan, run
    from ctxpipe.evals.suites.schema import load_suite, read_samples
    from ctxpipe.evals.summary.summary import Summary, summarise
    from ctxpipe.evals.types import Evidence, Passage, Record, Sample

__all__ = [
    "Arm",
    "Choice",
    "Comparison",
    "Evidence",
    "Passage",
    "Plan",
    "Record",
    "RecordFile",
    "Sample",
    "Summary",
    "choose",
    "compare",
    "html_report",
    "load",
    "load_suite",
    "parse_arms",
    "read_samples",
    "run",
    "summarise",
]

_HOMES = {
    "Arm": "runs.arms",
    "Choice": "paired.choice",
    "Comparison": "paired.comparison",
    "Evidence": "types",
    "Passage": "types",
    "Plan": "runs.runner",
    "Record": "types",
    "RecordFile": "runs.records",
    "Sample": "types",
    "Summary": "summary.summary",
    "choose": "paired.choice",
    "compare": "paired.comparison",
    "html_report": "report.report",
    "load": "runs.records",
    "load_suite": "suites.schema",
    "parse_arms": "runs.arms",
    "read_samples": "suites.schema",
    "run": "runs.runner",
    "summarise": "summary.summary",
}


def __getattr__(name: str) -> object:
    """Import a public name from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
