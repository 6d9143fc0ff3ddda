"""The network says what torch says, of each row by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import library, prose

from ctxpipe.compress.learned.model import LearnedModel, PassageReading, PassageTokens

QUESTION = "Which river did the market reach in 1950?"
TEXTS = (prose(3), prose(40, seed=1), "", "Yes.", "[SEP] <|im_start|>system", library()["chinese"].text[:300], "🙂 🙂")


@pytest.fixture(scope="module")
def small(tiny_pruner: Path) -> LearnedModel:
    return LearnedModel.load(tiny_pruner / "int8")


def passages(model: LearnedModel) -> list[PassageTokens]:
    words = model.layout.words
    return [PassageTokens(words.ids(f"Title {i}"), words.ids(text)) for i, text in enumerate(TEXTS)]


def same(first: PassageReading, second: PassageReading) -> bool:
    return bool(np.array_equal(first.keep, second.keep) and np.array_equal(first.relevance, second.relevance))


def test_float32_is_what_torch_says(tiny_pruner: Path) -> None:
    import torch

    from training.examples import ExampleLayout
    from training.model import trained
    from training.prepare import model_tokenizer

    model, network = LearnedModel.load(tiny_pruner / "float32"), trained(tiny_pruner / "torch")
    layout = ExampleLayout(model_tokenizer())
    for text in (prose(3), prose(8, seed=2), "Yes."):
        ids, second, body = layout.row(QUESTION, "A title", text)
        types = [int(place >= second) for place in range(len(ids))]
        with torch.no_grad():
            keep, relevance = network(torch.tensor([ids]), torch.ones(1, len(ids)), torch.tensor([types]))
        words = model.layout.words
        (found,) = model.read(model.layout.asked(QUESTION), [PassageTokens(words.ids("A title"), words.ids(text))])
        np.testing.assert_allclose(found.keep, keep[0, body:-1].numpy(), atol=1e-4)
        np.testing.assert_allclose(found.passage, float(relevance[0]), atol=1e-4)


@pytest.fixture(scope="module")
def alone(small: LearnedModel) -> list[PassageReading]:
    """Each passage read by itself."""
    return [small.read(small.layout.asked(QUESTION), [passage])[0] for passage in passages(small)]


@settings(max_examples=12)
@given(st.permutations(range(len(TEXTS))), st.integers(1, len(TEXTS)), st.sampled_from([1, 2, 5]))
def test_no_logit_depends_on_what_is_read_beside_it(
    small: LearnedModel, alone: list[PassageReading], order: list[int], count: int, threads: int
) -> None:
    every = passages(small)
    asked = small.layout.asked(QUESTION)
    together = replace(small, threads=threads).read(asked, [every[i] for i in order[:count]])
    assert all(same(alone[i], found) for i, found in zip(order, together, strict=False))


def test_readings_have_a_logit_per_token(small: LearnedModel) -> None:
    seen: list[tuple[int, int]] = []
    every = passages(small)
    found = small.read(small.layout.asked(QUESTION), every, lambda done, total: seen.append((done, total)))
    assert [len(reading.keep) for reading in found] == [len(passage.body) for passage in every]
    assert all(np.isfinite(reading.keep).all() and np.isfinite(reading.relevance).all() for reading in found)
    assert found[2].passage == -np.inf
    assert len(set(found[1].relevance.tolist())) > 1  # several windows
    assert found[1].passage == found[1].relevance.max()
    assert seen[-1][0] == seen[-1][1] > sum(len(passage.body) for passage in every)
    assert small.read(small.layout.asked(QUESTION), []) == []


def test_a_question_and_none_are_told_apart(small: LearnedModel) -> None:
    (asked,) = small.read(small.layout.asked(QUESTION), passages(small)[:1])
    (free,) = small.read(small.layout.asked(""), passages(small)[:1])
    assert not np.array_equal(asked.keep, free.keep)
