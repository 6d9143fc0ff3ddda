"""The clusters that each resample draws, shared by arms with the same design."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock

import numpy as np
from numpy.typing import NDArray

CELLS = 32_768
"""Cells of a draws x clusters table per batch: as many as fit the processor's cache."""

REMEMBERED = 160 * 2**20
"""Limit of the stored counts in bytes."""

_LARGEST = REMEMBERED // 2
_held: OrderedDict[tuple[int, int, int, int], list[NDArray[np.uint8]]] = OrderedDict()
_guard = Lock()


def drawn_counts(
    generator: np.random.Generator, clusters: int, draws: int, *, seed: int, block: int
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the index of the first draw of a batch, and how often each of the draws takes each cluster.

    The arms of a suite have the same number of clusters and the same seed, so they have the same draws, and drawing is
    the slowest step. Counts are stored in one byte each; draws with larger counts are not stored.

    Args:
        generator: The block's generator, as spawned; it is advanced only if the draws are not stored.
        clusters: Clusters of the block, m.
        draws: Number of resamples.
        seed: Seed of the bootstrap that the generator belongs to.
        block: Index of the block that it belongs to.

    Yields:
        Counts of shape (batch, m); each row sums to m.
    """
    key = seed, block, clusters, draws
    with _guard:
        batches = _held.get(key)
        if batches is not None:
            _held.move_to_end(key)
    start = 0
    if batches is not None:
        for batch in batches:
            yield start, batch.astype(np.float64)
            start += len(batch)
        return
    made: list[NDArray[np.uint8]] | None = [] if clusters * draws <= _LARGEST else None
    while start < draws:
        counts = _draw(generator, clusters, min(max(1, CELLS // clusters), draws - start))
        if made is not None and counts.max() <= np.iinfo(np.uint8).max:
            made.append(counts.astype(np.uint8))
        else:
            made = None
        yield start, counts.astype(np.float64)
        start += len(counts)
    if made is not None:
        _remember(key, made)


def _draw(generator: np.random.Generator, clusters: int, size: int) -> NDArray[np.int64]:
    drawn = generator.integers(0, clusters, size=(size, clusters))
    if size > 1:
        drawn += np.arange(size)[:, None] * clusters  # so that one count serves all draws
    return np.bincount(drawn.ravel(), minlength=size * clusters).reshape(size, clusters)


def _remember(key: tuple[int, int, int, int], batches: list[NDArray[np.uint8]]) -> None:
    with _guard:
        _held[key] = batches
        while sum(clusters * draws for _, _, clusters, draws in _held) > REMEMBERED:
            _held.popitem(last=False)
