"""LLMLingua-2's classifier on vLLM's pooling endpoint."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.hosted.server import ROWS, ScorerServer
from ctxpipe.compress.prune.llmlingua2.classifier import Classifier
from ctxpipe.compress.prune.llmlingua2.keep import TokenRow
from ctxpipe.compress.types import OnProgress
from ctxpipe.errors import ModelError
from ctxpipe.remote.values import dig

_LACKING = "does not serve a token classifier; start it with 'vllm serve MODEL --runner pooling'"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedKeepModel:
    """A ``KeepModel`` on a server started with ``vllm serve MODEL --runner pooling``.

    Attributes:
        classifier: Its config, read on this machine.
        server: The server.
    """

    classifier: Classifier
    server: ScorerServer

    @property
    def name(self) -> str:
        """The model as it was named."""
        return self.classifier.name

    @property
    def revision(self) -> str:
        """Empty: the model behind a server's name can change."""
        return ""

    def keep_probabilities(self, rows: Sequence[TokenRow], on_progress: OnProgress | None = None) -> list[FloatArray]:
        """Predict keep probabilities; see ``KeepModel``.

        Raises:
            ModelError: if the server does not classify tokens, or its response has the wrong shape.
            EngineError: if it cannot be reached or refuses.
        """
        parts = [rows[first : first + ROWS] for first in range(0, len(rows), ROWS)]
        said = self.server.ask(
            "/pooling",
            [_body(part) for part in parts],
            _LACKING,
            sizes=[sum(map(len, part)) for part in parts],
            on_progress=on_progress,
        )
        return [found for part, one in zip(parts, said, strict=True) for found in self._read(part, one)]

    def _read(self, rows: Sequence[TokenRow], said: object) -> list[FloatArray]:
        labels = self.classifier.labels
        found = []
        for place, row in enumerate(rows):
            values = _values(dig(said, "data", place, "data"))
            if values is None or values.size != len(row) * labels or dig(said, "data", place, "index") != place:
                had = "no numbers" if values is None else f"{values.size} numbers"
                raise ModelError(
                    f"{self.server.url} sent {had} for {len(row)} tokens with {labels} labels each; "
                    f"it must serve {self.classifier.name} with --runner pooling"
                )
            found.append(np.ascontiguousarray(values.reshape(len(row), labels)[:, self.classifier.keep]))
        return found


def _body(rows: Sequence[TokenRow]) -> dict[str, object]:
    return {
        "input": [row.tolist() for row in rows],
        "task": "token_classify",
        "add_special_tokens": False,
        # A third of the size of decimal numbers, and nothing to parse.
        "encoding_format": "base64",
        "embed_dtype": "float32",
        "endianness": "little",
    }


def _values(data: object) -> FloatArray | None:
    """Numbers in base64 or decimal, as one-dimensional float32; None for anything else."""
    try:
        if isinstance(data, str):
            return np.frombuffer(base64.b64decode(data, validate=True), dtype="<f4").astype(np.float32)
        return np.asarray(data, dtype=np.float32).reshape(-1) if isinstance(data, list) else None
    except (binascii.Error, ValueError, TypeError):
        return None
