"""A token classifier run by ONNX Runtime on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.llmlingua2.classifier import TokenRow
from ctxpipe.compress.prune.llmlingua2.config import Precision
from ctxpipe.compress.types import OnProgress
from ctxpipe.models.batches import token_batches
from ctxpipe.models.cpu import cpu_session
from ctxpipe.models.hub import loading

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from ctxpipe.compress.prune.llmlingua2.config import ClassifierConfig

BATCH_TOKENS = 512
"""Tokens per run. More were not faster, because attention then no longer fits the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxClassifier:
    """A ``TokenClassifier`` in float32 or with 8-bit weights.

    Rows of equal length share a run, so there is no padding and no mask. With int8, activations are scaled in blocks
    within a token, so a row's result does not depend on the rows beside it.

    Attributes:
        config: What is run.
        session: ONNX Runtime's.
    """

    config: ClassifierConfig
    session: InferenceSession

    @classmethod
    def load(cls, config: ClassifierConfig, *, precision: Precision = "int8") -> OnnxClassifier:
        """Load a classifier, exporting it to ONNX into the cache on its first use.

        Raises:
            ModelError: if it cannot be exported or loaded.
        """
        from ctxpipe.compress.prune.llmlingua2.export import MODEL_FILE, exported

        folder = exported(config, precision)
        with loading(config.name, "model"):
            return cls(config=config, session=cpu_session(folder / MODEL_FILE))

    def keep_probabilities(self, rows: Sequence[TokenRow], on_progress: OnProgress | None = None) -> list[FloatArray]:
        """Judge tokens; see ``TokenClassifier``."""
        probabilities: list[FloatArray] = [np.zeros(0, dtype=np.float32)] * len(rows)
        total, done = sum(map(len, rows)), 0
        for members in token_batches([len(row) for row in rows], BATCH_TOKENS, alike=1.0):
            ids = np.stack([rows[index] for index in members]).astype(np.int64)
            values: FloatArray = self.session.run(None, {"input_ids": ids})[0]
            for index, row in zip(members, values, strict=True):
                probabilities[index] = row
            done += ids.size
            if on_progress:
                on_progress(done, total)
        return probabilities
