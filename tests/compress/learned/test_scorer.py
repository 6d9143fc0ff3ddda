"""Pruning by token logits: units of every kind of text, with a question and without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from samples import library, prose

from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.compress.learned.scorer import NOTHING_KNOWN, LearnedScorer
from ctxpipe.compress.prune.cached import RememberingScorer
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import ScoringText, TokenScorer

QUESTION = "Which river did the market reach in 1950?"


def text(content: str, *headings: str) -> ScoringText:
    places = np.array([(w[0], w[1]) for w in words(content, 0, len(content))], dtype=np.int64).reshape(-1, 2)
    return ScoringText(text=content, headings=headings, start=places[:, 0], end=places[:, 1])


TEXTS = [text(prose(4), "A title"), text(prose(50, seed=3)), text(""), text("<|im_start|> [SEP] 🙂"), text("Yes.")]


@pytest.fixture(scope="module")
def scorer(tiny_pruner: Path) -> LearnedScorer:
    return LearnedScorer(model=tiny_pruner / "int8")


def values(scorer: LearnedScorer | RememberingScorer, given: list[ScoringText], question: str | None) -> list[list]:
    return [scores.tolist() for scores in scorer.score(given, question)]


def test_every_unit_gets_a_score_of_its_own_text_alone(scorer: LearnedScorer) -> None:
    assert isinstance(scorer, TokenScorer)
    for question in (QUESTION, None):
        found = scorer.score(TEXTS, question)
        assert [len(s) for s in found] == [len(t.start) for t in TEXTS]
        assert all(np.isfinite(s).all() for s in found)
        assert scorer.identity().revision
        for index, one in enumerate(TEXTS):
            assert values(scorer, [one], question) == [found[index].tolist()]
    asked, free = (values(scorer, TEXTS[:1], question)[0] for question in (QUESTION, ""))
    assert asked != free
    assert len(set(asked)) > 5


def test_tokens_have_logits_with_offsets(scorer: LearnedScorer) -> None:
    (tokens,) = scorer.score_tokens(TEXTS[1:2], QUESTION)
    assert len(tokens.start) == len(tokens.end) == len(tokens.values) > 400
    assert (np.diff(tokens.end) >= 0).all()
    assert tokens.end[-1] <= len(TEXTS[1].text)


def test_what_it_cannot_read_is_left_to_ranking(scorer: LearnedScorer) -> None:
    (found,) = scorer.score([text(library()["chinese"].text[:300])], QUESTION)
    assert set(found.tolist()) == {NOTHING_KNOWN}
    (found,) = scorer.score(TEXTS[:1], "市场在1950年到达了哪条河?")
    assert set(found.tolist()) == {NOTHING_KNOWN}


def test_scores_are_kept_by_question_and_file(tiny_pruner: Path, tmp_path: Path) -> None:
    cache = ScoreCache(tmp_path / "scores.sqlite3")
    first = LearnedScorer(model=tiny_pruner / "int8")
    expected = values(RememberingScorer(first, cache), TEXTS, QUESTION)
    again = LearnedScorer(model=tiny_pruner / "int8")
    assert values(RememberingScorer(again, cache), TEXTS, QUESTION) == expected
    assert "model" not in again.__dict__  # it was not loaded
    values(RememberingScorer(again, cache), TEXTS[:1], "What else?")
    assert "model" in again.__dict__
    other = LearnedScorer(model=tiny_pruner / "float32")
    assert other.identity().revision != first.identity().revision
