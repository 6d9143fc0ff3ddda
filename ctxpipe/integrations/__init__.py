"""ctxpipe where people already are. Names are imported when first used, with the library that they are for.

Example:
    ```python
    from ctxpipe.integrations import CtxpipeCompressor

    CtxpipeCompressor(budget=2000)
    ```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.lazy import lazy_names

if TYPE_CHECKING:
    from ctxpipe.integrations.langchain import CtxpipeCompressor, CtxpipeRetriever
    from ctxpipe.integrations.llama_index import CtxpipeNodePostprocessor, CtxpipeNodeRetriever

__all__ = ["CtxpipeCompressor", "CtxpipeNodePostprocessor", "CtxpipeNodeRetriever", "CtxpipeRetriever"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "langchain": "CtxpipeCompressor CtxpipeRetriever",
        "llama_index": "CtxpipeNodePostprocessor CtxpipeNodeRetriever",
    },
)
