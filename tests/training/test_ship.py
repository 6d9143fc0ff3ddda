"""A whole pruner becomes the one in the package, and back."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import click
import onnx
import pytest
from onnx import numpy_helper

from ctxpipe.compress.learned.files import MANIFEST, SHIPPED, PrunerFiles
from ctxpipe.compress.learned.model import LearnedModel
from training.ship import CARD, DIFFERENCE, ship, unship


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pruner") / "whole"
    unship(SHIPPED, folder)
    return folder


def test_shipping_the_whole_again_gives_the_shipped_files(whole: Path, tmp_path: Path) -> None:
    ship(whole, tmp_path)
    for name in ("pruner_int8.onnx", "tokenizer.json", CARD):
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes(), name
    packed = [zlib.decompress((folder / DIFFERENCE).read_bytes()) for folder in (tmp_path, SHIPPED)]
    assert packed[0] == packed[1]  # other versions of zlib pack otherwise
    assert PrunerFiles.describe(tmp_path).words == PrunerFiles.describe().words
    assert LearnedModel.load(tmp_path).files.revision == PrunerFiles.describe().revision


def test_the_whole_names_its_files_and_no_difference(whole: Path) -> None:
    manifest = json.loads((whole / MANIFEST).read_text())
    assert ("words" in manifest, set(manifest["files"])) == (False, {"pruner_int8.onnx", "tokenizer.json"})
    assert "In the package" not in (whole / CARD).read_text()
    with pytest.raises(click.ClickException, match="is whole"):
        unship(whole, whole)


def test_word_embeddings_of_another_shape_are_refused(whole: Path, tmp_path: Path) -> None:
    network = onnx.load(whole / "pruner_int8.onnx")
    (words,) = (
        tensor for tensor in network.graph.initializer if tensor.name.endswith("word_embeddings.weight_quantized")
    )
    words.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(words)[:100], words.name))
    onnx.save(network, tmp_path / "pruner_int8.onnx")
    (tmp_path / MANIFEST).write_text((whole / MANIFEST).read_text())
    with pytest.raises(click.ClickException, match="another shape than the encoder's"):
        ship(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
