"""Scores under the embedded model, held to a plain forward pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctxpipe.compress import surprisal
from ctxpipe.compress.causal import load_causal_lm
from ctxpipe.compress.surprisal import ContrastiveScorer, SurprisalScorer
from ctxpipe.compress.types import ScoringText
from ctxpipe.compress.words import words

TEXT = "The capital of France is Paris. The capital of Spain is Madrid. Zebras quietly invoice 48151 umbrellas."


def scoring(text: str, headings: tuple[str, ...] = ()) -> ScoringText:
    found = words(text, 0, len(text))
    start = np.array([w.start for w in found], dtype=np.int64)
    return ScoringText(text=text, headings=headings, start=start, end=np.array([w.end for w in found], dtype=np.int64))


def plain(text: str) -> np.ndarray:
    """Mean loss of the tokens of each unit, one sequence, float32 log-softmax over everything."""
    import torch

    model, tokenizer = load_causal_lm("smollm2-135m")
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = torch.tensor([[tokenizer.bos_token_id, *encoded["input_ids"]]])
    with torch.inference_mode():
        logs = torch.log_softmax(model(input_ids=ids).logits.float(), -1)
    losses = -logs[0, :-1].gather(1, ids[0, 1:, None])[:, 0].numpy()
    units = scoring(text)
    means = []
    for start, end in zip(units.start, units.end, strict=True):
        inside = [losses[i] for i, (_, stop) in enumerate(encoded["offset_mapping"]) if start < stop <= end]
        means.append(np.mean(inside))
    return np.array(means)


@pytest.fixture(scope="module")
def scorer(smollm2_dir: Path) -> SurprisalScorer:
    return SurprisalScorer()


def test_surprisal_is_the_loss_of_a_plain_forward_pass(scorer: SurprisalScorer) -> None:
    (found,) = scorer.score([scoring(TEXT)], None)
    np.testing.assert_allclose(found.values, plain(TEXT), atol=0.15, rtol=0.05)
    assert (found.scorer, found.model) == ("surprisal", "smollm2-135m")
    assert found.revision


def test_what_can_be_foreseen_scores_below_what_cannot(scorer: SurprisalScorer) -> None:
    text = scoring(TEXT)
    (found,) = scorer.score([text], None)
    value = {TEXT[a:b]: v for a, b, v in zip(text.start, text.end, found.values, strict=True)}
    assert value["Madrid."] < value["quietly"]


def test_texts_do_not_depend_on_their_batch(scorer: SurprisalScorer) -> None:
    texts = [scoring(TEXT), scoring("Short."), scoring(TEXT * 3, ("A heading",))]
    together = scorer.score(texts, None)
    for text, found in zip(texts, together, strict=True):
        np.testing.assert_allclose(found.values, scorer.score([text], None)[0].values, atol=0.2, rtol=0.05)


def test_windows_slide_over_long_texts(scorer: SurprisalScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = scoring(TEXT * 2)
    (whole,) = scorer.score([text], None)
    monkeypatch.setattr(surprisal, "WINDOW", 40)
    monkeypatch.setattr(surprisal, "OVERLAP", 20)
    (slid,) = scorer.score([text], None)
    assert len(slid.values) == len(whole.values)
    assert np.corrcoef(slid.values, whole.values)[0, 1] > 0.6


def test_the_question_raises_what_it_helps_to_foresee(smollm2_dir: Path) -> None:
    text = scoring(TEXT)
    (found,) = ContrastiveScorer().score([text], "Which animals invoice umbrellas? Zebras invoice umbrellas.")
    value = {TEXT[a:b]: v for a, b, v in zip(text.start, text.end, found.values, strict=True)}
    assert value["Zebras"] > value["Madrid."]


def test_no_texts_and_texts_without_units(scorer: SurprisalScorer) -> None:
    assert scorer.score([], None) == []
    (found,) = scorer.score([scoring("   ")], None)
    assert len(found.values) == 0
