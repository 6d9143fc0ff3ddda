"""Metrics, calibration, batches, and the whole chain on made-up data with a tiny body."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import files
from training.batches import collate, plan
from training.calibrate import PLAIN, Calibration, calibrate, error, sigmoid
from training.card import Stage, card
from training.compare import compare, paired
from training.development import predict, select
from training.examples import IGNORED, Examples
from training.export import INT8, MANIFEST, export, open_session, run_onnx
from training.metrics import Logits, area_under_curve, average_precision, best_f1, sentence_table, survival
from training.model import WEIGHTS
from training.prepare import prepare
from training.train import STATE, TrainingRun, TrainingSettings, balanced

SETTINGS = TrainingSettings(steps=10, rate=2e-3, cap=768, precision="float32", seed=3)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40))
def test_metrics_are_what_they_count(pairs: list[tuple[int, bool]]) -> None:
    score = np.array([float(s) for s, _ in pairs])
    positive = np.array([p for _, p in pairs])
    yes, no = score[positive], score[~positive]
    if len(yes) and len(no):
        wins = (yes[:, None] > no).sum() + 0.5 * (yes[:, None] == no).sum()
        assert area_under_curve(score, positive) == pytest.approx(wins / (len(yes) * len(no)))
    if len(yes):
        order = np.argsort(-score, kind="stable")
        hits = positive[order]
        expected = np.mean([hits[: i + 1].mean() for i in range(len(hits)) if hits[i]])
        assert average_precision(score, positive) == pytest.approx(expected)
        cuts = [2 * hits[:k].sum() / (k + len(yes)) for k in range(1, len(hits) + 1)]
        assert best_f1(score, positive) == pytest.approx(max(cuts))


def flat(sizes: list[list[int]], answers: set[tuple[int, int]], groups: list[int]) -> Examples:
    """Examples whose sentences have these sizes; ``answers`` names those with evidence."""
    sentence = [[i for i, size in enumerate(one) for _ in range(size)] for one in sizes]
    target = [[100 if (n, i) in answers else 0 for i in one] for n, one in enumerate(sentence)]
    lengths = [len(one) for one in sentence]
    count = len(sizes)
    return Examples(
        ids=np.ones(sum(lengths), dtype=np.uint16),
        target=np.concatenate(target).astype(np.uint8),
        sentence=np.concatenate(sentence).astype(np.uint8),
        offset=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        second=np.ones(count, dtype=np.int64),
        relevance=np.array([int(any(n == a for a, _ in answers)) for n in range(count)]),
        source=np.zeros(count, dtype=np.int64),
        kind=np.zeros(count, dtype=np.int64),
        group=np.array(groups),
    )


def test_survival_keeps_a_quarter_of_a_questions_tokens() -> None:
    examples = flat([[10, 10], [10, 10], [10, 30], [20, 20]], {(0, 0), (2, 0), (3, 1)}, [0, 0, 1, 1])
    table = sentence_table(examples, Logits(keep=np.zeros(120), relevance=np.zeros(4)))
    score = np.array([1.0, 0, 0, 0, 5, 0, 0, 4])  # 10 of 40 kept; then 10 of 80, and 20 more would be too many
    (found,) = survival(table, examples, score, 0).values()
    assert (found["any"], found["all"], found["n"]) == (1.0, 0.5, 2)
    (found,) = survival(table, examples, -score, 0).values()
    assert found["any"] == 0.0


def test_sentences_are_means_and_peaks_of_their_tokens() -> None:
    examples = flat([[2, 3]], {(0, 1)}, [0])
    table = sentence_table(examples, Logits(keep=np.array([1.0, 3, 0, 0, 6]), relevance=np.array([7.0])))
    assert table.features().tolist() == [[2.0, 3.0, 7.0], [2.0, 6.0, 7.0]]
    assert (table.label.tolist(), table.answer.tolist()) == ([0.0, 1.0], [False, True])


def test_calibration_finds_the_scale_that_was_put_in() -> None:
    draw = np.random.default_rng(0)
    examples = flat([[4, 4]] * 3000, set(), list(range(3000)))
    keep, relevance = draw.normal(0, 2, 24_000), draw.normal(0, 2, 3000)
    target = (draw.random(24_000) < sigmoid(0.5 * keep - 1)) * 100
    examples = replace(
        examples, target=target.astype(np.uint8), relevance=(draw.random(3000) < sigmoid(2 * relevance + 1)).astype(int)
    )
    logits = Logits(keep=keep, relevance=relevance)
    found = calibrate(examples, logits)
    assert found.keep == pytest.approx((0.5, -1), abs=0.08)
    assert found.relevance == pytest.approx((2, 1), abs=0.25)
    before, after = (error(sigmoid(c.scaled(logits).keep), target / 100) for c in (PLAIN, found))
    assert after < 0.02 < before
    assert Calibration.from_json(found.to_json()) == found


@settings(max_examples=40)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=200), st.integers(300, 900), st.integers(0, 5))
def test_a_plan_holds_every_example_once_below_the_cap(lengths: list[int], cap: int, seed: int) -> None:
    sizes = np.array(lengths)
    batches = plan(sizes, cap, seed=seed, epoch=1)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(batch) * sizes[batch].max() <= cap for batch in batches)
    again = plan(sizes, cap, seed=seed, epoch=1)
    assert all((a == b).all() for a, b in zip(batches, again, strict=True))


def test_unknown_targets_teach_nothing() -> None:
    import torch

    logit = torch.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    target = torch.tensor([[1.0, float("nan")], [0.0, float("nan")]])
    balanced(logit, target, 4.0).backward()
    assert logit.grad is not None
    assert (logit.grad[:, 1] == 0).all()
    assert (logit.grad[:, 0] != 0).all()
    assert float(balanced(logit.detach(), torch.full((2, 2), float("nan")), 4.0)) == 0.0


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    files.replace_atomically(path, lambda file: file.write(b"old"))

    def fail(file) -> None:
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        files.replace_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture(scope="module")
def tiny_body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two narrow layers with MiniLM's vocabulary."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("body")
    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, max_position_embeddings=400
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def prepared(made_data: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ctxpipe.compress.rank.embedder import OnnxEmbedder

    out = tmp_path_factory.mktemp("examples")
    prepare(
        data=made_data[0],
        evaluation=made_data[1],
        out=out,
        composed=True,
        share=1.0,
        scale=1.0,
        dev=0.25,
        dev_items=20,
        pool=500,
        seed=1,
        embedder=OnnxEmbedder.load(),
    )
    return out


def run(prepared: Path, out: Path, settings: TrainingSettings = SETTINGS) -> TrainingRun:
    names = files.read_json(prepared / "report.json")["sources"]
    train, dev = (Examples.load(prepared / f"{side}.npz") for side in ("train", "dev"))
    return TrainingRun(train=train, dev=dev, out=out, device="cpu", settings=settings, names=names, data="made")


def test_prepared_examples_are_reported(prepared: Path) -> None:
    report = files.read_json(prepared / "report.json")
    assert report["sources"] == ["hotpot_samples", "squad_misc", "composed"]
    assert set(report["refused"]) >= {"wice"}
    assert report["files"]["squad_misc"]["removed"]["question in evaluation"] == 1
    for side in ("train", "dev"):
        examples = Examples.load(prepared / f"{side}.npz")
        assert report["examples"][side]["examples"] == len(examples)
        assert report["examples"][side]["kinds"]["second"] > 0
        assert {0, 1} <= set(examples.relevance.tolist())
        batch = collate(examples, [0, 1, len(examples) - 1])
        assert batch.tokens == examples.lengths[[0, 1, -1]].sum()
        assert not batch.target.isnan().all()


def test_a_stopped_run_ends_where_one_without_a_stop_does(
    prepared: Path, tiny_body: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    whole, parts = run(prepared, tmp_path / "whole"), run(prepared, tmp_path / "parts")
    metrics = whole.train_all(str(tiny_body), save_seconds=1e9, eval_seconds=0)
    step = TrainingRun._step
    seen = []

    def stop(self: TrainingRun, *given: object) -> float:
        seen.append(1)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return step(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "_step", stop)
        with pytest.raises(KeyboardInterrupt):
            parts.train_all(str(tiny_body), save_seconds=0, eval_seconds=1e9)
    again = run(prepared, tmp_path / "parts").train_all(str(tiny_body), save_seconds=1e9, eval_seconds=1e9)
    assert again["tokens"] == metrics["tokens"]
    first, second = (load_file(tmp_path / name / STATE) for name in ("whole", "parts"))
    assert all((first[name] == second[name]).all() for name in first)
    kept = load_file(tmp_path / "whole" / WEIGHTS)
    assert all((first[f"model.{name}"] == kept[name]).all() for name in kept)  # those of the last step
    with pytest.raises(click.UsageError, match="other settings"):
        run(prepared, tmp_path / "parts", replace(SETTINGS, rate=1e-3)).train_all(
            str(tiny_body), save_seconds=1e9, eval_seconds=1e9
        )


def test_trained_exported_and_described(prepared: Path, tiny_body: Path, tmp_path: Path) -> None:
    few = run(prepared, tmp_path / "run", replace(SETTINGS, epochs=25, steps=60, rate=5e-3))
    members = np.isin(few.train.group, np.unique(few.train.group)[:6])
    few.train = few.dev = select(few.train, members)
    metrics = few.train_all(str(tiny_body), save_seconds=1e9, eval_seconds=1e9)
    found = metrics["dev"]["question"]  # the examples that were learnt: chance would be the share of wanted tokens
    assert found["token_ap"] > 1.5 * found["token_share"]
    assert found["relevance_auc"] > 0.7
    manifest = export(prepared, tmp_path / "run", tmp_path / "out", checked=60)
    assert manifest["files"][INT8]["sha256"] == files.sha256(tmp_path / "out" / INT8)
    assert files.read_json(tmp_path / "out" / MANIFEST)["version"] == manifest["version"]
    assert manifest["check"]["float32"]["largest_difference"] < 1e-3
    assert manifest["check"]["float32"]["same_sentences"] == 1.0
    assert manifest["check"]["int8"]["same_tokens"] > 0.8

    dev = Examples.load(prepared / "dev.npz")
    calibration = Calibration.from_json(files.read_json(tmp_path / "run" / "calibration.json"))
    from training.model import trained

    expected = calibration.scaled(predict(trained(tmp_path / "run"), dev, "cpu", autocast=nullcontext()))
    said = run_onnx(open_session(tmp_path / "out" / "pruner.onnx"), dev)
    inside = dev.sentence != IGNORED
    np.testing.assert_allclose(said.keep[inside], expected.keep[inside], atol=1e-3)
    np.testing.assert_allclose(said.relevance, expected.relevance, atol=1e-3)

    report = files.read_json(prepared / "report.json")
    text = card(manifest, report)
    for word in (manifest["version"], "hotpot_samples", "CC BY-SA 4.0", "wice", "Weaknesses", "same_tokens"):
        assert word in text
    before = Stage(report, metrics | {"steps": 123}, {"rate": 0.25})
    text = card(manifest, report, before=[before])
    for word in ("tokens in training 2", "1. ", "rate 0.25. 123 steps", "2. ", "the weights of the one before"):
        assert word in text


def test_two_pruners_are_compared_question_by_question(prepared: Path, tiny_body: Path, tmp_path: Path) -> None:
    some = run(prepared, tmp_path / "trained", replace(SETTINGS, epochs=25, steps=60, rate=5e-3))
    members = np.isin(some.train.group, np.unique(some.train.group)[:6])
    some.train = some.dev = select(some.train, members)
    none = run(prepared, tmp_path / "untrained", replace(SETTINGS, steps=1, rate=0.0))
    for one in (some, none):
        one.train_all(str(tiny_body), save_seconds=1e9, eval_seconds=1e9)
        export(prepared, one.out, one.out / "out", checked=20)
    found = compare(some.dev, some.out / "out", none.out / "out")["question"]["token_ap"]
    assert found["n"] == 6
    assert found["difference"] == pytest.approx(found["pruner"] - found["against"])
    assert 0 < found["low"] < found["difference"] < found["high"]
    same = compare(some.dev, some.out / "out", some.out / "out")
    assert {row["difference"] for rows in same.values() for row in rows.values()} == {0.0}


def test_each_file_has_one_vote() -> None:
    first, second = np.array([1.0, 1, 1, 0]), np.array([0.0, 0, 0, 0])
    found = paired(first, second, ["large", "large", "large", "small"])
    assert (found["pruner"], found["difference"]) == (0.5, 0.5)


def test_a_second_training_begins_with_the_weights_of_the_first(
    prepared: Path, tiny_body: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    still = replace(SETTINGS, steps=1, rate=0.0)
    run(prepared, tmp_path / "first", replace(SETTINGS, steps=2)).train_all(
        str(tiny_body), save_seconds=1e9, eval_seconds=1e9
    )
    run(prepared, tmp_path / "second", still).train_all(
        str(tiny_body), tmp_path / "first", save_seconds=1e9, eval_seconds=1e9
    )
    first, second = (load_file(tmp_path / name / WEIGHTS) for name in ("first", "second"))
    assert all((first[name] == second[name]).all() for name in first)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is asked")
def test_freed_memory_is_kept_for_the_next_batch() -> None:
    code = """
import resource, torch
from training.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(4_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
assert keep_freed_memory()
kept = faults()
assert kept < given_back / 3, (kept, given_back)
"""
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
