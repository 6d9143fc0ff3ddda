"""Without a question: spread over the text, what says most, nothing twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from accounts import check_accounts
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import library, prose

from ctxpipe import Document, Pipeline
from ctxpipe.compress.find import shortlist
from ctxpipe.compress.rank import spread
from ctxpipe.compress.rank.embedder import OnnxEmbedder
from ctxpipe.compress.rank.spread import SpreadRanker
from ctxpipe.compress.types import RankingText

TOPICS = ("ferry", "granary", "observatory", "tannery", "lighthouse")


@pytest.fixture(scope="module")
def ranker() -> SpreadRanker:
    return SpreadRanker(embedder=OnnxEmbedder.load())


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(tokenizer="smollm2-135m", score_cache=0)


def chapters() -> Document:
    """Five chapters, each with sentences of its own, and the same idle talk in all of them."""
    talk = ["Well, so it is.", "And then they were there again.", "It was as it had been."] * 3
    made = zip(("Larkmoor", "Fenwick", "Calder", "Dunmere"), ("timber", "granite", "copper", "slate"), strict=True)
    rebuilt = [f"of {name} was rebuilt with {thing}." for name, thing in made]
    parts = []
    for topic in TOPICS:
        own = " ".join(f"The {topic} {what}" for what in rebuilt)
        parts.append(f"# On the {topic}\n\nHere the {topic} is told of. {' '.join(talk)}\n\n{own} {' '.join(talk)}")
    return Document(text="\n\n".join(parts), source="chapters.md", kind="markdown")


def parts(sentences: int) -> str:
    """Five parts of some sentences, each about something else, so that no part can stand for another."""
    said = prose(5 * sentences).replace("Mr. ", "Mr ").split(". ")
    named = [f"{one} at the {TOPICS[min(at // sentences, 4)]}" for at, one in enumerate(said)]
    return ". ".join(named).removesuffix(" at the lighthouse")


def test_every_part_is_kept_and_idle_talk_is_not(pipeline: Pipeline) -> None:
    context = pipeline.compress(chapters(), budget=180)
    assert context.rank == "spread"
    check_accounts(context)
    for topic in TOPICS:
        assert f"# On the {topic}" in context.text
        assert f"the {topic}" in context.text.lower().replace(f"# on the {topic}", "")
    assert context.text.count("as it had been") + context.text.count("so it is") <= 2


def test_the_beginning_is_kept_only_where_that_is_asked_for(pipeline: Pipeline) -> None:
    document = Document(text=parts(40))
    plain = Pipeline(tokenizer="smollm2-135m", score_cache=0, rank="none").compress(document, budget=300)
    assert plain.rank == "none"
    assert document.text.startswith(plain.text)
    context = pipeline.compress(document, budget=300)
    places = [span.start * 5 // len(document.text) for span in context.spans]
    assert set(places) == {0, 1, 2, 3, 4}
    named = Pipeline(tokenizer="smollm2-135m", score_cache=0, rank="bm25").compress(document, budget=300)
    assert (named.text, named.rank) == (context.text, "spread")


def test_a_pruner_goes_through_all_of_the_text_as_before() -> None:
    context = Pipeline(tokenizer="smollm2-135m", score_cache=0, prune="random").compress(
        Document(text=prose(100)), budget=300
    )
    assert (context.rank, context.prune) == ("none", "random")


def test_what_was_said_is_not_said_again(ranker: SpreadRanker) -> None:
    said = [
        "The council sold the harbour to the railway company.",
        "The railway company bought the harbour from the council.",
        "A storm destroyed nine fishing boats in November.",
        "The council sold its harbour to the railway.",
        "The school opened with forty pupils and one teacher.",
    ]
    scores = ranker.rank([RankingText(text=text) for text in said], "")
    order = np.argsort(-scores).tolist()
    assert {2, 4} < set(order[:3])


def test_the_first_sentence_under_a_heading_is_favoured(ranker: SpreadRanker) -> None:
    texts = [RankingText(text="Harbour", headings=("Harbour",))]
    sentences = (
        "The copper kettle boiled over the fire.",
        "The silver kettle boiled over the lamp.",
        "The pewter plate rusted behind the door.",
    )
    texts += [RankingText(text=text, headings=("Harbour",)) for text in sentences]
    assert spread._opens(texts) == [False, True, False, False]
    for first, second in (sentences[:2], sentences[1::-1]):
        scores = ranker.rank([RankingText(text=first), RankingText(text=second, headings=("Fees",))], "")
        assert scores[1] > scores[0]


def test_bits_of_talk_come_after_all_else_in_prose_but_not_in_code(ranker: SpreadRanker) -> None:
    said = ["Hah!", "Thank you. Julie.", "The council sold the old harbour to the northern railway company."]
    prose_scores = ranker.rank([RankingText(text=text) for text in said], "")
    assert prose_scores.argmax() == 2
    code = ["x = harbour", "return None", "if council: sell(harbour, railway, company, north, price)"]
    scores = ranker.rank([RankingText(text=text, kind="code") for text in code], "")
    assert sorted(scores.tolist()) == sorted(prose_scores.tolist())


@given(st.lists(st.text(alphabet="ab xyz.\n漢1", max_size=30), max_size=25))
@settings(max_examples=40)
def test_scores_are_an_order_of_all_texts(texts: list[str]) -> None:
    made = SpreadRanker(embedder=OnnxEmbedder.load()) if not CACHE else CACHE[0]
    CACHE[:] = [made]
    scores = made.rank([RankingText(text=text) for text in texts], "anything")
    assert scores.dtype == np.float32
    assert len(set(scores.tolist())) == len(texts)
    assert all(0 < score <= 1 for score in scores.tolist())
    again = made.rank([RankingText(text=text) for text in texts], "something else")
    assert np.array_equal(scores, again)


CACHE: list[SpreadRanker] = []


def test_only_so_many_texts_are_embedded_and_those_evenly(
    ranker: SpreadRanker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "EMBEDDED", 200)
    monkeypatch.setattr(spread, "STRETCH", 64)
    seen: list[int] = []
    texts = [RankingText(text=text) for text in prose(700).split(". ")]
    scores = ranker.rank(texts, "", lambda done, total: seen.append(total))
    kept = spread._embedded(np.arange(len(texts), dtype=np.float32), np.ones(len(texts), dtype=np.bool_))
    assert 100 <= len(kept) <= 200
    by_stretch = np.bincount(kept // 64)
    assert by_stretch.max() - by_stretch[:-1].min() == 0
    assert seen
    first = np.argsort(-scores)[:50] * 5 // len(texts)
    assert np.bincount(first, minlength=5).min() >= 4


@pytest.mark.parametrize("name", list(library()))
def test_budgets_hold_and_text_is_traced_for_every_kind(name: str, pipeline: Pipeline) -> None:
    document = library()[name]
    if document.kind != "json":
        pages = tuple(start for start in document.page_starts if start < 6000)
        document = replace(document, text=document.text[:6000], page_starts=pages, headings=(), noise=())
    else:
        document = replace(document, text=document.text[: document.text.index("\n", 6000)], kind="text")
    for budget in (40, 400):
        context = pipeline.compress(document, budget=budget)
        assert context.kept_tokens <= budget
        assert context.rank == "spread"
        check_accounts(context)


def test_of_long_inputs_passages_of_every_part_are_looked_at(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "SPREAD_TOKENS", 2000)
    monkeypatch.setattr(spread, "CHOSEN", 20)
    document = Document(text=parts(180), source="long.txt")
    keep = Pipeline(tokenizer="smollm2-135m", score_cache=0, keep=[r"in 1901\b"])
    for made in (pipeline, keep):
        context = made.compress(document, budget=200)
        assert context.kept_tokens >= 0.9 * 200
        assert len({span.start * 5 // len(document.text) for span in context.spans}) >= 4
    assert "in 1901" in context.text


def test_of_code_what_says_what_it_does_comes_before_its_lines_and_imports_last(ranker: SpreadRanker) -> None:
    lines = (
        '"""Keeps the lamps of the harbour burning."""',
        "import lamps",
        "from harbour.oil import barrels, drums",
        "class Keeper:",
        '    """Walks from lamp to lamp and fills each with oil."""',
        "def fill(lamp):",
        "    lamp.oil = min(lamp.size, barrels.left)",
        "    return lamp.oil",
    )
    scores = ranker.rank([RankingText(text=line, kind="code") for line in lines], "")
    order = [lines[i] for i in np.argsort(-scores, kind="stable")]
    assert set(order[:2]) == {lines[0], lines[4]}
    assert set(order[-2:]) == {lines[1], lines[2]}
    # In prose such a word is a word.
    said = ["import lamps and oil for the whole harbour before winter", "use oil"]
    prose_scores = ranker.rank([RankingText(text=one) for one in said], "")
    assert prose_scores[0] > prose_scores[1]
