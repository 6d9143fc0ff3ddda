"""Every ranker and scorer, on every kind of document, at budgets from 1 to 50,000 tokens."""

from __future__ import annotations

import itertools
import json

import pytest
from samples import library

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker, FakeScorer
from ctxpipe.compress.rankers import RANKERS
from ctxpipe.compress.scorers import MODEL_FREE, SCORERS
from ctxpipe.compress.tokenizer import TargetTokenizer
from ctxpipe.compress.types import CompressedContext, Document

QUESTION = "How much copper did the market not reach in 1950?"
BUDGETS = (50, 333, 6000)
LARGE = 50_000
HELD = 0.98
# Every emoji here is a multiple of three tokens, so 49 and 50 cannot be reached.
COARSE = {("emoji.txt", 50)}


@pytest.fixture(scope="module")
def tokenizer(smollm2_dir: object) -> TargetTokenizer:
    return TargetTokenizer.load("smollm2-135m")


def squeeze(text: str) -> str:
    return "".join(text.split())


def check(context: CompressedContext, tokenizer: TargetTokenizer, budget: int, *, full: bool = True) -> None:
    assert tokenizer.count(context.text) == context.kept_tokens <= budget
    reachable = (context.sources[0].source, budget) not in COARSE
    if full and reachable and context.source_tokens > budget >= 50:
        assert context.kept_tokens >= HELD * budget
    places = [(s.document, s.start, s.end) for s in context.spans]
    assert places == sorted(places)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(places))
    source = "".join(context.documents[d].text[a:b] for d, a, b in places)
    assert squeeze(source) == squeeze(context.text)
    for document in context.documents:
        if document.kind == "json" and len(context.documents) == 1 and context.text:
            for line in context.text.split("\n") if document.source.endswith("l") else [context.text]:
                json.loads(line)


@pytest.mark.parametrize("question", [None, QUESTION], ids=["unasked", "asked"])
@pytest.mark.parametrize("scorer", ["none", "random", "head-tail", "fake"])
@pytest.mark.parametrize("name", list(library()))
def test_budget_is_met_and_text_is_traced(
    name: str, scorer: str, question: str | None, tokenizer: TargetTokenizer
) -> None:
    made = FakeScorer() if scorer == "fake" else SCORERS.create(scorer)
    compressor = Compressor(tokenizer=tokenizer, ranker=RANKERS.create("bm25"), scorer=made, rank="bm25", prune=scorer)
    for budget in BUDGETS:
        check(compressor.compress([library()[name]], question=question, budget=budget), tokenizer, budget)


@pytest.mark.parametrize("name", list(library()))
def test_tiny_budgets_are_never_exceeded(name: str, tokenizer: TargetTokenizer) -> None:
    compressor = Compressor(
        tokenizer=tokenizer, ranker=FakeRanker(), scorer=SCORERS.create("none"), rank="fake", prune="none"
    )
    for budget in (1, 2, 7, 20):
        check(compressor.compress([library()[name]], question=QUESTION, budget=budget), tokenizer, budget, full=False)


@pytest.mark.parametrize("name", ["text", "reference", "json"])
def test_a_large_budget_is_met(name: str, tokenizer: TargetTokenizer) -> None:
    compressor = Compressor(
        tokenizer=tokenizer, ranker=RANKERS.create("bm25"), scorer=SCORERS.create("none"), rank="bm25", prune="none"
    )
    context = compressor.compress([library()[name]], question=QUESTION, budget=LARGE)
    assert context.source_tokens > LARGE
    check(context, tokenizer, LARGE)


@pytest.mark.parametrize("rank", ["bm25", "embedding", "hybrid"])
def test_rankers_keep_the_sentence_that_answers(rank: str, tokenizer: TargetTokenizer, minilm_dir: object) -> None:
    needle = "The lighthouse keeper of Skellig hid 14 silver spoons under the stairs."
    text = library()["text"].text[:20_000]
    document = Document(text=f"{text[:9000]}\n\n{needle}\n\n{text[9000:]}", source="needle.txt")
    compressor = Compressor(
        tokenizer=tokenizer, ranker=RANKERS.create(rank), scorer=SCORERS.create("none"), rank=rank, prune="none"
    )
    context = compressor.compress([document], question="Where did the lighthouse keeper hide the spoons?", budget=100)
    check(context, tokenizer, 100)
    assert needle in context.text


# No token classifier is embedded; tests/compress/llmlingua2 holds llmlingua2 to the same contract with a small one.
@pytest.mark.parametrize("scorer", sorted(set(SCORERS.names()) - MODEL_FREE - {"llmlingua2"}))
@pytest.mark.parametrize("name", ["markdown", "code", "json", "csv", "chinese"])
def test_model_scorers_meet_the_contract(name: str, scorer: str, tokenizer: TargetTokenizer) -> None:
    whole = library()[name]
    end = 3000 if whole.kind != "json" else whole.text.index("\n },", 2000) + 3
    short = whole.text[:end] + ("]" if whole.kind == "json" else "")
    document = Document(text=short, source=whole.source, kind=whole.kind, language=whole.language)
    compressor = Compressor(
        tokenizer=tokenizer, ranker=RANKERS.create("bm25"), scorer=SCORERS.create(scorer), rank="bm25", prune=scorer
    )
    for budget in (60, 200):
        check(compressor.compress([document], question=QUESTION, budget=budget), tokenizer, budget)


def test_a_whole_document_is_returned_as_it_is(tokenizer: TargetTokenizer) -> None:
    document = library()["text"]
    compressor = Compressor(tokenizer=tokenizer, ranker=None, scorer=SCORERS.create("none"), rank="none", prune="none")
    for context in (compressor.compress([document], rate=1), compressor.compress([document], budget=10**7)):
        assert context.text == document.text
        assert context.rate == 1


def test_several_documents_share_one_budget(tokenizer: TargetTokenizer) -> None:
    documents = [library()["csv"], library()["json"], Document(text="", source="empty"), library()["text"]]
    compressor = Compressor(
        tokenizer=tokenizer, ranker=FakeRanker(), scorer=SCORERS.create("none"), rank="fake", prune="none"
    )
    context = compressor.compress(documents, question=QUESTION, budget=900)
    check(context, tokenizer, 900)
    assert context.source_tokens == sum(info.tokens for info in context.sources)


@pytest.mark.parametrize("name", ["text", "markdown", "json"])
def test_equal_input_gives_equal_output(name: str, tokenizer: TargetTokenizer) -> None:
    def once() -> CompressedContext:
        compressor = Compressor(
            tokenizer=tokenizer, ranker=FakeRanker(), scorer=SCORERS.create("random"), rank="fake", prune="random"
        )
        return compressor.compress([library()[name]], question=QUESTION, budget=500)

    assert once().text == once().text


@pytest.mark.parametrize("question", [None, QUESTION], ids=["unasked", "asked"])
def test_documents_of_unlike_scripts_fill_the_budget(question: str | None, tokenizer: TargetTokenizer) -> None:
    chinese, english = library()["chinese"], library()["text"]
    compressor = Compressor(
        tokenizer=tokenizer, ranker=FakeRanker(), scorer=SCORERS.create("none"), rank="fake", prune="none"
    )
    for documents in ([english, chinese], [chinese, english]):
        check(compressor.compress(documents, question=question, budget=20_000), tokenizer, 20_000)
