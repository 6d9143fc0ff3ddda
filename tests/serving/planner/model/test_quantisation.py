"""Bytes of quantised weights, and the configs that say so."""

from __future__ import annotations

import pytest

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.serving.planner.model.quantisation import Quantisation, Rule, Scheme, matches
from ctxpipe.serving.planner.model.read import read_shape
from ctxpipe.serving.planner.model.schemes import NAMED, named, read
from ctxpipe.serving.planner.model.shape import Weight
from ctxpipe.serving.planner.presets import PRESETS

SCOUT = read_shape("scout", PRESETS["scout"].config)
LINEAR = Weight(name="model.layers.3.mlp.up_proj", rows=100, columns=300, layer=3)
HEAD = Weight(name="lm_head", rows=1000, columns=300)


def size(config: dict, weight: Weight = LINEAR) -> float:
    return read("m", config).bytes(weight, 2)


@pytest.mark.parametrize(
    ("name", "gigabytes", "gib"),
    [
        ("none", 217.28, 202.4),
        ("w4a16-experts", 64.87, 60.42),
        ("w4a16", 60.39, 56.24),
        ("int4-mixed", 66.48, 61.91),
    ],
)
def test_scout_weighs_what_is_known(name: str, gigabytes: float, gib: float) -> None:
    weighed = named(name).weigh(SCOUT.weights, SCOUT.dtype_bytes)
    assert weighed / 1e9 == pytest.approx(gigabytes, abs=0.005)
    assert weighed / 2**30 == pytest.approx(gib, abs=0.05)


def test_the_ignore_list_is_read() -> None:
    config = PRESETS["scout"].config["quantization_config"]
    everything = read("scout", {**config, "ignore": ["re:.*lm_head", "re:.*router", "re:.*vision.*", "re:.*projector"]})
    attention = read("scout", config)
    assert attention.weigh(SCOUT.weights, 2) == named("w4a16-experts").weigh(SCOUT.weights, 2)
    assert everything.weigh(SCOUT.weights, 2) == named("w4a16").weigh(SCOUT.weights, 2)
    one = read("scout", {**config, "ignore": ["language_model.model.layers.5.self_attn.q_proj", "lm_head"]})
    q5 = next(w for w in SCOUT.weights if w.name.endswith(".5.self_attn.q_proj"))
    assert one.scheme(q5) is None
    assert one.scheme(next(w for w in SCOUT.weights if w.name.endswith(".6.self_attn.q_proj"))) is not None
    assert one.scheme(next(w for w in SCOUT.weights if w.name.endswith("lm_head"))) is None


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("re:.*self_attn", "model.layers.1.self_attn.q_proj", True),
        ("re:self_attn", "model.layers.1.self_attn.q_proj", False),
        ("lm_head", "language_model.lm_head", True),
        ("lm_head", "my_lm_head", False),
        ("re:(", "a", False),
    ],
)
def test_patterns_match_as_compressed_tensors_has_them(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


def compressed(**weights: object) -> dict:
    return {"quant_method": "compressed-tensors", "config_groups": {"a": {"targets": ["Linear"], "weights": weights}}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (compressed(num_bits=4, group_size=128, strategy="group"), 15_000 + 100 * 3 * 2),
        (compressed(num_bits=4, group_size=128, strategy="group", symmetric=False), 15_000 + 100 * 3 * 2.5),
        (compressed(num_bits=8, strategy="channel", type="float"), 30_000 + 100 * 2),
        (compressed(num_bits=8, strategy="tensor", type="float", scale_dtype="torch.float32"), 30_000 + 4),
        (compressed(num_bits=8, strategy="block", block_structure=[64, 128]), 30_000 + 2 * 3 * 2),
        (compressed(num_bits=4, type="float", group_size=16, strategy="tensor_group"), 15_000 + 100 * 19),
        (compressed(num_bits=4, group_size=128, strategy="group", actorder="group"), 15_000 + 600 + 300 * 4),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, 15_000 + 100 * 3 * 2.5 + 300 * 4),
        ({"quant_method": "gptq", "bits": 8, "group_size": -1}, 30_000 + 100 * 3 + 300 * 4),
        ({"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": True}, 15_000 + 100 * 5 * 2.5),
        ({"quant_method": "awq", "w_bit": 4, "q_group_size": 64, "zero_point": False}, 15_000 + 100 * 5 * 2),
        ({"quant_method": "fp8"}, 30_004),
        ({"quant_method": "fp8", "weight_block_size": [64, 128]}, 30_000 + 2 * 3 * 4),
        ({"quant_method": "fbgemm_fp8"}, 30_400),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, 30_400),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, 15_000 + 100 * 5 * 4),
        (
            {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True},
            15_000 + 100 * 5 * (1 + 4 / 256),
        ),
        ({"quant_method": "mxfp4"}, 15_000 + 100 * 10),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, 30_004),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, 15_000 + 100 * 19),
    ],
)
def test_each_format_has_its_bits_scales_and_zeros(config: dict, expected: float) -> None:
    assert size(config) == expected
    if config["quant_method"] != "compressed-tensors":
        assert size(config, HEAD) == 600_000


