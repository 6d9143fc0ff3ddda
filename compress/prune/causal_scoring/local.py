"""Losses of a causal model in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prune.causal_scoring.sharing import groups
from ctxpipe.compress.prune.causal_scoring.windows import WINDOW, Ids
from ctxpipe.compress.types import OnProgress
from ctxpipe.models.batches import token_batches

BATCH_TOKENS = 4096
"""Most tokens of a batch, padding included."""
_LOGIT_ROWS = 512
"""Positions whose logits over the whole vocabulary are in memory at a time."""


class LocalLosses:
    """Token losses of a loaded model, in batches of similar length, with shared prefixes run once.

    Args:
        model: A transformers causal language model in evaluation mode.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        longest = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self.window: int = min(WINDOW, longest or WINDOW)

    def losses(
        self, rows: Sequence[Ids], contexts: Sequence[int], on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """See ``LossModel.losses``; rows may be longer than ``window``."""
        losses: list[FloatArray] = [np.zeros(0, dtype=np.float32)] * len(rows)
        total, done = sum(map(len, rows)), 0
        for group in groups(rows, contexts):
            prefix = self._read(list(rows[group.rows[0]][: group.shared])) if group.shared else None
            for members in token_batches([len(rows[i]) - group.shared for i in group.rows], BATCH_TOKENS):
                batch = [group.rows[place] for place in members]
                bare = [rows[i][group.shared :] for i in batch]
                for index, values in zip(
                    batch, self._batch(bare, [contexts[i] - group.shared for i in batch], prefix), strict=True
                ):
                    losses[index] = values
                    done += len(rows[index])
                if on_progress:
                    on_progress(done, total)
        return losses

    def _read(self, ids: list[int]) -> list[tuple[Any, Any]]:
        """Keys and values of a prefix, per layer."""
        import torch
        from transformers import DynamicCache

        cache = DynamicCache()
        with torch.inference_mode():
            held = torch.tensor([ids], device=self.model.device)
            self.model.get_decoder()(input_ids=held, past_key_values=cache, use_cache=True)
        return keys_and_values(cache)

    def _batch(self, rows: Sequence[Ids], contexts: Sequence[int], prefix: Any) -> list[FloatArray]:
        import torch

        width = max(len(row) for row in rows)
        ids = torch.zeros((len(rows), width), dtype=torch.long)
        wanted = torch.zeros((len(rows), width), dtype=torch.bool)
        for place, (row, context) in enumerate(zip(rows, contexts, strict=True)):
            ids[place, : len(row)] = torch.tensor(row)
            wanted[place, context : len(row)] = True
        targets = ids[wanted].to(self.model.device)
        ids = ids.to(self.model.device)
        with torch.inference_mode():
            # Padding is on the right, invisible to a causal model's earlier positions.
            hidden = self.model.get_decoder()(input_ids=ids, **_past(prefix, len(rows))).last_hidden_state
            states = hidden[:, :-1][wanted[:, 1:].to(hidden.device)]
            values = head_losses(self.model, states, targets)
        sizes = [len(row) - context for row, context in zip(rows, contexts, strict=True)]
        return list(np.split(values, np.cumsum(sizes)[:-1]))


def head_losses(model: Any, states: Any, targets: Any) -> FloatArray:
    """Loss of each target given the state before it, float32 of shape (len(targets),), computed in slices."""
    import torch

    head = model.get_output_embeddings()
    parts = [torch.zeros(0)]
    for at in range(0, len(targets), _LOGIT_ROWS):
        logits = _scaled(head(states[at : at + _LOGIT_ROWS]), model.config.get_text_config()).float()
        chosen = logits.gather(1, targets[at : at + _LOGIT_ROWS, None])[:, 0]
        parts.append((torch.logsumexp(logits, dim=1) - chosen).cpu())
    values: FloatArray = torch.cat(parts).numpy()
    return values


def _scaled(logits: Any, config: Any) -> Any:
    """The scaling of logits after the output layer in Granite, Cohere and Gemma 2."""
    import torch

    if divisor := getattr(config, "logits_scaling", None):
        logits = logits / divisor
    if factor := getattr(config, "logit_scale", None):
        logits = logits * factor
    if cap := getattr(config, "final_logit_softcapping", None):
        logits = torch.tanh(logits / cap) * cap
    return logits


def keys_and_values(cache: Any) -> list[tuple[Any, Any]]:
    """Keys and values of each layer of a ``DynamicCache``, of shape (rows, heads, tokens, size)."""
    return [(layer.keys, layer.values) for layer in cache.layers]


def _past(prefix: Any, rows: int) -> dict[str, Any]:
    """Model arguments that continue each row from a prefix."""
    if prefix is None:
        return {"use_cache": False}
    from transformers import DynamicCache

    repeated = [tuple(held.expand(rows, -1, -1, -1) for held in pair) for pair in prefix]
    return {"past_key_values": DynamicCache(repeated), "use_cache": True}
