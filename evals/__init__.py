"""Measure what compression costs and what context it gains, with intervals.

The names below are imported when they are first used, so ``import ctxpipe.evals`` loads neither numpy nor scipy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.lazy import lazy_names

if __name__ == "evals":
    raise ImportError("import ctxpipe.evals")

if TYPE_CHECKING:
    from ctxpipe.evals.paired.choice import Choice, choose
    from ctxpipe.evals.paired.comparison import Comparison, compare
    from ctxpipe.evals.report.report import html_report
    from ctxpipe.evals.runs.arms import Arm, parse_arms
    from ctxpipe.evals.runs.records import RecordFile, load_records
    from ctxpipe.evals.runs.runner import RunPlan, run
    from ctxpipe.evals.suites.schema import load_suite, read_samples
    from ctxpipe.evals.summary.summary import Summary, summarise
    from ctxpipe.evals.types import Evidence, Passage, Record, Sample

__all__ = [
    "Arm",
    "Choice",
    "Comparison",
    "Evidence",
    "Passage",
    "Record",
    "RecordFile",
    "RunPlan",
    "Sample",
    "Summary",
    "choose",
    "compare",
    "html_report",
    "load_records",
    "load_suite",
    "parse_arms",
    "read_samples",
    "run",
    "summarise",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "paired.choice": "Choice choose",
        "paired.comparison": "Comparison compare",
        "report.report": "html_report",
        "runs.arms": "Arm parse_arms",
        "runs.records": "RecordFile load_records",
        "runs.runner": "RunPlan run",
        "suites.schema": "load_suite read_samples",
        "summary.summary": "Summary summarise",
        "types": "Evidence Passage Record Sample",
    },
    old={"Plan": "RunPlan", "load": "load_records"},
)
