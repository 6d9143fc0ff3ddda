"""A token classifier run by ONNX Runtime on a CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.prune.llmlingua2.classifier import Precision
from ctxpipe.compress.prune.llmlingua2.keep import TokenRow
from ctxpipe.compress.types import OnProgress
from ctxpipe.models.cpu import cpu_session
from ctxpipe.models.hub import loading

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from ctxpipe.compress.prune.llmlingua2.classifier import Classifier

BATCH_TOKENS = 512
"""Tokens per run. More were not faster, because attention then no longer fits the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxKeepModel:
    """A ``KeepModel`` in float32 or with 8-bit weights.

    Rows of equal length share a run, so there is no padding and no mask. With int8, activations are scaled in blocks
    within a token, so a row's result does not depend on the rows beside it.

    Attributes:
        classifier: The classifier.
        session: The ONNX Runtime session.
    """

    classifier: Classifier
    session: InferenceSession

    @classmethod
    def load(cls, classifier: Classifier, *, precision: Precision = "int8") -> OnnxKeepModel:
        """Load a classifier; on first use it is exported to ONNX in the cache.

        Raises:
            ModelError: if it cannot be exported or loaded.
        """
        from ctxpipe.compress.prune.llmlingua2.export import MODEL_FILE, exported

        folder = exported(classifier, precision)
        with loading(classifier.name, "model"):
            return cls(classifier=classifier, session=cpu_session(folder / MODEL_FILE))

    @property
    def name(self) -> str:
        """The model's name as given."""
        return self.classifier.name

    @property
    def revision(self) -> str:
        """Hash of its exact content."""
        return self.classifier.revision

    def keep_probabilities(self, rows: Sequence[TokenRow], on_progress: OnProgress | None = None) -> list[FloatArray]:
        """Predict keep probabilities; see ``KeepModel``."""
        found: list[FloatArray] = [np.zeros(0, dtype=np.float32)] * len(rows)
        total, done = sum(map(len, rows)), 0
        for members in _equal_lengths([len(row) for row in rows]):
            ids = np.stack([rows[index] for index in members]).astype(np.int64)
            values: FloatArray = self.session.run(None, {"input_ids": ids})[0]
            for index, row in zip(members, values, strict=True):
                found[index] = row
            done += ids.size
            if on_progress:
                on_progress(done, total)
        return found


def _equal_lengths(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of rows of equal length, at most ``BATCH_TOKENS`` tokens or one row at a time, longest first."""
    order: IntArray = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    members: list[int] = []
    for index in order.tolist():
        if members and (lengths[index] != lengths[members[0]] or (len(members) + 1) * lengths[index] > BATCH_TOKENS):
            yield members
            members = []
        members.append(index)
    if members:
        yield members
