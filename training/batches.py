"""Batches of examples of like length under a cap of tokens, in an order that a seed and an epoch decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxpipe.models.batches import token_batches
from training.examples import IGNORED, Examples

WINDOW = 64
"""Batches sorted by length together: enough for little padding, few enough to keep the order random."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Examples padded to one length.

    Attributes:
        index: Which examples, int64 of shape (batch,).
        ids, mask, types: int64 of shape (batch, length).
        target: Float of shape (batch, length), NaN where a token is not to be learnt from.
        relevance: Float of shape (batch,), NaN where it cannot be told.
    """

    index: NDArray[np.int64]
    ids: Tensor
    mask: Tensor
    types: Tensor
    target: Tensor
    relevance: Tensor

    @property
    def tokens(self) -> int:
        """Tokens without padding."""
        return int(self.mask.sum())

    def to(self, device: str) -> Batch:
        """The same on another device."""
        moved = {name: getattr(self, name).to(device) for name in self.__slots__ if name != "index"}
        return Batch(index=self.index, **moved)


def plan(lengths: NDArray[np.int64], cap: int, *, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Batches of one epoch, as indices. Seed and epoch decide the plan, so a run can go on in it."""
    draw = np.random.default_rng([seed, epoch])
    order = draw.permutation(len(lengths))
    window = max(1, WINDOW * cap // max(1, int(lengths.mean())))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), window):
        part = order[start : start + window]
        shortest_first = part[np.argsort(lengths[part], kind="stable")].tolist()
        batches.extend(map(np.array, token_batches(lengths.tolist(), cap, order=shortest_first)))
    return [batches[i] for i in draw.permutation(len(batches))]


def collate(examples: Examples, index: Sequence[int] | NDArray[np.int64]) -> Batch:
    """Pad some examples to the longest of them."""
    members = np.asarray(index, dtype=np.int64)
    shape = len(members), int(examples.lengths[members].max())
    ids, mask, types = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    target = np.full(shape, np.nan, dtype=np.float32)
    for row, member in enumerate(members):
        begin, end = examples.offset[member], examples.offset[member + 1]
        length = end - begin
        ids[row, :length] = examples.ids[begin:end]
        mask[row, :length] = 1
        types[row, examples.second[member] : length] = 1
        given = examples.target[begin:end]
        target[row, :length] = np.where(given == IGNORED, np.nan, given / np.float32(100))
    relevance = examples.relevance[members].astype(np.float32)
    relevance[relevance < 0] = np.nan
    return Batch(
        index=members,
        ids=torch.from_numpy(ids),
        mask=torch.from_numpy(mask),
        types=torch.from_numpy(types),
        target=torch.from_numpy(target),
        relevance=torch.from_numpy(relevance),
    )
