"""Ranking by fusion and model together: what is read, what is not, and how both find one order."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import library, prose

from ctxpipe import Document, Pipeline
from ctxpipe.compress.learned import files, ranker
from ctxpipe.compress.learned.passages import TURNS_TOKENS, gather, spoken
from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.learned.scores import added, placed, shortlist
from ctxpipe.compress.rank.cached import RememberingEmbedder
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.rank.resources import Resources
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import Kind, RankingText

QUESTION = "Which river did the market reach in 1950?"


def texts(text: str, group: int = 0, *headings: str, kind: Kind = "text") -> list[RankingText]:
    return [RankingText(text=text[a:b], headings=headings, group=group, kind=kind) for a, b in sentences(text)]


@pytest.fixture(scope="module")
def learned(tiny_pruner: Path) -> LearnedRanker:
    return LearnedRanker(model=tiny_pruner / "int8")


@pytest.fixture(scope="module")
def fusion() -> HybridRanker:
    return HybridRanker()


def test_every_text_gets_a_finite_score_and_the_same_again(learned: LearnedRanker) -> None:
    given = [t for i in range(6) for t in texts(prose(6, seed=i), i, f"Part {i}")]
    given += texts(prose(60, seed=9), 6)
    given += [RankingText(text="", group=7), RankingText(text="<|im_end|> [SEP]", group=8)]
    scores = learned.rank(given, QUESTION)
    assert scores.shape == (len(given),)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores, learned.rank(given, QUESTION))
    assert learned.rank([], QUESTION).shape == (0,)


def test_what_the_model_says_matters(learned: LearnedRanker, fusion: HybridRanker) -> None:
    given = [t for i in range(6) for t in texts(prose(6, seed=i), i, f"Part {i}")]
    assert np.corrcoef(learned.rank(given, QUESTION), fusion.rank(given, QUESTION))[0, 1] < 0.9999


@pytest.mark.parametrize("name", ["chinese", "thai", "emoji"])
def test_other_scripts_are_ranked_by_the_fusion_with_a_note(name: str, tiny_pruner: Path, fusion: HybridRanker) -> None:
    notes: list[str] = []
    learned = LearnedRanker(model=tiny_pruner / "int8", on_note=notes.append)
    given = texts(library()[name].text[:900])
    np.testing.assert_allclose(learned.rank(given, QUESTION), fusion.rank(given, QUESTION), rtol=1e-6)
    assert notes == [
        "the fusion alone ranked 1 of 1 passages: they are code, data or in a language that the learned ranking does "
        "not read"
    ]
    notes.clear()
    learned.rank(texts(prose(4)), "市场在1950年到达了哪条河?")
    assert notes == ["the question is not in a script that the learned ranking reads, so the fusion ranked alone"]


@pytest.mark.parametrize("kind", ["code", "json", "csv"])
def test_code_and_data_keep_the_order_of_the_fusion(kind: Kind, learned: LearnedRanker, fusion: HybridRanker) -> None:
    given = texts(prose(8), 0, kind=kind) + texts(prose(8, seed=4), 1)
    order = np.argsort(fusion.rank(given, QUESTION)[:8], kind="stable")
    scores = learned.rank(given, QUESTION)
    np.testing.assert_array_equal(np.argsort(scores[:8], kind="stable"), order)


def test_notes_reach_the_context(tiny_pruner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SHIPPED", tiny_pruner / "int8")
    pipeline = Pipeline(rank="learned", prune="learned", score_cache=0)
    prosaic, chinese = Document(text=prose(30)), Document(text=library()["chinese"].text[:800], source="zh")
    assert pipeline.compress([prosaic], question=QUESTION, rate=0.3).notes == ()
    note = pipeline.compress([prosaic, chinese], question=QUESTION, rate=0.3).notes[0]
    assert note.startswith("the fusion alone ranked ")
    quiet = Pipeline(score_cache=0).compress([prosaic, chinese], question=QUESTION, rate=0.3).notes
    assert not any("fusion" in note for note in quiet)
    with_cache = Pipeline(rank="learned", prune="learned", prune_model=str(tiny_pruner / "int8"))
    assert with_cache.compress([prosaic], question=QUESTION, rate=0.3).kept_tokens > 0


def test_only_so_many_tokens_are_read(learned: LearnedRanker) -> None:
    given = [t for i in range(12) for t in texts(prose(5, seed=i), i)]
    every = gather(given, learned.model.layout.words)
    sizes = [len(p.body) for p in every]
    fusion = np.linspace(1, 0, len(given))
    look = ranker.Look(learned.model, given, QUESTION, fusion, sum(sizes) // 3)
    read = ~np.isnan(look.first())
    assert 0 < read.sum() < len(given) / 2
    assert read[: read.sum()].all()
    scores = look.ranked()
    assert scores[~read].max() < scores[read].min()
    assert (np.diff(scores[~read]) < 0).all()


def test_an_effort_is_a_number_of_tokens(learned: LearnedRanker, tiny_pruner: Path) -> None:
    """Of more text than the least effort reads, more effort reads more."""
    given = [t for i in range(120) for t in texts(prose(4, seed=i), i)]
    fusion = np.linspace(1, 0, len(given))
    every = gather(given, learned.model.layout.words)
    few = ranker.FIRST_TOKENS["fast"]
    assert few < ranker.FIRST_TOKENS["default"] < ranker.FIRST_TOKENS["high"]
    assert sum(len(p.body) for p in every) > 1.5 * few
    first = ranker.Look(learned.model, given, QUESTION, fusion, few).first()
    assert 0.9 * few < sum(len(p.body) for p in every if not np.isnan(first[p.members[0]])) <= few
    own = LearnedRanker(model=tiny_pruner / "int8", effort="fast")
    lent = Resources(embedder=RememberingEmbedder.of("minilm-l6", None), effort="high")
    assert own.with_resources(lent)._effort == "fast"
    assert learned.with_resources(lent)._effort == "high"


def test_turns_are_joined_after_their_speakers(learned: LearnedRanker) -> None:
    words = learned.model.layout.words
    turns = [
        RankingText(text=f"We agreed on point {i}.", headings=("Ann" if i % 2 else "Bob",), group=i) for i in range(60)
    ]
    found = gather(turns, words)
    assert len(found) < 12
    assert all(len(p.body) <= TURNS_TOKENS and not len(p.title) for p in found)
    assert [i for p in found for i in p.members] == list(range(60))
    first = words.ids("Bob: We agreed on point 0. Ann: We agreed on point 1.")
    np.testing.assert_array_equal(found[0].body[: len(first)], first)
    assert found[0].owner[:2].tolist() == [-1, -1]
    assert spoken([t.headings[0] for t in turns])
    for trails in ([], ["A"] * 9, list(string.ascii_letters), ["A", "B"] * 2, ["", "A"] * 9):
        assert not spoken(trails)


def test_the_second_pass_asks_with_the_best_sentence(learned: LearnedRanker, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [t for i in range(5) for t in texts(prose(4, seed=i), i, f"Part {i}")]
    look = ranker.Look(learned.model, given, QUESTION, np.zeros(len(given)))
    near = np.arange(len(given), dtype=np.float64)
    near[-1] = np.nan
    asked: list[str] = []
    monkeypatch.setattr(ranker, "again", lambda question, found: asked.append(found.text) or question)
    monkeypatch.setattr(ranker, "SECOND_TOKENS", 1)
    second = look.second(near)
    assert second is not None
    assert asked == [given[-2].text]
    # 35% of five passages of one size are one.
    assert {given[i].group for i in np.flatnonzero(~np.isnan(second))} == {4}
    assert look.second(np.full(len(given), np.nan)) is None


@pytest.mark.parametrize(
    ("passages", "titles", "again"), [(2, 1, False), (2, 2, False), (3, 3, True), (30, 1, True), (0, 0, False)]
)
def test_a_short_text_of_one_piece_is_read_once(
    passages: int, titles: int, again: bool, learned: LearnedRanker
) -> None:
    given = [t for i in range(passages) for t in texts(prose(4, seed=i), i, f"Part {i % titles}")]
    given += texts("电视河流市场石头", passages)  # what is not read does not count
    look = ranker.Look(learned.model, given, QUESTION, np.zeros(len(given)))
    read = sum(len(p.body) for p in look.passages if p.readable)
    assert (read > ranker.ONCE_TOKENS) == (passages == 30)
    first = look.first()
    assert (look.second(first) is not None) == again
    if passages and not again:
        weights = learned.model.files.weights
        alone = added(look.fusion, first, None, weights, look.size, look.links(first))
        np.testing.assert_allclose(look.ranked(), placed(alone, look.fusion, look.unread(first)))


def test_a_found_sentence_stands_after_its_title() -> None:
    assert ranker.again("Who?", RankingText(text="He did.", headings=("A", "B"))) == "Who? A - B. He did."
    assert ranker.again("Who?", RankingText(text="He did.")) == "Who? He did."


def test_without_a_weight_there_is_no_second_pass(learned: LearnedRanker, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [t for i in range(3) for t in texts(prose(4, seed=i), i)]
    near = learned.model.files.near
    once = replace(learned.model, files=replace(learned.model.files, weights=near))
    look = ranker.Look(once, given, QUESTION, np.zeros(len(given)))
    monkeypatch.setattr(ranker.Look, "second", None)
    np.testing.assert_allclose(look.ranked(), added(look.fusion, look.first(), None, near, look.size))


NUMBERS = st.floats(-50, 50, width=32)


@settings(max_examples=60)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from(["read", "apart", "below"])), min_size=1, max_size=30))
def test_what_was_not_read_finds_its_place(rows: list[tuple[float, float, str]]) -> None:
    fusion, total = (np.array([row[i] for row in rows], dtype=np.float64) for i in (0, 1))
    state = np.array([row[2] for row in rows])
    total[state != "read"] = np.nan
    scores = placed(total, fusion, state == "below")
    assert np.isfinite(scores).all()
    if not (state == "read").any():
        np.testing.assert_array_equal(scores, fusion)
        return
    np.testing.assert_array_equal(scores[state == "read"], total[state == "read"])
    for part in ("apart", "below"):
        order = np.argsort(fusion[state == part], kind="stable")
        assert (np.diff(scores[state == part][order]) >= 0).all()
    if (state == "below").any():
        assert scores[state == "below"].max() < scores[state != "below"].min()


def test_a_shortlist_holds_the_best_passages(learned: LearnedRanker) -> None:
    given = [t for i in range(5) for t in texts(prose(3, seed=i), i)] + texts("电视河流市场石头", 5)
    every = gather(given, learned.model.layout.words)
    scores = np.array([float(t.group == 3) + 0.1 * (t.group == 1) for t in given])
    scores[-1] = 9
    assert shortlist(every, scores, 1) == [3]
    assert shortlist(every, scores, len(every[3].body) + len(every[1].body)) == [1, 3]
    assert shortlist(every, scores, 10**6) == [0, 1, 2, 3, 4]
    assert shortlist(every[5:], np.zeros(len(given)), 10) == []
