"""Word embeddings that a pruner shares with the embedded encoder, from which it was trained.

Only the difference is stored. The sum is exact: the matrix is the one that the network was exported with, bit for bit.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxpipe.errors import ModelError, reason_of
from ctxpipe.models.onnx import INT8_FILE
from ctxpipe.models.shipped import FOLDER

ENCODER = FOLDER / "minilm-l6" / INT8_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWords:
    """Where the word embeddings of a network come from.

    Attributes:
        name: Their name in the network.
        difference: File beside the network: zlib, of the bytes of network less encoder, modulo 256.
        offset: Bytes before the encoder's matrix in its ONNX file.
        shape: Rows and columns, one byte each.
        sha256: Hash of the network's matrix.
        whole: Hash of the network's file with the matrix inside, from which this one was made.
    """

    name: str
    difference: str
    offset: int
    shape: tuple[int, int]
    sha256: str
    whole: str

    @classmethod
    def described(cls, about: dict[str, Any]) -> SharedWords:
        """What a manifest says of them.

        Raises:
            KeyError, TypeError, ValueError: if it is damaged.
        """
        rows, columns = map(int, about["shape"])
        words = cls(
            name=str(about["name"]),
            difference=str(about["difference"]),
            offset=int(about["offset"]),
            shape=(rows, columns),
            sha256=str(about["sha256"]),
            whole=str(about["whole"]),
        )
        if min(rows, columns) < 1 or words.offset < 0:
            raise ValueError(f"its word embeddings have no place: {words.shape} from {words.offset}")
        return words

    def read(self, folder: Path) -> NDArray[np.uint8]:
        """The matrix, uint8 of ``shape``.

        Args:
            folder: That of the network.

        Raises:
            ModelError: if one of the two files is missing, or they do not add up to the matrix.
        """
        beside, size = folder / self.difference, self.shape[0] * self.shape[1]
        try:
            with ENCODER.open("rb") as file:
                file.seek(self.offset)
                base = file.read(size)
            difference = zlib.decompressobj().decompress(beside.read_bytes(), size)
        except OSError as exc:
            told = f"the pruner is not complete: {exc.filename}: {reason_of(exc)}; install ctxpipe again"
            raise ModelError(told) from exc
        except zlib.error as exc:
            raise ModelError(f"the pruner is damaged: {beside}: {exc}") from exc
        if len(base) == len(difference) == size:
            matrix = np.frombuffer(base, dtype=np.uint8) + np.frombuffer(difference, dtype=np.uint8)
            if hashlib.sha256(matrix.data).hexdigest() == self.sha256:
                return matrix.reshape(self.shape)
        raise ModelError(
            f"the pruner is damaged: {beside} and {ENCODER} do not add up to its word embeddings; install ctxpipe again"
        )
