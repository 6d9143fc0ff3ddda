"""The shipped pruner has its word embeddings from the embedded encoder and a difference, or is refused in one line."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctxpipe.compress.learned import words
from ctxpipe.compress.learned.files import MANIFEST, SHIPPED, PrunerFiles
from ctxpipe.compress.learned.model import LearnedModel
from ctxpipe.errors import ModelError

NETWORK = "55984d876d87bfd4f39469504d10550ea3c30c893f567d2970c165ceb2e4a34f"
"""SHA-256 of the network as it was exported, with its word embeddings inside."""
WORDS = "3b96d9ae92c7dad437472fa273ba8d44c77f70dab4fe3abf7d36c06ad0ce2e0f"
REVISION = "661a5daf5a31"
"""Of scores that were stored with the whole network."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "pruner"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.ship import unship

    folder = tmp_path_factory.mktemp("pruner") / "whole"
    unship(SHIPPED, folder)
    return folder


def test_the_sum_is_the_matrix_of_the_export() -> None:
    files = PrunerFiles.describe()
    assert files.words is not None
    matrix = files.words.read(SHIPPED)
    assert (matrix.dtype, matrix.shape) == (np.uint8, (30522, 384))
    assert hashlib.sha256(matrix.tobytes()).hexdigest() == WORDS
    assert (files.revision, files.words.whole) == (REVISION, NETWORK)


def test_with_the_matrix_inside_it_is_the_exported_network_and_says_the_same(whole: Path) -> None:
    assert hashlib.sha256((whole / "pruner_int8.onnx").read_bytes()).hexdigest() == NETWORK
    assert PrunerFiles.describe(whole).words is None
    assert PrunerFiles.describe(whole).revision == REVISION
    shared, alone = LearnedModel.load(), LearnedModel.load(whole)
    gc.collect()  # the session has a copy of the matrix
    draw = np.random.default_rng(0)
    for length in (3, 17, 64, 352):
        ids = draw.integers(0, 30522, (1, length))
        row = {"input_ids": ids, "token_type_ids": (np.arange(length)[None] > length // 2).astype(np.int64)}
        for one, other in zip(shared.session.run(None, row), alone.session.run(None, row), strict=True):
            assert one.tobytes() == other.tobytes()


def test_a_changed_or_missing_encoder_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(words.ENCODER.read_bytes())
    content[len(content) // 2] ^= 1
    monkeypatch.setattr(words, "ENCODER", tmp_path / "encoder.onnx")
    with pytest.raises(ModelError, match=r"not complete: .*encoder\.onnx.*; install ctxpipe again"):
        LearnedModel.load()
    for changed in (content, content[: len(content) // 2], b""):
        words.ENCODER.write_bytes(changed)
        with pytest.raises(ModelError, match=r"damaged: .*words\.zlib and .*encoder\.onnx do not add up") as caught:
            LearnedModel.load()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no zlib", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_a_changed_difference_is_one_line(copy: Path, content: bytes) -> None:
    (copy / "words.zlib").write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged: .*words\.zlib is not the file that manifest\.json names"):
        LearnedModel.load(copy)
    described = PrunerFiles.describe(copy).words
    assert described is not None
    with pytest.raises(ModelError, match=r"the pruner is damaged: .*words\.zlib"):
        described.read(copy)
    (copy / "words.zlib").unlink()
    with pytest.raises(ModelError, match=r"not complete: .*words\.zlib"):
        LearnedModel.load(copy)


@pytest.mark.parametrize(
    "edit",
    [
        lambda about: about.pop("sha256"),
        lambda about: about.update(shape=[0, 384]),
        lambda about: about.update(shape=[30522]),
        lambda about: about.update(offset=-1),
        lambda about: about.update(difference="../other.zlib"),
    ],
)
def test_a_damaged_description_is_refused(copy: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    edit(manifest["words"])
    (copy / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"manifest\.json is damaged"):
        PrunerFiles.describe(copy)
