"""Sentence embeddings on the CPU through ONNX Runtime."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctxpipe.compress.encoding import batches, encodable
from ctxpipe.compress.hub import load_error
from ctxpipe.compress.onnx_export import FLOAT_FILE, INT8_FILE, exported
from ctxpipe.compress.types import FloatArray, IntArray, OnProgress

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MAX_TOKENS = 256
BATCH_TOKENS = 256
"""Tokens per run, padding included; as many runs side by side as there are cores, each on one thread."""
MAX_THREADS = 16

Precision = Literal["int8", "float32"]
TokenRow = NDArray[np.int32]
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxEmbedder:
    """A sentence encoder: tokenizer, network, mean pooling, unit length.

    The same texts give the same bits in whatever order they come. With int8, a text's row also depends a little on the
    texts beside it, since activations are scaled per run (cosine 0.99 on average); with float32 it does not.

    Attributes:
        name: The model as it was named.
        dimension: Length of a row.
        session, tokenizer, pad: What runs, what reads, and the id that fills up rows.
        threads: Runs side by side; their number changes no bit of the result.
    """

    name: str
    dimension: int
    session: InferenceSession
    tokenizer: Tokenizer
    pad: int
    threads: int = 1

    @classmethod
    def load(cls, name: str = "minilm-l6", *, precision: Precision = "int8") -> OnnxEmbedder:
        """Load an encoder, exporting it to ONNX into the cache on its first use.

        Args:
            name: An embedded model, or a folder or Hugging Face id of a BERT-like encoder.
            precision: ``int8`` is about twice as fast.

        Raises:
            ModelError: when it cannot be found, fetched, exported or loaded.
        """
        folder = exported(name)
        try:
            session = cpu_session(folder / (INT8_FILE if precision == "int8" else FLOAT_FILE), threads=1)
            tokenizer = _tokenizer(folder)
            pad = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("pad_token_id") or 0
        except Exception as exc:  # ONNX Runtime and tokenizers raise Exception itself
            raise load_error(name, "encoder", exc) from exc
        return cls(
            name=name,
            dimension=session.get_outputs()[0].shape[1],
            session=session,
            tokenizer=tokenizer,
            pad=pad,
            threads=cpu_threads(),
        )

    def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
        """Embed texts; what lies beyond the first 256 tokens of one is not read.

        Args:
            texts: Any texts, empty ones too.
            on_progress: Called with tokens done and tokens in all.

        Returns:
            float32 of shape (len(texts), dimension), rows of unit length.
        """
        distinct = list(dict.fromkeys(texts))
        rows = [ids for batch in batches(distinct) for ids in self._encode(batch)]
        order = sorted(range(len(distinct)), key=lambda i: (len(rows[i]), distinct[i]))
        total, done = sum(map(len, rows)), 0
        found = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        runs = list(_runs(rows, order))
        embed = side_by_side(lambda members: self._run([rows[i] for i in members]), runs, self.threads)
        for members, made in zip(runs, embed, strict=True):
            found[members] = made
            done += sum(len(rows[i]) for i in members)
            if on_progress is not None:
                on_progress(done, total)
        place = {text: index for index, text in enumerate(distinct)}
        return found[[place[text] for text in texts]]

    def _encode(self, texts: Sequence[str]) -> list[TokenRow]:
        try:
            encoded = self.tokenizer.encode_batch_fast(texts)
        except (TypeError, UnicodeEncodeError):
            encoded = self.tokenizer.encode_batch_fast([encodable(text) for text in texts])
        return [np.array(encoding.ids, dtype=np.int32) for encoding in encoded]

    def _run(self, rows: Sequence[TokenRow]) -> FloatArray:
        shape = len(rows), max(map(len, rows))
        ids: IntArray = np.full(shape, self.pad, dtype=np.int64)
        mask: IntArray = np.zeros(shape, dtype=np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        pooled: FloatArray = self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return pooled


def _runs(rows: Sequence[TokenRow], order: Sequence[int]) -> Iterator[list[int]]:
    """Cut an order by ascending length into runs of at most ``BATCH_TOKENS``, padding included."""
    members: list[int] = []
    for index in order:
        if members and (len(members) + 1) * len(rows[index]) > BATCH_TOKENS:
            yield members
            members = []
        members.append(index)
    if members:
        yield members


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def cpu_session(path: Path, threads: int | None = None) -> InferenceSession:
    """A session on the CPU, with as many threads as ``cpu_threads`` tells unless given."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cpu_threads()
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it remembers a plan per shape, and every run has another shape
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def cpu_threads() -> int:
    """As many as ``OMP_NUM_THREADS`` or the cores allow."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(given) if given.isdigit() and int(given) else MAX_THREADS)


def side_by_side(function: Callable[[T], U], items: Sequence[T], threads: int) -> Iterator[U]:
    """Results of a function in the order of its items, so many at once; for functions that let other threads run."""
    with ThreadPoolExecutor(max_workers=max(1, min(threads, os.cpu_count() or 1))) as pool:
        yield from pool.map(function, items)
