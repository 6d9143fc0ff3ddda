"""Sentence embeddings on the CPU with ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.types import OnProgress
from ctxpipe.models.batches import token_batches
from ctxpipe.models.cpu import cpu_session, cpu_threads, side_by_side
from ctxpipe.models.encoders import exported
from ctxpipe.models.encoding import encodings
from ctxpipe.models.hub import loading
from ctxpipe.models.onnx import FLOAT_FILE, INT8_FILE

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MAX_TOKENS = 256
BATCH_TOKENS = 256
"""Tokens per run, padding included; one run per core in parallel, each on one thread."""

Precision = Literal["int8", "float32"]
TokenRow = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxEmbedder:
    """A sentence encoder: tokenizer, network, mean pooling, unit length.

    The same texts give bit-identical results in any order. With int8, a text's row depends a little on the texts in the
    same run, because activations are scaled per run (cosine 0.99 on average); with float32 it does not.

    Attributes:
        name: The model's name as given.
        dimension: Length of a row.
        session, tokenizer, pad: The ONNX Runtime session, the tokenizer, and the padding id.
        threads: Runs in parallel; the number does not change the result.
        batch_tokens: Most tokens per run; a longer text is read alone.
    """

    name: str
    dimension: int
    session: InferenceSession
    tokenizer: Tokenizer
    pad: int
    threads: int = 1
    batch_tokens: int = BATCH_TOKENS

    @classmethod
    def load(
        cls, name: str = "minilm-l6", *, precision: Precision = "int8", batch_tokens: int = BATCH_TOKENS
    ) -> OnnxEmbedder:
        """Load an encoder; all but the embedded int8 one are exported to ONNX in the cache on first use.

        Args:
            name: An embedded model, or a folder or Hugging Face id of a BERT-like encoder.
            precision: ``int8`` is about twice as fast.
            batch_tokens: Most tokens per run, padding included; with 1 each text is read alone.

        Raises:
            MissingExtraError: if it must be exported and the extra ``local`` is missing.
            ModelError: if it cannot be found, fetched, exported or loaded.
        """
        file = INT8_FILE if precision == "int8" else FLOAT_FILE
        folder = exported(name, file)
        with loading(name, "encoder"):
            session = cpu_session(folder / file, threads=1)
            tokenizer = _tokenizer(folder)
            pad = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("pad_token_id") or 0
        return cls(
            name=name,
            dimension=session.get_outputs()[0].shape[1],
            session=session,
            tokenizer=tokenizer,
            pad=pad,
            threads=cpu_threads(),
            batch_tokens=batch_tokens,
        )

    def encode(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> FloatArray:
        """Embed texts; only the first 256 tokens of a text are read.

        Args:
            texts: Texts; they may be empty.
            on_progress: Called with tokens done and tokens in all.

        Returns:
            float32 of shape (len(texts), dimension), rows of unit length.
        """
        distinct = list(dict.fromkeys(texts))
        encoded = encodings(self.tokenizer, distinct, special=True, fast=True)
        rows = [np.array(encoding.ids, dtype=np.int32) for encoding in encoded]
        order = sorted(range(len(distinct)), key=lambda i: (len(rows[i]), distinct[i]))
        total, done = sum(map(len, rows)), 0
        pooled = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        runs = list(token_batches([len(row) for row in rows], self.batch_tokens, order=order))
        embed = side_by_side(lambda members: self._run([rows[i] for i in members]), runs, self.threads)
        for members, made in zip(runs, embed, strict=True):
            pooled[members] = made
            done += sum(len(rows[i]) for i in members)
            if on_progress is not None:
                on_progress(done, total)
        place = {text: index for index, text in enumerate(distinct)}
        return pooled[[place[text] for text in texts]]

    def _run(self, rows: Sequence[TokenRow]) -> FloatArray:
        shape = len(rows), max(map(len, rows))
        ids: IntArray = np.full(shape, self.pad, dtype=np.int64)
        mask: IntArray = np.zeros(shape, dtype=np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        pooled: FloatArray = self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return pooled


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer
