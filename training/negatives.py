"""Passages that look like answers and are none, by BM25 and by MiniLM over many passages."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.rank.bm25 import BM25Index
from ctxpipe.compress.rank.embedder import OnnxEmbedder
from training.files import replace_atomically
from training.pieces import MarkedPiece

DEPTH = 12
"""How far down the order of a method is looked; the draw among these keeps negatives from being always the same."""
BLOCK = 2_048


class NegativePool:
    """Pieces to draw negatives from.

    Args:
        pieces: Distinct pieces.
        embedder: For the second method; None leaves it out.
        cache: Folder that keeps embeddings, block by block, so that a stopped run goes on where it was.
        on_progress: Called with pieces embedded and pieces in all.
    """

    def __init__(
        self,
        pieces: Sequence[MarkedPiece],
        embedder: OnnxEmbedder | None,
        cache: Path,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.pieces = list(pieces)
        texts = [f"{piece.title}. {piece.text}" for piece in self.pieces]
        self._index = BM25Index.of(texts)
        self._embedder = embedder
        self._vectors = None if embedder is None else _embedded(texts, embedder, cache, on_progress)

    def embedded(self, questions: Sequence[str]) -> FloatArray | None:
        """Embeddings of questions; None without an embedder."""
        return None if self._embedder is None else self._embedder.encode(questions)

    def hard(
        self,
        question: str,
        vector: FloatArray | None,
        count: int,
        allowed: Callable[[MarkedPiece], bool],
        draw: random.Random,
    ) -> list[MarkedPiece]:
        """Up to ``count`` pieces by each method, drawn from its best ``DEPTH`` that are allowed."""
        orders = [_top(self._index.scores(question))]
        if vector is not None and self._vectors is not None:
            orders.append(_top(self._vectors @ vector))
        found: dict[int, None] = {}
        for order in orders:
            fit = [i for i in order.tolist() if i not in found and allowed(self.pieces[i])][:DEPTH]
            found.update(dict.fromkeys(draw.sample(fit, min(count, len(fit)))))
        return [self.pieces[i] for i in found]

    def any(self, count: int, allowed: Callable[[MarkedPiece], bool], draw: random.Random) -> list[MarkedPiece]:
        """Up to ``count`` pieces at random."""
        if not self.pieces:
            return []
        drawn = [self.pieces[draw.randrange(len(self.pieces))] for _ in range(3 * count)]
        return [piece for piece in drawn if allowed(piece)][:count]


def _top(scores: FloatArray) -> IntArray:
    """The best ``4 * DEPTH`` places, best first."""
    wanted = min(4 * DEPTH, len(scores))
    if not wanted:
        return np.zeros(0, dtype=np.int64)
    best = np.argpartition(-scores, wanted - 1)[:wanted]
    return best[np.argsort(-scores[best], kind="stable")]


def _embedded(
    texts: Sequence[str], embedder: OnnxEmbedder, cache: Path, on_progress: Callable[[int, int], None] | None
) -> FloatArray:
    digest = hashlib.blake2b(embedder.name.encode(), digest_size=8)
    for text in texts:
        digest.update(hashlib.blake2b(text.encode("utf-8", "surrogatepass")).digest())
    folder = cache / digest.hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    blocks = []
    for start in range(0, len(texts), BLOCK):
        path = folder / f"{start:07d}.npy"
        if not path.is_file():
            vectors = embedder.encode(texts[start : start + BLOCK])
            replace_atomically(path, partial(_save, vectors))
        blocks.append(np.load(path, allow_pickle=False))
        if on_progress is not None:
            on_progress(min(start + BLOCK, len(texts)), len(texts))
    return np.concatenate(blocks) if blocks else np.zeros((0, embedder.dimension), dtype=np.float32)


def _save(vectors: FloatArray, file: IO[bytes]) -> None:
    np.save(file, vectors)
