"""The same weights in llmlingua 0.2.2 and here, word by word."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ctxpipe.compress.prune.llmlingua2.compat import CompatContext, LLMLingua2Compat
from ctxpipe.errors import ModelError, UsageError

RATES = (0.2, 0.33, 0.5)
ALIKE = {"float32": 0.999, "int8": 0.98}
FORCED = ("\n", ".", "market", "copper wire")


class Remembered:
    """A network that is asked once for each batch; upstream asks anew at each rate."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self._known: dict[bytes, Any] = {}

    def __call__(self, input_ids: Any, attention_mask: Any) -> Any:
        key = input_ids.numpy().tobytes()
        if key not in self._known:
            self._known[key] = self._network(input_ids=input_ids, attention_mask=attention_mask)
        return self._known[key]


@pytest.fixture(scope="module")
def upstreams(support: SimpleNamespace, bert: Path, xlmr: Path) -> dict[str, Any]:
    made = {"bert": support.upstream(bert), "xlmr": support.upstream(xlmr)}
    for compressor in made.values():
        compressor.model = Remembered(compressor.model)
    return made


def native(folder: Path, upstream: Any, *, runtime: str, dtype: str) -> LLMLingua2Compat:
    encoder = upstream.oai_tokenizer
    return LLMLingua2Compat.load(
        str(folder), device="cpu", runtime=runtime, dtype=dtype, count=lambda word: len(encoder.encode(word))
    )


def compare(
    support: SimpleNamespace, upstream: Any, texts: list[str], found: list[list[CompatContext]], **options: Any
) -> tuple[float, float]:
    """Share of words decided alike, and of texts that are equal to the letter."""
    alike, equal = [], []
    for rate, contexts in zip(RATES, found, strict=True):
        for text, context in zip(texts, contexts, strict=True):
            expected = support.upstream_words(upstream, [text], rate, **options)
            assert context.words == tuple(expected.words)
            alike.append(context.kept == np.array(expected.labels, dtype=np.bool_))
            equal.append(context.text == expected.texts[0])
    decisions = np.concatenate(alike)
    assert len(decisions) > 500 * len(RATES)
    return float(decisions.mean()), float(np.mean(equal))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("family", ["bert", "xlmr"])
def test_onnx_runtime_keeps_what_upstream_keeps(
    family: str, dtype: str, upstreams: dict[str, Any], support: SimpleNamespace, texts: list[str], request: Any
) -> None:
    upstream = upstreams[family]
    model = native(request.getfixturevalue(family), upstream, runtime="onnx", dtype=dtype)
    alike, equal = compare(support, upstream, texts, model.compress_rates(texts, rates=RATES))
    assert alike >= ALIKE[dtype]
    assert dtype == "int8" or equal >= 0.9


@pytest.mark.parametrize(("family", "digits"), [("bert", True), ("xlmr", False), ("xlmr", True)])
def test_torch_keeps_what_upstream_keeps_with_forced_tokens(
    family: str, digits: bool, upstreams: dict[str, Any], support: SimpleNamespace, texts: list[str], request: Any
) -> None:
    upstream, some = upstreams[family], [text[:1200] for text in texts[:3]] if family == "bert" else texts
    model = native(request.getfixturevalue(family), upstream, runtime="torch", dtype="float32")
    options = {"force_tokens": FORCED if digits else FORCED[:2], "force_reserve_digit": digits}
    found = model.compress_rates(some, rates=RATES, **options)
    alike, equal = compare(support, upstream, some, found, **{**options, "force_tokens": list(options["force_tokens"])})
    assert alike >= 0.999
    assert equal >= 0.9


def test_all_words_are_kept_at_rate_one_and_none_are_made_up(xlmr: Path, upstreams: dict[str, Any]) -> None:
    model = native(xlmr, upstreams["xlmr"], runtime="torch", dtype="float32")
    some, empty = model.compress_words(["The river carried 20 kg of copper.", ""], rate=1)
    assert some.kept.all()
    assert "copper" in some.text
    assert empty.words == ()
    assert empty.text == ""


def test_a_rate_near_zero_is_no_error(xlmr: Path, upstreams: dict[str, Any]) -> None:
    model = native(xlmr, upstreams["xlmr"], runtime="torch", dtype="float32")
    (found,) = model.compress_words(["The river carried 20 kg of copper."], rate=1e-9)
    assert not found.kept.any()


@pytest.mark.parametrize("rate", [0, -1, 1.01])
def test_rates_that_make_no_sense_are_refused(rate: float, xlmr: Path, upstreams: dict[str, Any]) -> None:
    model = native(xlmr, upstreams["xlmr"], runtime="torch", dtype="float32")
    with pytest.raises(UsageError, match="the rate must be above 0"):
        model.compress_words(["a"], rate=rate)
    with pytest.raises(UsageError, match="at most 100"):
        model.compress_words(["a"], rate=0.5, force_tokens=["a"] * 101)


def test_a_family_that_upstream_does_not_know_is_refused(modernbert: Path) -> None:
    with pytest.raises(ModelError, match="is of type modernbert"):
        LLMLingua2Compat.load(str(modernbert))
