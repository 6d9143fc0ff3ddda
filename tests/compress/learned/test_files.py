"""A pruner's folder is what its manifest says, or is refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctxpipe.compress.learned import files
from ctxpipe.compress.learned.files import MANIFEST, SHIPPED, TOKENIZER, PrunerFiles, ScoreWeights
from ctxpipe.compress.learned.model import LearnedModel
from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.learned.scorer import LearnedScorer
from ctxpipe.compress.types import RankingText
from ctxpipe.errors import ModelError

MODEL = "pruner_int8.onnx"


@pytest.fixture
def copy(tiny_pruner: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_pruner / "int8", tmp_path / "pruner"))


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    edit(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_a_folder_is_described_without_its_network(copy: Path) -> None:
    whole = PrunerFiles.describe(copy)
    (copy / MODEL).unlink()
    again = PrunerFiles.describe(copy)
    assert again == whole
    assert again.near == ScoreWeights(fusion=1.0, first=0.1, second=0.0, link=0.1)
    assert again.weights == ScoreWeights(fusion=1.0, first=0.1, second=0.05, link=0.2)
    assert len(again.revision) == 12
    change(copy, lambda m: m["layout"].update(question=32))
    assert PrunerFiles.describe(copy).revision != again.revision
    change(copy, lambda m: m.pop("rank"))
    bare = PrunerFiles.describe(copy)
    assert (bare.near, bare.weights) == (ScoreWeights(second=0.0), ScoreWeights())


@pytest.mark.parametrize("name", [MODEL, TOKENIZER])
def test_a_missing_or_changed_file_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"damaged: .*{name} is not the file"):
        LearnedModel.load(copy)
    (copy / name).unlink()
    with pytest.raises(ModelError, match=f"not complete: .*{name}"):
        LearnedModel.load(copy)


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.pop("files"),
        lambda m: m.pop("sentence"),
        lambda m: m["sentence"].update(question=[1, 2]),
        lambda m: m["layout"].update(longest=100),
        lambda m: m["layout"].update(title="many"),
        lambda m: m["files"].pop(TOKENIZER),
        lambda m: m["files"].update({"../other.onnx": {"sha256": ""}}),
        lambda m: m.update(rank={"weights": {"fusion": "much"}}),
        lambda m: m.update(rank=[]),
    ],
)
def test_a_damaged_manifest_is_refused(copy: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    change(copy, edit)
    with pytest.raises(ModelError, match=r"manifest\.json is damaged") as caught:
        PrunerFiles.describe(copy)
    assert "\n" not in str(caught.value)


def test_what_is_no_manifest_or_a_later_one_is_refused(copy: Path) -> None:
    change(copy, lambda m: m.update(format=99))
    with pytest.raises(ModelError, match="format 99"):
        PrunerFiles.describe(copy)
    for text in ("", "[]", "{", '"a"'):
        (copy / MANIFEST).write_text(text)
        with pytest.raises(ModelError, match="is damaged"):
            PrunerFiles.describe(copy)


def test_a_file_that_is_no_network_is_refused(copy: Path) -> None:
    from training.files import sha256

    (copy / MODEL).write_bytes(b"no network")
    change(copy, lambda m: m["files"][MODEL].update(sha256=sha256(copy / MODEL)))
    with pytest.raises(ModelError, match="cannot load the pruner of"):
        LearnedModel.load(copy)


def test_a_package_without_its_pruner_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SHIPPED", tmp_path)
    with pytest.raises(ModelError, match=r"the package is not a pruner: .*manifest\.json is missing"):
        LearnedRanker().rank([RankingText(text="Some text.")], "What?")
    with pytest.raises(ModelError, match="the package is not a pruner"):
        LearnedScorer().identity()
    with pytest.raises(ModelError, match="nowhere is not a pruner"):
        LearnedScorer(model=tmp_path / "nowhere").identity()


@pytest.mark.skipif(not (SHIPPED / MANIFEST).is_file(), reason="no pruner is in this checkout")
def test_the_shipped_pruner_is_complete_and_small() -> None:
    model = LearnedModel.load()
    assert model.files.model.stat().st_size <= 25_000_000
    assert (SHIPPED / "MODEL_CARD.md").is_file()
    listed = {path.name for path in SHIPPED.iterdir()}
    assert listed == {MANIFEST, "MODEL_CARD.md", *model.files.hashes}
    assert "rank" in json.loads((SHIPPED / MANIFEST).read_text())
    asked = "Where did the lighthouse keeper hide the spoons?"
    texts = [
        RankingText(text=text, group=group)
        for group, text in enumerate(
            (
                "Herring gulls nest on the northern cliffs.",
                "The lighthouse keeper hid fourteen silver spoons under the stairs.",
                "Storms closed the harbour for nine days that winter.",
            )
        )
    ]
    scores = LearnedRanker().rank(texts, asked)
    assert scores.argmax() == 1
