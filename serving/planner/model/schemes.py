"""Reads ``quantization_config``: compressed-tensors, GPTQ, AWQ, FP8, bitsandbytes, MXFP4 and ModelOpt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.serving.planner.model.quantisation import NONE, Quantisation, Rule, Scheme

_ALL = ("Linear",)
_HEAD = ("lm_head",)
_NF4_BLOCK, _NF4_NESTED = 64, 256
_SCALE_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4, "float8_e4m3fn": 1, "uint8": 1}


def read(model: str, config: Mapping[str, Any] | None) -> Quantisation:
    """Read the quantisation that a config describes.

    Args:
        model: The model's name, for messages.
        config: Its ``quantization_config``; None for none.

    Raises:
        UsageError: for an unsupported method, or missing fields.
    """
    if not config:
        return NONE
    method = str(config.get("quant_method") or config.get("quant_algo") or "")
    reader = _READERS.get(method.lower().replace("_", "-"))
    if reader is None:
        raise UsageError(
            f"{model} is quantised by {method or 'a method that its config does not name'}, which is not supported; "
            f"supported: {', '.join(sorted(_READERS))}"
        )
    return reader(model, config)


def _compressed_tensors(model: str, config: Mapping[str, Any]) -> Quantisation:
    groups = config.get("config_groups")
    if not isinstance(groups, Mapping) or not groups:
        raise UsageError(f"the quantization_config of {model} lacks config_groups")
    rules = []
    for group in groups.values():
        weights = group.get("weights")
        if weights:
            rules.append(Rule(targets=tuple(group.get("targets") or _ALL), scheme=_compressed(model, weights)))
    label = ", ".join(dict.fromkeys(_label(rule.scheme) for rule in rules)) or "weights as they are"
    return Quantisation(
        label=f"{label} (compressed-tensors)",
        rules=tuple(rules),
        ignore=tuple(config.get("ignore") or ()),
        scale="scales in the type of the model, as compressed-tensors writes them",
    )


def _compressed(model: str, weights: Mapping[str, Any]) -> Scheme:
    bits = weights.get("num_bits")
    if not isinstance(bits, int) or bits < 1:
        raise UsageError(f"the quantization_config of {model} lacks num_bits")
    strategy = str(weights.get("strategy") or "")
    group = weights.get("group_size")
    zero = 0 if weights.get("symmetric", True) else bits
    scale = _SCALE_BYTES.get(str(weights.get("scale_dtype") or "").removeprefix("torch."), 2)
    if weights.get("type") == "float" and bits == 4:
        # NVFP4 and MXFP4 have eight-bit scales.
        return Scheme(bits=4, group=int(group or 16), scale_bytes=1)
    block = weights.get("block_structure")
    if strategy == "block" and isinstance(block, list) and len(block) == 2:
        return Scheme(bits=bits, block=(int(block[0]), int(block[1])), scale_bytes=scale, zero_bits=zero)
    if strategy == "tensor":
        return Scheme(bits=bits, group=None, scale_bytes=scale, zero_bits=zero)
    grouped = int(group) if isinstance(group, int) and group > 0 and strategy != "channel" else 0
    index = 4 if weights.get("actorder") in ("group", True) else 0
    return Scheme(bits=bits, group=grouped, scale_bytes=scale, zero_bits=zero, index_bytes=index)


def _gptq(model: str, config: Mapping[str, Any]) -> Quantisation:
    bits, group = _bits(model, config), int(config.get("group_size") or 128)
    scheme = Scheme(bits=bits, group=max(group, 0), scale_bytes=2, zero_bits=bits, index_bytes=4)
    dynamic = config.get("dynamic")
    names = tuple(f"re:{key[2:]}" for key in dynamic if key.startswith("-:")) if isinstance(dynamic, Mapping) else ()
    head = () if config.get("lm_head") else _HEAD
    return _parts(f"GPTQ {_label(scheme)}", scheme, (*_ignored(config), *names, *head), "scales in float16")


def _awq(model: str, config: Mapping[str, Any]) -> Quantisation:
    bits = _bits(model, config)
    group = int(config.get("group_size") or config.get("q_group_size") or 128)
    scheme = Scheme(
        bits=bits, group=max(group, 0), scale_bytes=2, zero_bits=bits if config.get("zero_point", True) else 0
    )
    return _parts(f"AWQ {_label(scheme)}", scheme, (*_ignored(config), *_HEAD), "scales in float16")


def _fp8(_model: str, config: Mapping[str, Any]) -> Quantisation:
    block = config.get("weight_block_size")
    if isinstance(block, list) and len(block) == 2:
        scheme = Scheme(bits=8, block=(int(block[0]), int(block[1])), scale_bytes=4)
        label = f"FP8 in blocks of {block[0]} x {block[1]}"
    else:
        scheme, label = Scheme(bits=8, group=None, scale_bytes=4), "FP8 per matrix"
    return _parts(label, scheme, (*_ignored(config), *_HEAD), "scales in float32")


def _fbgemm(_model: str, config: Mapping[str, Any]) -> Quantisation:
    return _parts("FP8 per row", Scheme(bits=8, scale_bytes=4), (*_ignored(config), *_HEAD), "scales in float32")


def _bitsandbytes(model: str, config: Mapping[str, Any]) -> Quantisation:
    ignored = (*(config.get("llm_int8_skip_modules") or _HEAD),)
    if config.get("load_in_8bit"):
        return _parts("bitsandbytes int8", Scheme(bits=8, scale_bytes=4), ignored, "scales in float32, one a row")
    if not config.get("load_in_4bit"):
        raise UsageError(f"the quantization_config of {model} lacks load_in_4bit or load_in_8bit")
    nested = bool(config.get("bnb_4bit_use_double_quant"))
    scale = 1 + 4 / _NF4_NESTED if nested else 4.0
    scheme = Scheme(bits=4, group=_NF4_BLOCK, scale_bytes=scale)
    where = "scales in 8 bits with a float32 for each 256" if nested else "scales in float32"
    return _parts(f"bitsandbytes {_label(scheme)}", scheme, ignored, where)


def _mxfp4(_model: str, config: Mapping[str, Any]) -> Quantisation:
    ignored = _ignored(config) or ("self_attn", "router")
    return _parts("MXFP4", Scheme(bits=4, group=32, scale_bytes=1), (*ignored, *_HEAD), "scales of 8 bits")


def _modelopt(model: str, config: Mapping[str, Any]) -> Quantisation:
    algorithm = str(config.get("quant_algo") or config.get("quantization") or "")
    ignored = (*_ignored(config), *_HEAD)
    if algorithm.upper() == "FP8":
        return _parts("ModelOpt FP8", Scheme(bits=8, group=None, scale_bytes=4), ignored, "scales in float32")
    if algorithm.upper() == "NVFP4":
        return _parts("ModelOpt NVFP4", Scheme(bits=4, group=16, scale_bytes=1), ignored, "scales of 8 bits")
    raise UsageError(f"the quantization_config of {model} has a quant_algo of {algorithm!r}, not FP8 or NVFP4")


_READERS: dict[str, Callable[[str, Mapping[str, Any]], Quantisation]] = {
    "compressed-tensors": _compressed_tensors,
    "gptq": _gptq,
    "awq": _awq,
    "fp8": _fp8,
    "fbgemm-fp8": _fbgemm,
    "bitsandbytes": _bitsandbytes,
    "mxfp4": _mxfp4,
    "modelopt": _modelopt,
}


def _bits(model: str, config: Mapping[str, Any]) -> int:
    bits = config.get("bits", config.get("w_bit"))
    if not isinstance(bits, int) or bits < 1:
        raise UsageError(f"the quantization_config of {model} lacks bits")
    return bits


def _ignored(config: Mapping[str, Any]) -> tuple[str, ...]:
    names: list[str] = []
    for key in ("modules_to_not_convert", "ignored_layers", "exclude_modules", "ignore"):
        names.extend(str(name) for name in config.get(key) or ())
    return tuple(names)


def _parts(label: str, scheme: Scheme, ignore: tuple[str, ...], scale: str) -> Quantisation:
    rules = (Rule(targets=_ALL, scheme=scheme),)
    return Quantisation(label=label, rules=rules, ignore=ignore, parts=True, scale=scale)


def _label(scheme: Scheme) -> str:
    per = "per matrix" if scheme.group is None else f"in groups of {scheme.group}" if scheme.group else "per row"
    if scheme.block:
        per = f"in blocks of {scheme.block[0]} x {scheme.block[1]}"
    return f"{scheme.bits:g} bits {per}"


_KEPT = ("re:.*lm_head", "re:.*(vision|multi_modal_projector|audio).*")


def _uniform(label: str, scheme: Scheme, *ignore: str) -> Quantisation:
    rules = (Rule(targets=_ALL, scheme=scheme),)
    return Quantisation(label=label, rules=rules, ignore=(*_KEPT, *ignore), scale="scales in the type of the model")


NAMED: dict[str, Quantisation] = {
    "none": NONE,
    "w4a16": _uniform("w4a16, groups of 128", Scheme(bits=4, group=128)),
    "w4a16-experts": _uniform("w4a16, groups of 128, attention as it is", Scheme(bits=4, group=128), "re:.*self_attn"),
    "w8a8": _uniform("w8a8, per row", Scheme(bits=8)),
    "fp8": _uniform("FP8, per row", Scheme(bits=8)),
    "int4-mixed": Quantisation(
        label="int4_mixed of llama-models: experts in 4 bits, groups of 128",
        rules=(Rule(targets=("re:.*expert",), scheme=Scheme(bits=4, group=128, scale_bytes=4)),),
        scale="scales in float32",
    ),
    "q4-k-m": Quantisation(label="Q4_K_M at 0.56 bytes per parameter", bytes_per_parameter=0.56),
}
"""Built-in quantisations, which replace the config's."""


def named(name: str) -> Quantisation:
    """Return a built-in quantisation.

    Raises:
        UnknownNameError: for an unknown name, with the nearest ones.
    """
    key = name.lower().replace("_", "-")
    if key in ("bf16", "fp16", "bfloat16", "float16"):
        key = "none"
    if key not in NAMED:
        raise UnknownNameError("quantisation", name, NAMED)
    return NAMED[key]