@pytest.mark.parametrize("key", ["modules_to_not_convert", "ignored_layers", "ignore"])
def test_names_to_leave_alone_may_be_parts_of_a_name(key: str) -> None:
    assert size({"quant_method": "fp8", key: ["mlp"]}) == 60_000
    assert size({"quant_method": "fp8", key: ["model.layers.*.mlp"]}) == 60_000
    assert size({"quant_method": "fp8", key: ["attn"]}) == 30_004


def test_a_group_that_names_modules_comes_before_one_for_all() -> None:
    config = compressed(num_bits=4, group_size=100, strategy="group")
    eight = {"targets": ["re:.*up_proj"], "weights": {"num_bits": 8, "strategy": "channel"}}
    config["config_groups"]["b"] = eight
    assert size(config) == 30_200
    assert size(config, Weight(name="x.down_proj", rows=100, columns=300)) == 15_600


def test_gptq_rules_that_exclude_are_read() -> None:
    config = {"quant_method": "gptq", "bits": 4, "group_size": 128, "dynamic": {"-:.*up_proj": {}, "+:.*x": {}}}
    assert size(config) == 60_000


def test_vectors_and_tables_are_never_quantised() -> None:
    every = Quantisation(label="all", rules=(Rule(targets=("Linear",), scheme=Scheme(bits=4)),))
    for weight in SCOUT.weights:
        assert (every.scheme(weight) is None) == (not weight.linear)
        if "router" in weight.name or "embed_tokens" in weight.name or weight.rows == 1:
            assert not weight.linear


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"quant_method": "quip"}, "m is quantised by quip, which is not supported; supported: awq, bitsandbytes"),
        ({"bits": 4}, "a method that its config does not name"),
        ({"quant_method": "compressed-tensors"}, "the quantization_config of m lacks config_groups"),
        (compressed(group_size=128), "the quantization_config of m lacks num_bits"),
        ({"quant_method": "gptq"}, "the quantization_config of m lacks bits"),
        ({"quant_method": "bitsandbytes"}, "lacks load_in_4bit or load_in_8bit"),
        ({"quant_method": "modelopt", "quant_algo": "W4A8"}, "has a quant_algo of 'W4A8', not FP8 or NVFP4"),
    ],
)
def test_what_is_not_known_is_said(config: dict, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        read("m", config)


def test_quantisations_have_names() -> None:
    assert named("BF16") is named("none")
    assert named("Q4_K_M") is NAMED["q4-k-m"]
    with pytest.raises(UnknownNameError, match="unknown quantisation 'w4a15'; did you mean w4a16"):
        named("w4a15")
