"""Documents larger than a model's window, fitted into it, asked and cited.

Example::

    from ctxpipe import Document, Pipeline, compress, query

    context = compress(["report.pdf", Document(text="...", source="note")], question="Who signed?", budget=6000)
    run = query("report.pdf", question="Who signed?")

Everything is imported when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext, Document, Span
    from ctxpipe.errors import CtxpipeError
    from ctxpipe.pipeline.pipeline import Pipeline, compress, query
    from ctxpipe.pipeline.types import Citation, Run
    from ctxpipe.serving.types import Answer

# ONNX Runtime reports names of models and a number of the machine to its maker unless it is told not to before it is
# imported. Who set the variable already, either way, is left alone.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Citation",
    "CompressedContext",
    "CtxpipeError",
    "Document",
    "Pipeline",
    "Run",
    "Span",
    "compress",
    "query",
]

_HOMES = {
    "Answer": "ctxpipe.serving.types",
    "Citation": "ctxpipe.pipeline.types",
    "CompressedContext": "ctxpipe.compress.types",
    "CtxpipeError": "ctxpipe.errors",
    "Document": "ctxpipe.compress.types",
    "Pipeline": "ctxpipe.pipeline.pipeline",
    "Run": "ctxpipe.pipeline.types",
    "Span": "ctxpipe.compress.types",
    "query": "ctxpipe.pipeline.pipeline",
}


class _CallablePackage(ModuleType):
    """`ctxpipe.compress` is a folder of modules and the function of that name: as a module it can be called."""

    @property
    def __call__(self) -> Any:
        from ctxpipe.pipeline.pipeline import compress as function

        return function


importlib.import_module("ctxpipe.compress").__class__ = _CallablePackage


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ctxpipe' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
