"""Classifiers by what their config says, on both runtimes."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from ctxpipe.compress.prune.llmlingua2 import export, scorer
from ctxpipe.compress.prune.llmlingua2.classifier import TokenRow
from ctxpipe.compress.prune.llmlingua2.config import DEFAULT_MODEL, ClassifierConfig
from ctxpipe.compress.prune.llmlingua2.loading import load_classifier, settled
from ctxpipe.compress.prune.llmlingua2.onnx_model import OnnxClassifier
from ctxpipe.compress.prune.llmlingua2.torch_model import TorchClassifier
from ctxpipe.errors import ModelError, UsageError
from ctxpipe.models.batches import token_batches
from ctxpipe.models.cpu import cpu_session

LENGTHS = (7, 120, 3, 120, 64, 500, 1)


@pytest.fixture(scope="module")
def rows() -> list[TokenRow]:
    draw = np.random.default_rng(5)
    return [draw.integers(5, 250, size=length).astype(np.int32) for length in LENGTHS]


def expected(config: ClassifierConfig, rows: list[TokenRow]) -> list[np.ndarray]:
    """Each row alone through transformers."""
    import torch
    from transformers import AutoModelForTokenClassification

    network = AutoModelForTokenClassification.from_pretrained(config.place, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = [network(input_ids=torch.from_numpy(row.astype(np.int64))[None]).logits[0] for row in rows]
    return [torch.softmax(each, -1)[:, config.keep].numpy() for each in logits]


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
@pytest.mark.parametrize("family", ["xlmr", "modernbert"])
def test_float32_is_what_transformers_gives(
    family: str, runtime: str, rows: list[TokenRow], request: pytest.FixtureRequest
) -> None:
    config = ClassifierConfig.describe(str(request.getfixturevalue(family)))
    steps: list[tuple[int, int]] = []
    model = load_classifier(config, device="cpu", dtype="fp32", runtime=runtime)
    found = model.keep_probabilities(rows, lambda done, total: steps.append((done, total)))
    for mine, theirs in zip(found, expected(config, rows), strict=True):
        assert mine.dtype == np.float32
        assert np.abs(mine - theirs).max() < 2e-5
    assert steps[-1] == (sum(LENGTHS), sum(LENGTHS))
    assert steps == sorted(steps)
    assert model.keep_probabilities([]) == []


def test_padded_batches_say_what_single_rows_say(xlmr: Path, rows: list[TokenRow]) -> None:
    config = ClassifierConfig.describe(str(xlmr))
    alone = TorchClassifier.load(config, device="cpu", dtype="float32")
    together = TorchClassifier(config=config, network=alone.network, batch_tokens=10_000)
    for one, many in zip(alone.keep_probabilities(rows), together.keep_probabilities(rows), strict=True):
        assert np.abs(one - many).max() < 2e-5


def test_the_loop_of_a_gpu_says_what_that_of_a_cpu_does(xlmr: Path, rows: list[TokenRow]) -> None:
    model = TorchClassifier.load(ClassifierConfig.describe(str(xlmr)), device="cpu", dtype="float32")
    batches = list(token_batches([len(row) for row in rows], model.batch_tokens))
    ways = model._side_by_side(rows, batches), model._overlapped(rows, batches)
    for members, (one, other) in zip(batches, zip(*ways, strict=True), strict=True):
        for place, values in (one, other):
            assert place == members
            assert np.abs(values - one[1]).max() < 2e-5


def test_torch_keeps_its_threads(xlmr: Path, rows: list[TokenRow]) -> None:
    import torch

    model = TorchClassifier.load(ClassifierConfig.describe(str(xlmr)), device="cpu", dtype="float32")
    before = torch.get_num_threads()
    model.keep_probabilities(rows)
    assert torch.get_num_threads() == before
    with pytest.raises(IndexError):
        model.keep_probabilities([*rows, np.array([10**6], dtype=np.int32)])
    assert torch.get_num_threads() == before


def test_half_precision_is_close(xlmr: Path, rows: list[TokenRow]) -> None:
    config = ClassifierConfig.describe(str(xlmr))
    exact = np.concatenate(expected(config, rows))
    for dtype in ("bf16", "fp16"):
        found = load_classifier(config, device="cpu", dtype=dtype).keep_probabilities(rows)
        assert np.abs(np.concatenate(found) - exact).mean() < 0.03


def test_int8_does_not_depend_on_the_rows_beside_it(xlmr: Path, rows: list[TokenRow]) -> None:
    config = ClassifierConfig.describe(str(xlmr))
    model = OnnxClassifier.load(config)
    together = model.keep_probabilities(rows)
    for row, found, exact in zip(rows, together, expected(config, rows), strict=True):
        assert np.array_equal(model.keep_probabilities([row])[0], found)
        assert np.abs(found - exact).mean() < 0.05


def test_the_export_is_made_once(xlmr: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = ClassifierConfig.describe(str(xlmr))
    first = export.exported(config, "int8")
    monkeypatch.setattr(export, "_quantise", None)
    monkeypatch.setattr(export, "_export", None)
    assert export.exported(config, "int8") == first
    assert [path.name for path in first.iterdir()] == [export.MODEL_FILE]


def test_weights_too_large_for_one_message_lie_beside_the_graph(
    xlmr: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[TokenRow]
) -> None:
    config = ClassifierConfig.describe(str(xlmr))
    exact = OnnxClassifier.load(config, precision="float32").keep_probabilities(rows)
    whole = export.exported(config, "float32") / export.MODEL_FILE
    monkeypatch.setattr(export, "LARGEST_FILE", 1000)
    plain, small = tmp_path / "plain.onnx", tmp_path / "small.onnx"
    export._save(onnx.load(whole), plain)
    export._quantise(plain, small, config)
    for path, near in ((plain, 1e-6), (small, 0.5)):
        found = OnnxClassifier(config=config, session=cpu_session(path)).keep_probabilities(rows)
        assert max(np.abs(a - b).max() for a, b in zip(found, exact, strict=True)) < near
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"plain.onnx", "plain.onnx.data", "small.onnx", "small.onnx.data"}


def test_a_model_that_is_no_token_classifier_is_refused(minilm_dir: Path) -> None:
    with pytest.raises(ModelError, match="minilm-l6 is no token classifier but a BertModel"):
        ClassifierConfig.describe("minilm-l6")


@pytest.mark.parametrize("name", [DEFAULT_MODEL, "microsoft/llmlingua-2-xlm-roberta-large-meetingbank"])
def test_a_checkpoint_that_cannot_be_fetched_is_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError) as raised:
        ClassifierConfig.describe(name)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("labels", "keep"),
    [
        ({"0": "LABEL_0", "1": "LABEL_1"}, 1),
        ({"0": "keep", "1": "drop"}, 0),
        ({"0": "discard", "1": "word"}, 1),
        ({"0": "drop", "1": "space", "2": "preserve"}, 2),
        ({"0": "B-PER", "1": "O"}, None),
        ({"0": "keep"}, None),
    ],
)
def test_the_label_that_means_keep_is_found_by_its_name(
    labels: dict[str, str], keep: int | None, xlmr: Path, tmp_path: Path
) -> None:
    config = json.loads((xlmr / "config.json").read_text())
    shutil.copytree(xlmr, tmp_path / "m")
    changed = {**config, "id2label": labels, "label2id": {label: int(index) for index, label in labels.items()}}
    (tmp_path / "m" / "config.json").write_text(json.dumps(changed))
    place = str(tmp_path / "m")
    if keep is None:
        with pytest.raises(ModelError, match="none of these is known to mean keep; name it as keep_label"):
            ClassifierConfig.describe(place)
        assert ClassifierConfig.describe(place, keep_label=labels["0"]).keep == 0
    else:
        assert ClassifierConfig.describe(place).keep == keep
    with pytest.raises(UsageError, match="has no label 'nonsense'"):
        ClassifierConfig.describe(place, keep_label="nonsense")


def test_a_folder_without_weights_is_one_line(xlmr: Path, tmp_path: Path) -> None:
    shutil.copytree(xlmr, tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").unlink()
    for runtime in ("torch", "onnx"):
        with pytest.raises(ModelError, match="cannot load the model of"):
            load_classifier(ClassifierConfig.describe(str(tmp_path / "m")), device="cpu", runtime=runtime)


def test_what_is_left_open_is_made_up() -> None:
    assert settled("cpu", "auto", "auto") == ("cpu", "int8", "onnx")
    assert settled("cpu", "fp32", "auto") == ("cpu", "float32", "onnx")
    assert settled("cpu", "auto", "torch") == ("cpu", "float32", "torch")
    assert settled("cpu", "bf16", "auto") == ("cpu", "bfloat16", "torch")


@pytest.mark.parametrize(
    ("device", "dtype", "runtime", "message"),
    [
        ("cpu", "int4", "auto", "unknown dtype 'int4'"),
        ("cpu", "auto", "jax", "unknown runtime 'jax'"),
        ("cpu", "fp16", "onnx", "in float32 or int8, not float16"),
        ("cpu", "int8", "torch", "int8 is for the CPU"),
        ("nowhere", "auto", "auto", "unknown device 'nowhere'"),
    ],
)
def test_what_does_not_exist_is_refused(device: str, dtype: str, runtime: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        settled(device, dtype, runtime)


def test_the_overlapped_benchmark_runs_on_a_processor(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    benchmark = runpy.run_path(str(repository / "benchmarks" / "llmlingua2_speed.py"), run_name="llmlingua2_speed")
    monkeypatch.setattr(scorer, "GROUP_CHARACTERS", 5000)
    with torch.random.fork_rng(devices=[]):
        found = benchmark["overlapped"](tmp_path, "tiny", 4000, "cpu", "bfloat16")
    assert found["tokens"] == pytest.approx(4000, rel=0.3)
    assert found["dtype"] == "torch.bfloat16"
    assert found["tokens_per_second"] > 0
    assert found["hardware"] == "processor"
