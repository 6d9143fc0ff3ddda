"""Losses of a causal model on vLLM's completion endpoint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.causal_scoring.windows import WINDOW, Ids
from ctxpipe.compress.prune.hosted.server import ROWS, ScorerServer
from ctxpipe.compress.types import OnProgress
from ctxpipe.errors import ModelError
from ctxpipe.remote.values import dig

_LACKING = "returns no log-probabilities of prompts; start it with 'vllm serve MODEL' and a causal model"


class HostedLosses:
    """A ``LossModel`` on a vLLM server, asked with ``prompt_logprobs`` on ``/v1/completions``.

    Args:
        server: The server.

    Attributes:
        window: Most tokens of a row.

    Raises:
        UsageError, EngineError: see ``ScorerServer.served``.
    """

    def __init__(self, server: ScorerServer) -> None:
        self._server = server
        served = server.served.window
        # vLLM generates at least one token.
        self.window = WINDOW if served is None else max(2, min(WINDOW, served - 1))

    def losses(
        self, rows: Sequence[Ids], contexts: Sequence[int], on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """See ``LossModel.losses``.

        Raises:
            ModelError: if the server returns no log-probabilities of prompts.
            EngineError: if it cannot be reached or refuses.
        """
        if any(None in row[:1] for row in rows):
            # The tokenizer of an encoder such as BERT has no BOS token, and None is in its place.
            raise ModelError(f"{self._server.place} is not a causal model: its tokenizer has no BOS token")
        parts = [range(first, min(first + ROWS, len(rows))) for first in range(0, len(rows), ROWS)]
        said = self._server.ask(
            "/v1/completions",
            [_body([rows[index] for index in part]) for part in parts],
            _LACKING,
            sizes=[sum(len(rows[index]) for index in part) for part in parts],
            on_progress=on_progress,
        )
        return [
            self._read(rows[index], contexts[index], one, place)
            for part, one in zip(parts, said, strict=True)
            for place, index in enumerate(part)
        ]

    def _read(self, row: Ids, context: int, said: object, place: int) -> FloatArray:
        entries = dig(said, "choices", place, "prompt_logprobs")
        listed = entries if isinstance(entries, list) and dig(said, "choices", place, "index") == place else []
        pairs = zip(listed[context:], row[context:], strict=False)
        values = [dig(entry, str(int(token)), "logprob") for entry, token in pairs]
        numbers = [-float(value) for value in values if isinstance(value, int | float)]
        if len(numbers) != len(row) - context or len(listed) != len(row):
            raise ModelError(f"{self._server.url} {_LACKING}")
        return np.array(numbers, dtype=np.float32)


def _body(rows: Sequence[Ids]) -> dict[str, object]:
    return {
        "prompt": [[int(token) for token in row] for row in rows],
        "max_tokens": 1,
        "temperature": 0.0,
        "prompt_logprobs": 0,
    }
