"""What the cache saves a pipeline, over processes too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from samples import prose

from ctxpipe.compress.prune.reference.scorer import ReferenceScorer
from ctxpipe.compress.types import (
    Document,
)
from ctxpipe.pipeline.pipeline import Pipeline


@pytest.mark.parametrize(
    ("prune", "runtime"), [("llmlingua", "torch"), ("llmlingua2", "onnxruntime"), ("reference", "llmlingua")]
)
def test_a_second_budget_of_a_new_process_loads_no_model(
    prune: str, runtime: str, tmp_path: Path, tiny_causal: Path, tiny_classifier: Path
) -> None:
    """Two budgets, below and above the first, in a process of its own that must not import what runs the model."""
    (tmp_path / "note.txt").write_text(prose(40), encoding="utf-8")
    code = (
        "import json, sys\n"
        "from ctxpipe import Pipeline\n"
        "pipeline = Pipeline(prune=sys.argv[1], prune_model=sys.argv[3])\n"
        "texts = [pipeline.compress(sys.argv[4], budget=int(b)).text for b in sys.argv[5:]]\n"
        "print(json.dumps([texts, sys.argv[2] in sys.modules]))\n"
    )
    model = str(tiny_causal if prune == "llmlingua" else tiny_classifier)

    def run(*budgets: int) -> tuple[list[str], bool]:
        done = subprocess.run(
            [sys.executable, "-c", code, prune, runtime, model, str(tmp_path / "note.txt"), *map(str, budgets)],
            env={**os.environ, "CTXPIPE_SCORES": str(tmp_path / "scores"), "CUDA_VISIBLE_DEVICES": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        texts, loaded = json.loads(done.stdout)
        return texts, loaded

    first, loaded = run(200, 90, 400)
    assert loaded is True
    again, loaded = run(90, 400)
    assert loaded is False
    assert again == first[1:]


def test_a_walk_is_not_kept(tiny_causal: Path, tiny_classifier: Path) -> None:
    """Its numbers depend on all texts together; those of the package's classifier on one text."""
    assert ReferenceScorer(model=str(tiny_causal)).identity() is None
    assert ReferenceScorer(model=str(tiny_classifier), mode="llmlingua").identity() is None
    kept = ReferenceScorer(model=str(tiny_classifier), dtype="bfloat16").identity()
    assert kept is not None
    assert (kept.scorer, kept.dtype, kept.asks, len(kept.revision)) == ("reference", "bfloat16", False, 12)


def test_no_cache_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTXPIPE_SCORES", str(tmp_path / "s"))
    document = Document(text=prose(40))
    kept = Pipeline(rank="embedding").compress(document, question="Which market?", budget=60)
    assert (tmp_path / "s").exists()
    (tmp_path / "s").unlink()
    again = Pipeline(rank="embedding", score_cache=0).compress(document, question="Which market?", budget=60)
    assert not (tmp_path / "s").exists()
    assert kept.text == again.text


def test_a_damaged_cache_is_a_note_of_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s").write_bytes(os.urandom(9000))
    monkeypatch.setenv("CTXPIPE_SCORES", str(tmp_path / "s"))
    pipeline = Pipeline(rank="embedding")
    document = Document(text=prose(40))
    (note,) = pipeline.compress(document, question="Which market?", budget=60).notes
    assert "renamed" in note
    assert pipeline.compress(document, question="Which market?", budget=60).notes == ()
