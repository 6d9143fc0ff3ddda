"""The native walk takes the decisions that the llmlingua package takes."""

from __future__ import annotations

import pydoc_data.topics
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ctxpipe.compress.prune.causal_scoring.schedule import schedule
from ctxpipe.compress.prune.causal_scoring.walk import walk
from ctxpipe.compress.prune.reference.encoders import ModelEncoder
from ctxpipe.compress.prune.reference.loading import load_model
from ctxpipe.compress.prune.reference.walker import WatchedWalker

support = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "llmlingua_support.py")))

TEXT = pydoc_data.topics.topics["assert"] + pydoc_data.topics.topics["assignment"]
QUESTION = "What does an assert statement do?"
ODD = "Tea 🎉 costs £3.\n\n    日本語のテキスト。\n<b>x < y</b>\tThe last sentence stays.  \n"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Random Llamas whose windows do and do not hold the text."""

    def load(window: int) -> tuple[WatchedWalker, object, object]:
        folder = support.llama(tmp_path_factory.mktemp("llama"), [TEXT], window=window)
        model, tokenizer = load_model(str(folder), classifier=False, device="cpu")
        return WatchedWalker(model, tokenizer, ModelEncoder(tokenizer)), model, tokenizer

    return SimpleNamespace(wide=load(4096), narrow=load(640))


def same(loaded: tuple[WatchedWalker, object, object], texts: list[str], question: str, rate: float) -> float:
    """Hold the native walk to the package's, token by token; the share kept."""
    reference, model, tokenizer = loaded
    theirs = reference.pieces(texts, question=question, rate=rate)
    ours = walk(model, tokenizer, texts, question=question, rate=rate)
    for one, other in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(one.start, other.start)
        np.testing.assert_array_equal(one.end, other.end)
        np.testing.assert_allclose(one.values, other.judged, atol=2e-4)
        np.testing.assert_array_equal(one.kept, other.kept)
    return float(np.concatenate([one.kept for one in theirs]).mean())


@pytest.mark.parametrize("question", ["", QUESTION], ids=["llmlingua", "longllmlingua"])
def test_the_walk_equals_the_reference_on_the_embedded_model(smollm2_dir: Path, question: str) -> None:
    model, tokenizer = load_model("smollm2-135m", classifier=False, device="cpu")
    reference = WatchedWalker(model, tokenizer, ModelEncoder(tokenizer))
    kept = same((reference, model, tokenizer), [TEXT[:1500]], question, 0.4)
    assert 0.3 < kept < 0.8


@pytest.mark.parametrize("window", ["wide", "narrow"])
@pytest.mark.parametrize("question", ["", QUESTION], ids=["llmlingua", "longllmlingua"])
@pytest.mark.parametrize("rate", [0.1, 0.9])
def test_the_walk_equals_the_reference_on_a_random_model(
    tiny: SimpleNamespace, window: str, question: str, rate: float
) -> None:
    """The narrow window is shorter than what is kept, so its cache is cut on the way."""
    kept = same(getattr(tiny, window), [TEXT[:900], TEXT[900:1300], TEXT[1300:3000]], question, rate)
    assert abs(kept - rate) < 0.25


@pytest.mark.parametrize("question", ["", QUESTION], ids=["llmlingua", "longllmlingua"])
@pytest.mark.parametrize(
    "texts", [["a"], ["a", "b"], [ODD], [TEXT[:400]], [TEXT[:850], ODD], ["one sentence."] * 40], ids=range(6)
)
def test_the_walk_equals_the_reference_on_short_and_odd_texts(
    tiny: SimpleNamespace, texts: list[str], question: str
) -> None:
    assert 0 < same(tiny.wide, texts, question, 0.5) <= 1


def test_blank_texts_have_no_tokens_and_change_nothing(tiny: SimpleNamespace) -> None:
    _, model, tokenizer = tiny.wide
    alone = walk(model, tokenizer, [TEXT[:900]], rate=0.5)
    among = walk(model, tokenizer, ["", TEXT[:900], " \n"], rate=0.5)
    assert [len(found.kept) for found in among] == [0, len(alone[0].kept), 0]
    np.testing.assert_array_equal(alone[0].kept, among[1].kept)
    assert [len(found.kept) for found in walk(model, tokenizer, ["", " "], rate=0.5)] == [0, 0]
    assert walk(model, tokenizer, [], rate=0.5) == []


def test_a_token_is_scored_by_its_own_loss_and_judged_by_the_next(tiny: SimpleNamespace) -> None:
    _, model, tokenizer = tiny.wide
    (found,) = walk(model, tokenizer, [TEXT[:400]], rate=1.0)
    np.testing.assert_array_equal(found.own[1:], found.judged[:-1])
    assert found.own[0] == 0
    assert found.kept.all()


@pytest.mark.parametrize("lengths", [[1], [197], [198], [199], [5000], [100, 98, 400, 3], [0, 0, 7]])
def test_segments_cover_all_texts(lengths: list[int]) -> None:
    found = schedule(lengths, 0.5 * sum(lengths), 200)
    covered = sum(size for segment in found for size, _ in segment)
    assert sum(lengths) <= covered <= sum(length + 2 for length in lengths)
    assert all(0 <= share <= 1 for segment in found for _, share in segment)
