"""The files of embedded models in the package do what the pulled models do, and are checked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import library

from ctxpipe.compress.rank.embedder import OnnxEmbedder
from ctxpipe.errors import ModelError
from ctxpipe.models import catalogue, shipped
from ctxpipe.models.onnx import INT8_FILE
from ctxpipe.models.tokenizer import TargetTokenizer

TEXTS = st.text(
    st.one_of(st.sampled_from("ab1 \n\r\t.,'<|>_/—é中🙂\u0301"), st.characters(exclude_categories=["Cs"])), max_size=200
)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped files, which is what is looked into; nothing else is at hand."""
    shutil.copytree(shipped.FOLDER, tmp_path / "embedded")
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "embedded")
    monkeypatch.setenv("CTXPIPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "embedded"


def test_every_manifest_names_its_pinned_source_and_the_files_beside_it() -> None:
    folders = sorted(path.name for path in shipped.FOLDER.iterdir())
    assert set(folders) < set(catalogue.EMBEDDED)
    for name in folders:
        manifest = json.loads((shipped.FOLDER / name / shipped.MANIFEST).read_text())
        model = catalogue.EMBEDDED[name]
        assert (manifest["source"], manifest["licence"]) == (model.sources[0].label, model.licence)
        assert manifest["source_files"] == {
            member.path: member.file.sha256 for member in model.sources[0].wheel.members
        }
        beside = {path.name for path in (shipped.FOLDER / name).iterdir()} - {shipped.MANIFEST}
        assert set(manifest["files"]) == beside
        assert shipped.shipped(name, *beside) == shipped.FOLDER / name


@pytest.fixture(scope="module")
def reference(smollm2_dir: Path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(smollm2_dir)
    tokenizer.model_max_length = 10**9
    return tokenizer


@pytest.fixture(scope="module")
def counter() -> TargetTokenizer:
    return TargetTokenizer.load("smollm2-135m")


@given(text=TEXTS)
def test_the_shipped_tokenizer_counts_as_the_model_does(reference, counter: TargetTokenizer, text: str) -> None:
    assert counter.count(text) == len(reference(text, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize("name", sorted(library()))
def test_documents_have_the_tokens_of_the_model(reference, counter: TargetTokenizer, name: str) -> None:
    text = library()[name].text[:20_000]
    expected = reference(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert counter.offsets(text).tolist() == [list(pair) for pair in expected]


def test_the_shipped_encoder_embeds_bit_for_bit_as_the_exported_one(minilm_dir: Path, monkeypatch) -> None:
    texts = [document.text[i : i + 300] for document in library().values() for i in range(0, 3000, 300)]
    from_package = OnnxEmbedder.load("minilm-l6").encode(texts)
    monkeypatch.setattr(shipped, "FOLDER", minilm_dir / "nothing")
    exported = OnnxEmbedder.load("minilm-l6").encode(texts)
    assert np.array_equal(from_package, exported)


def test_nothing_is_fetched_for_what_the_default_method_reads(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert TargetTokenizer.load("smollm2-135m").count("a b") == 2
    assert OnnxEmbedder.load("minilm-l6").encode(["a"]).shape == (1, 384)
    assert not (copy.parent / "cache").exists()


@pytest.mark.parametrize("damage", ["missing", "changed"])
@pytest.mark.parametrize(("name", "file"), [("minilm-l6", INT8_FILE), ("smollm2-135m", "tokenizer.json")])
def test_a_damaged_file_is_one_line(copy: Path, damage: str, name: str, file: str) -> None:
    path = copy / name / file
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    load = OnnxEmbedder.load if name == "minilm-l6" else TargetTokenizer.load
    with pytest.raises(ModelError, match=rf"{file} is not the file that ctxpipe came with; install ctxpipe again"):
        load(name)


def test_what_is_not_shipped_is_looked_for_elsewhere() -> None:
    assert shipped.shipped("minilm-l6", "model.onnx") is None
    assert shipped.shipped("gpt2", "tokenizer.json") is None
    assert shipped.shipped_hashes("../embedded/minilm-l6") == {}
