"""The network: rows in, logits out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.learned.files import PrunerFiles
from ctxpipe.compress.learned.rows import InputRow, RowLayout
from ctxpipe.compress.types import OnProgress
from ctxpipe.models.cpu import cpu_session, cpu_threads, side_by_side
from ctxpipe.models.hub import loading

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class PassageTokens(NamedTuple):
    """What is read under one question: tokens of title and text, and after which of the latter a window may end."""

    title: IntArray
    body: IntArray
    ends: BoolArray | None = None


class PassageReading(NamedTuple):
    """The network's output for a passage.

    Attributes:
        keep: float32 of shape (tokens,): logit that the token is needed for the answer.
        relevance: float32 of shape (tokens,): logit that the token's window is relevant to the question. All are equal
            for a passage in one window.
    """

    keep: FloatArray
    relevance: FloatArray

    @property
    def passage(self) -> float:
        """The passage's logit: the maximum over its windows; minus infinity without tokens."""
        return float(self.relevance.max(initial=-np.inf))


class PassageReader(Protocol):
    """What reads passages under a question; ``LearnedModel`` is one."""

    @property
    def files(self) -> PrunerFiles:
        """The files it was loaded from."""
        ...

    @property
    def layout(self) -> RowLayout:
        """Of rows."""
        ...

    def read(
        self, question: IntArray, passages: Sequence[PassageTokens], on_progress: OnProgress | None = None
    ) -> list[PassageReading]:
        """Read passages with one question; see ``LearnedModel.read``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedModel:
    """Tokenizer and network.

    Each row is run alone, as many in parallel as there are cores. With int8 weights, activations are scaled by the
    maximum of a run; run alone, a row's logits depend neither on other rows nor on the number of cores. Nothing is
    padded, and on two cores this is no slower than batches.

    Attributes:
        files: The files it was loaded from.
        layout: Layout of rows.
        session: The ONNX Runtime session.
        threads: Rows run in parallel.
    """

    files: PrunerFiles
    layout: RowLayout
    session: InferenceSession
    threads: int

    @classmethod
    def load(cls, folder: Path | str | None = None) -> LearnedModel:
        """Load the pruner of the package, or the one in a folder.

        Raises:
            ModelError: if it is missing, damaged or cannot be loaded.
        """
        files = PrunerFiles.describe(folder)
        layout = checked_layout(files)
        with loading(str(files.folder), "pruner"):
            words = {files.words.name: files.words.read(files.folder)} if files.words else {}
            session = cpu_session(files.model, threads=1, initializers=words)
        return cls(files=files, layout=layout, session=session, threads=cpu_threads())

    def read(
        self, question: IntArray, passages: Sequence[PassageTokens], on_progress: OnProgress | None = None
    ) -> list[PassageReading]:
        """Read passages with one question.

        Args:
            question: Tokens as ``RowLayout.asked`` gave them; none for what matters when nobody asks.
            passages: Any, empty ones too.
            on_progress: Called with tokens done and tokens in all, those of question and title included.
        """
        laid = [list(self.layout.rows(question, *passage)) for passage in passages]
        said = iter(self.run([row for rows in laid for row in rows], on_progress))
        readings = []
        for passage, rows in zip(passages, laid, strict=True):
            keep, relevance = (np.zeros(len(passage.body), dtype=np.float32) for _ in range(2))
            for row in rows:
                keep[row.first : row.last], relevance[row.first : row.last] = next(said)
            readings.append(PassageReading(keep, relevance))
        return readings

    def run(self, rows: Sequence[InputRow], on_progress: OnProgress | None = None) -> list[tuple[FloatArray, float]]:
        """Keep logits of each row's passage, and its relevance logit."""
        total, done = sum(len(row.ids) for row in rows), 0
        logits: list[tuple[FloatArray, float]] = []
        # The longest first, so that the last ones to run are short and no core waits long for another.
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i].ids))
        for place, said in zip(order, side_by_side(self._one, [rows[i] for i in order], self.threads), strict=True):
            logits.append(said)
            done += len(rows[place].ids)
            if on_progress is not None:
                on_progress(done, total)
        place_of = np.argsort(np.asarray(order, dtype=np.int64)).tolist()
        return [logits[i] for i in place_of]

    def _one(self, row: InputRow) -> tuple[FloatArray, float]:
        ids = row.ids[None, :]
        types = np.zeros_like(ids)
        types[:, row.second :] = 1
        keep, relevance = self.session.run(["keep", "relevance"], {"input_ids": ids, "token_type_ids": types})
        return keep[0, row.body : -1], float(relevance[0])


def checked_layout(files: PrunerFiles) -> RowLayout:
    """The layout of a pruner's rows, after its files were compared with their hashes; the network is not loaded.

    Raises:
        ModelError: if a file is missing or damaged.
    """
    from tokenizers import Tokenizer

    files.check()
    with loading(str(files.folder), "pruner"):
        return RowLayout.of(files, Tokenizer.from_file(str(files.tokenizer)))
