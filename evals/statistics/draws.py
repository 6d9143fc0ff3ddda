"""Which clusters each resample draws, remembered for the arms that are resampled alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock

import numpy as np
from numpy.typing import NDArray

CELLS = 32_768
"""Cells of a table of draws x clusters that are made at once: as many as stay in the processor's cache."""

REMEMBERED = 160 * 2**20
"""Bytes of drawn counts that are held."""

_LARGEST = REMEMBERED // 2
_held: OrderedDict[tuple[int, int, int, int], list[NDArray[np.uint8]]] = OrderedDict()
_guard = Lock()


def drawn_counts(
    generator: np.random.Generator, clusters: int, draws: int, *, seed: int, block: int
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the index of the first draw of a batch, and how often each of the draws takes each cluster.

    The arms of a suite have as many clusters and the same seed, so they have the same draws, and drawing takes longer
    than anything else. One byte holds a count; draws in which it does not are not remembered.

    Args:
        generator: As a block's generator is spawned; it is advanced only when the draws are not remembered.
        clusters: Clusters of the block, m.
        draws: Number of resamples.
        seed: Of the bootstrap that the generator is of.
        block: Index of the block that the generator is of.

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
