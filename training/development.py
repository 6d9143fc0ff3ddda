"""What a model says of the development examples, and how good that is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from ctxpipe.models.batches import token_batches
from training.batches import collate
from training.calibrate import Calibration, error, sigmoid
from training.examples import IGNORED, Examples
from training.files import Progress
from training.metrics import Logits, sentence_table


@torch.inference_mode()
def predict(
    model: torch.nn.Module, examples: Examples, device: str, *, autocast: AbstractContextManager[Any], cap: int = 8_192
) -> Logits:
    """Logits of all examples."""
    model.eval()
    keep = np.zeros(int(examples.offset[-1]))
    relevance = np.zeros(len(examples))
    progress = Progress("development examples", every=30)
    done = 0
    shortest_first = np.argsort(examples.lengths, kind="stable").tolist()
    for index in token_batches(examples.lengths.tolist(), cap, order=shortest_first):
        batch = collate(examples, index).to(device)
        with autocast:
            token, passage = model(batch.ids, batch.mask, batch.types)
        token, passage = token.float().cpu().numpy(), passage.float().cpu().numpy()
        for row, member in enumerate(index):
            begin, end = examples.offset[member], examples.offset[member + 1]
            keep[begin:end] = token[row, : end - begin]
        relevance[index] = passage
        done += len(index)
        progress(done, len(examples))
    return Logits(keep=keep, relevance=relevance)


def select(examples: Examples, chosen: Any) -> Examples:
    """The examples where ``chosen`` is true."""
    flat = np.repeat(chosen, examples.lengths)
    parts = {name: getattr(examples, name)[flat] for name in ("ids", "target", "sentence")}
    rows = {name: getattr(examples, name)[chosen] for name in ("second", "relevance", "source", "kind", "group")}
    offset = np.concatenate([[0], np.cumsum(examples.lengths[chosen])]).astype(np.int64)
    return Examples(offset=offset, **parts, **rows)


def errors(examples: Examples, logits: Logits, calibration: Calibration) -> dict[str, float]:
    """Calibration error of tokens, passages and sentences."""
    scaled = calibration.scaled(logits)
    known = examples.target != IGNORED
    rows = examples.relevance >= 0
    table = sentence_table(examples, scaled)
    told = ~np.isnan(table.label)
    chance = sigmoid(calibration.sentences(examples, scaled))
    return {
        "token": error(sigmoid(scaled.keep[known]), examples.target[known] / 100.0),
        "passage": error(sigmoid(scaled.relevance[rows]), examples.relevance[rows].astype(float)),
        "sentence": error(chance[told], table.label[told]),
    }


def brief(found: dict[str, Any]) -> str:
    """The main figures on one line."""
    parts = []
    for kind, values in found.items():
        names = ("token_ap", "relevance_auc", "relevance_mrr", "survival_any", "survival_all", "survival_random")
        parts.append(f"{kind} " + " ".join(f"{name} {values[name]:.3f}" for name in names if name in values))
    return "; ".join(parts)
