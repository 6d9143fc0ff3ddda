"""Fit documents that are longer than a model's window into it: compress, ask, cite.

Example:
    ```python
    from ctxpipe import Document, Pipeline, compress, query

    context = compress(["report.pdf", Document(text="...", source="note")], question="Who signed?", budget=6000)
    run = query("report.pdf", question="Who signed?")
    ```

Names are imported when first used, so importing the package is cheap.
"""

from __future__ import annotations

import importlib
import inspect
import os
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ctxpipe.lazy import lazy_names

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext, Document, Span
    from ctxpipe.errors import CtxpipeError
    from ctxpipe.pipeline.batch.cluster.dataset import compress_dataset
    from ctxpipe.pipeline.corpus.corpus import Corpus
    from ctxpipe.pipeline.functions import compress, query
    from ctxpipe.pipeline.pipeline import Pipeline
    from ctxpipe.pipeline.types import Citation, Run
    from ctxpipe.remote.cancel import Cancellation
    from ctxpipe.serving.types import Answer

# ONNX Runtime sends names of models and a machine id to its maker unless this is set before its import. A value that
# the user has set is respected.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Cancellation",
    "Citation",
    "CompressedContext",
    "Corpus",
    "CtxpipeError",
    "Document",
    "Pipeline",
    "Run",
    "Span",
    "compress",
    "compress_dataset",
    "query",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "compress.types": "CompressedContext Document Span",
        "errors": "CtxpipeError",
        "pipeline.batch.cluster.dataset": "compress_dataset",
        "pipeline.corpus.corpus": "Corpus",
        "pipeline.functions": "compress query",
        "pipeline.pipeline": "Pipeline",
        "pipeline.types": "Citation Run",
        "remote.cancel": "Cancellation",
        "serving.types": "Answer",
    },
)


class _CallablePackage(ModuleType):
    # No docstring: instances have that of the package and the function together.

    @property
    def __call__(self) -> Any:
        from ctxpipe.pipeline.functions import compress as function

        return function

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.__call__)

    @property
    def __doc__(self) -> str:  # type: ignore[override]  # a module's can be set
        function = self.__call__
        return f"{vars(self)['__doc__']}\n\ncompress{self.__signature__}\n\n{inspect.getdoc(function)}"


# `ctxpipe.compress` is a folder of modules and the function of that name: as a module it can be called.
importlib.import_module("ctxpipe.compress").__class__ = _CallablePackage
