"""Weights are fitted on development questions at the pipeline's own granularity, the same each time."""

from __future__ import annotations

import json
import random
import runpy
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctxpipe.compress.learned.files import PrunerFiles, ScoreWeights
from ctxpipe.compress.learned.model import LearnedModel
from ctxpipe.compress.learned.ranker import Look
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.types import RankingText

RECIPE_TESTS = Path(__file__).parents[2] / "training" / "conftest.py"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Training files, evaluation sets, and what preparation wrote of its options."""
    support = runpy.run_path(str(RECIPE_TESTS), run_name="recipe")
    root = tmp_path_factory.mktemp("combine")
    draw = random.Random(0)
    hops = [support["chained"](support["made_item"](draw, n, "hotpot_samples")) for n in range(20)]
    support["write_rows"](root / "training" / "hotpot_samples.jsonl.gz", hops)
    for name in ("squad_misc", "ml_faquad"):
        rows = [support["made_item"](draw, number, name) for number in range(20)]
        support["write_rows"](root / "training" / f"{name}.jsonl.gz", rows)
    support["write_rows"](root / "data" / "dev.jsonl.gz", [{"documents": [{"title": "", "text": ""}], "question": "?"}])
    (root / "examples").mkdir()
    options = {"share": 1.0, "dev": 0.4, "dev_items": 5, "seed": 0, "composed": True}
    (root / "examples" / "report.json").write_text(json.dumps({"options": options}))
    return root / "training", root / "data", root / "examples"


def test_weights_are_fitted_and_used(folders: tuple[Path, Path, Path], tiny_pruner: Path, tmp_path: Path) -> None:
    from ctxpipe.compress.rank.embedder import OnnxEmbedder
    from training.combine import FUSION, LINK, SECOND, SHOWN, combine

    embedder = OnnxEmbedder.load()
    results = []
    for name in ("first", "again"):
        pruner = shutil.copytree(tiny_pruner / "int8", tmp_path / name)
        results.append(combine(*folders, pruner, items=4, embedder=embedder))
        manifest = json.loads((pruner / "manifest.json").read_text())
        assert manifest["rank"] == json.loads(json.dumps(results[-1]))
        found = PrunerFiles.describe(pruner)
        assert found.weights == ScoreWeights(**results[-1]["weights"])
        assert found.near == ScoreWeights(**results[-1]["near"])
    assert results[0] == results[1]
    for weights in (results[0]["near"], results[0]["weights"], *results[0]["crossed"].values()):
        assert weights["fusion"] in FUSION
        assert weights["second"] in (0.0, *SECOND)
        assert weights["link"] in LINK
    assert results[0]["near"]["second"] == 0
    assert set(results[0]["held"]) == {"hotpot_samples", "squad_misc"}
    assert set(results[0]["languages"]) == {"ml_faquad"}
    for row in (*results[0]["held"].values(), *results[0]["languages"].values()):
        assert all(0 <= row[f"{way}@{rate:g}"] <= 1 for way in ("fusion", "learned") for rate in SHOWN)


def test_documents_hold_the_evidence_and_enough_beside_it(
    folders: tuple[Path, Path, Path], tiny_pruner: Path, minilm_dir: Path
) -> None:
    from ctxpipe.compress.rank.embedder import OnnxEmbedder
    from training.trials import LEAST_CHARACTERS, development, drawn, trials

    model = LearnedModel.load(tiny_pruner / "int8")
    held = development(*folders)
    items = drawn(held, ["hotpot_samples"], 2)
    assert drawn(list(reversed(held)), ["hotpot_samples"], 2) == items
    for item, trial in zip(items, trials(items, held, model, OnnxEmbedder.load()), strict=True):
        every = " ".join(text.text for text in trial.look.texts)
        assert len(every) > 0.5 * min(LEAST_CHARACTERS, sum(len(p.text) for i in held for p in i.passages))
        assert (trial.kind, len(trial.evidence)) == ("all", 2)
        for span in item.evidence:
            wanted = item.passages[span.passage].text[span.start : span.end]
            assert any(wanted in trial.look.texts[i].text for members in trial.evidence for i in members)


def test_survival_counts_what_fits(tiny_pruner: Path) -> None:
    from training.trials import Trial

    model = LearnedModel.load(tiny_pruner / "int8")
    texts = [RankingText(text=f"Sentence number {n}.", group=n) for n in range(4)]
    look = Look(model, texts, "Which?", np.zeros(4))
    assert len(set(look.size.tolist())) == 1
    scores = np.array([4.0, 3.0, 2.0, 1.0])
    for kind, evidence, rate, expected in (
        ("any", ((1,), (3,)), 0.5, 1.0),
        ("all", ((1,), (3,)), 0.5, 0.0),
        ("all", ((0, 3), (1, 2)), 0.5, 1.0),
        ("share", ((0, 2), (3,)), 0.5, 1 / 3),
        ("any", ((1,),), 0.49, 0.0),
    ):
        trial = Trial(source="made", evidence=evidence, kind=kind, look=look)
        assert trial.survival(scores, rate) == pytest.approx(expected)


def test_weights_that_bring_evidence_sooner_have_more_merit(tiny_pruner: Path) -> None:
    from training.combine import Read, merit
    from training.trials import Trial

    model = LearnedModel.load(tiny_pruner / "int8")
    texts = [RankingText(text=f"Sentence number {n}.", group=n) for n in range(6)]
    look = Look(model, texts, "Which?", np.arange(6.0))
    first = np.arange(6.0)[::-1]
    early = Trial(source="squad_misc", evidence=((0,),), kind="any", look=look)
    late = Trial(source="selqa", evidence=((0,), (3,)), kind="all", look=look)
    trusting, doubting = ScoreWeights(fusion=0.0, second=0.0), ScoreWeights(first=0.0, second=0.0)
    for trial in (early, late):
        assert merit([Read(trial, first, ())], trusting) > merit([Read(trial, first, ())], doubting)
    assert merit([Read(early, first, ())], trusting) > merit([Read(late, first, ())], trusting)
    few, many = Read(early, first, ()), Read(late, first, ())
    both = merit([few, *[many] * 20], trusting)
    assert abs(both - merit([many], trusting)) < abs(both - merit([few], trusting))
    chains = Read(replace(late, source="hotpot_samples"), first, ())
    halves = merit([few], trusting), merit([chains], trusting)
    assert merit([few, chains, chains], trusting) == pytest.approx(sum(halves) / 2)


def test_the_fusion_is_what_the_pipeline_ranks_with(folders: tuple[Path, Path, Path], tiny_pruner: Path) -> None:
    from ctxpipe.compress.rank.embedder import OnnxEmbedder
    from training.trials import development, drawn, trials

    held = development(*folders)
    (trial,) = trials(
        drawn(held, ["squad_misc"], 1), held, LearnedModel.load(tiny_pruner / "int8"), OnnxEmbedder.load()
    )
    expected = HybridRanker().rank(trial.look.texts, trial.look.question)
    np.testing.assert_allclose(trial.look.fusion, expected, rtol=1e-6)
