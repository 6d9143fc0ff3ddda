"""LLMLingua-2's classifier on vLLM's pooling endpoint."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.hosted.server import ROWS, ScorerServer
from ctxpipe.compress.prune.llmlingua2.classifier import TokenRow
from ctxpipe.compress.prune.llmlingua2.config import ClassifierConfig
from ctxpipe.compress.types import OnProgress
from ctxpipe.errors import ModelError
from ctxpipe.remote.values import dig

_LACKING = "does not serve a token classifier; start it with 'vllm serve MODEL --runner pooling'"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedClassifier:
    """A ``TokenClassifier`` on a server started with ``vllm serve MODEL --runner pooling``.

    Attributes:
        config: What its config says, read here.
        server: Where it runs.
    """

    config: ClassifierConfig
    server: ScorerServer

    def keep_probabilities(self, rows: Sequence[TokenRow], on_progress: OnProgress | None = None) -> list[FloatArray]:
        """Judge tokens; see ``TokenClassifier``.

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
        return [probabilities for part, one in zip(parts, said, strict=True) for probabilities in self._read(part, one)]

    def _read(self, rows: Sequence[TokenRow], said: object) -> list[FloatArray]:
        labels = self.config.labels
        probabilities = []
        for place, row in enumerate(rows):
            values = _values(dig(said, "data", place, "data"))
            if values is None or values.size != len(row) * labels or dig(said, "data", place, "index") != place:
                had = "no numbers" if values is None else f"{values.size} numbers"
                raise ModelError(
                    f"{self.server.url} sent {had} for {len(row)} tokens with {labels} labels each; "
                    f"it must serve {self.config.name} with --runner pooling"
                )
            probabilities.append(np.ascontiguousarray(values.reshape(len(row), labels)[:, self.config.keep]))
        return probabilities


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
