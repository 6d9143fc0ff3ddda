"""Many questions from a file: documents are compressed in processes beside each other, a server is asked in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.lazy import lazy_names

if TYPE_CHECKING:
    from ctxpipe.pipeline.batch.cluster.dataset import compress_dataset

__all__ = ["compress_dataset"]

__getattr__, __dir__ = lazy_names(__name__, {"cluster.dataset": "compress_dataset"})
