"""Cosines of all passages, from vectors in a byte a number on several shelves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.prepare import vectors
from ctxpipe.compress.prepare.vectors import DIMENSION, VectorBlock, VectorIndex, VectorPlace, in_bytes


def units(count: int, seed: int) -> FloatArray:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    made: FloatArray = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return made


class Kept:
    """A shelf in memory: documents by number, of which the first so many passages have a vector."""

    def __init__(self, documents: dict[int, FloatArray], block: int) -> None:
        self._rows = [(number, i, row) for number, rows in documents.items() for i, row in enumerate(rows)]
        self._block = block
        self.reads = 0

    def vectors(self) -> Iterator[VectorBlock]:
        self.reads += 1
        for at in range(0, len(self._rows), self._block):
            rows = self._rows[at : at + self._block]
            yield VectorBlock(
                np.array([row[0] for row in rows]),
                np.array([row[1] for row in rows]),
                in_bytes(np.stack([row[2] for row in rows])),
            )


@given(
    documents=st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 6)), min_size=1, max_size=12),
    sizes=st.lists(st.integers(0, 9), min_size=6, max_size=6),
    block=st.integers(1, 7),
    limit=st.sampled_from([0, 64 << 20]),
)
def test_each_passage_gets_the_cosine_of_its_own_vector(
    documents: Sequence[tuple[int, bool, int]], sizes: Sequence[int], block: int, limit: int
) -> None:
    """Documents come in any order, twice, from two shelves or none, with fewer vectors than passages."""
    known = {number: units(size, number) for number, size in enumerate(sizes)}
    shelves = Kept(known, block), Kept({number: rows[: len(rows) // 2] for number, rows in known.items()}, block)
    places: list[VectorPlace | None] = []
    expected: list[FloatArray] = []
    passages: list[int] = []
    asked = units(3, 99)
    for number, is_second, alone in documents:
        rows = known[number]
        if alone == 0:
            places.append(None)
            have = 0
        else:
            places.append(VectorPlace(shelves[is_second], number))
            have = len(rows) // 2 if is_second else len(rows)
        passages.append(len(rows))
        cosines = asked @ rows.T
        cosines[:, have:] = np.nan
        expected.append(cosines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "KEPT_BYTES", limit)
        index = VectorIndex(places, passages)
        for _ in range(2):
            found = index.cosines(asked)
            np.testing.assert_allclose(found, np.concatenate(expected, axis=1), atol=0.004)


def test_small_ones_are_read_once_and_large_ones_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, reads in ((10 * DIMENSION, 1), (10 * DIMENSION - 1, 3)):
        monkeypatch.setattr(vectors, "KEPT_BYTES", limit)
        shelf = Kept({0: units(10, 0)}, 3)
        index = VectorIndex([VectorPlace(shelf, 0)], [10])
        for _ in range(3):
            index.cosines(units(1, 1))
        assert shelf.reads == reads


def test_no_vector_at_all_is_said() -> None:
    assert VectorIndex([VectorPlace(Kept({}, 1), 0)], [4]).is_empty
    assert not VectorIndex([VectorPlace(Kept({0: units(1, 0)}, 1), 0)], [4]).is_empty
    assert VectorIndex([VectorPlace(Kept({1: units(1, 0)}, 1), 0)], [4]).is_empty


def test_a_byte_a_number_keeps_the_direction() -> None:
    given = units(50, 7)
    kept = in_bytes(given).astype(np.float32)
    cosines = (kept * given).sum(axis=1) / np.linalg.norm(kept, axis=1)
    assert cosines.min() > 0.999
    assert in_bytes(np.zeros((1, DIMENSION), dtype=np.float32)).tolist() == [[0] * DIMENSION]
