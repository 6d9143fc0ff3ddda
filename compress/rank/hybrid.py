"""The fusion of BM25 and embeddings, on which the default ranking builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.rank.bm25 import BM25Index, Vocabulary
from ctxpipe.compress.rank.embedding import EmbeddingBorrower, EmbeddingRanker, embedded_text
from ctxpipe.compress.rank.naming import name_of, plain
from ctxpipe.compress.rank.resources import Embedder
from ctxpipe.compress.types import OnProgress, RankingText

MEANING, WORDS, PASSAGE = 1.0, 0.7, 0.5
"""Weights of a sentence's cosine, of its BM25 score, and of its passage's scores."""
CODE_PASSAGE, FUNCTION = 1.5, 3000
"""In code, the weight of a passage's scores, and the most characters of passages under the same signature that are
taken as one: a line of code alone says little, and the function answers. The weight was chosen on half of
``benchmarks/code_questions.json``."""
SECOND_LOOK, SEEDS = 0.7, 2
NAMED, NAMING = 0.7, 3


class _Texts(NamedTuple):
    """The texts without a question: both indices, embeddings, and the passage of each and its weight."""

    sentences: BM25Index
    passages: BM25Index
    vectors: FloatArray
    passage_vectors: FloatArray
    passage: IntArray
    weight: FloatArray


class HybridRanker(EmbeddingBorrower):
    """BM25 and embeddings of sentences and of their passages, standardised and added, with a second look.

    A sentence that answers the second half of a question often shares no word with it, but shares words with the
    sentence that answers the first half. So each of the best sentences is appended to the question, and the maximum of
    the resulting scores is added. A section is raised if its heading is named in the question or in the best sentences.

    Args:
        embedder: The embedder; MiniLM-L6 by default.
    """

    name = "hybrid"

    def __init__(self, *, embedder: Embedder | None = None) -> None:
        self._embedding = EmbeddingRanker(embedder=embedder)

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts: float32 of shape (texts,); only the order matters."""
        if not texts:
            return np.zeros(0, dtype=np.float32)
        known = self._index(texts, on_progress)
        first = self._fused(known, [question])[0]
        seeds = np.argsort(-first, kind="stable")[:SEEDS].tolist()
        again = self._fused(known, [f"{question} {embedded_text(texts[i].headings, texts[i].text)}" for i in seeds])
        scores = first + SECOND_LOOK * np.max(again, axis=0)
        naming = np.argsort(-scores, kind="stable")[:NAMING].tolist()
        said = plain(" ".join([question, *(texts[i].text for i in naming)]))
        return (_standard(scores) + NAMED * _named(texts, said)).astype(np.float32)

    def _index(self, texts: Sequence[RankingText], on_progress: OnProgress | None) -> _Texts:
        _, first, passage = np.unique(_groups(texts), return_index=True, return_inverse=True)
        vocabulary = Vocabulary()
        above = {trail: vocabulary.ids(" ".join(trail)) for trail in dict.fromkeys(text.headings for text in texts)}
        said = [vocabulary.ids(text.text) for text in texts]
        joined = [above[texts[i].headings].copy() for i in first.tolist()]
        for words, place in zip(said, passage.tolist(), strict=True):
            joined[place].extend(words)
        vectors = self._embedding.encode(texts, on_progress)
        sums = np.zeros((len(joined), vectors.shape[1]), dtype=np.float32)
        np.add.at(sums, passage, vectors)
        norms = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        return _Texts(
            BM25Index([above[text.headings] + words for text, words in zip(texts, said, strict=True)], vocabulary),
            BM25Index(joined, vocabulary),
            vectors,
            sums / norms,
            passage,
            np.array([CODE_PASSAGE if t.kind == "code" else PASSAGE for t in texts], dtype=np.float32),
        )

    def _fused(self, known: _Texts, questions: Sequence[str]) -> list[FloatArray]:
        asked = self._embedding.embedder.encode(questions)
        fused = []
        for question, vector in zip(questions, asked, strict=True):
            inside = MEANING * _standard((known.passage_vectors @ vector)[known.passage])
            inside = inside + WORDS * _standard(known.passages.scores(question)[known.passage])
            own = MEANING * _standard(known.vectors @ vector) + WORDS * _standard(known.sentences.scores(question))
            fused.append(_standard(own + known.weight * inside))
        return fused


def _groups(texts: Sequence[RankingText]) -> list[int]:
    """The passage of each text; passages of code that follow each other under the same headings are one."""
    groups: list[int] = []
    length = 0
    for index, text in enumerate(texts):
        before = texts[index - 1] if index else None
        length += len(text.text)
        if before is None or text.group == before.group:
            joins = before is not None
        else:
            joins = text.kind == before.kind == "code" and text.headings == before.headings and length <= FUNCTION
        if not joins:
            length = len(text.text)
        groups.append(groups[-1] if joins else len(groups))
    return groups


def _standard(values: FloatArray) -> FloatArray:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread else values * 0


def _named(texts: Sequence[RankingText], said: str) -> FloatArray:
    """1 for texts with a heading that occurs in the question or the best sentences, else 0."""
    names = {heading: name_of(heading) for heading in {heading for text in texts for heading in text.headings}}
    known = {heading: bool(name) and name in said for heading, name in names.items()}
    return np.array([any(known[h] for h in t.headings) for t in texts], dtype=np.float32)
