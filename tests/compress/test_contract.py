"""Every ranker and scorer, on every kind of document, at budgets from 1 to 50,000 tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from accounts import check_accounts
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import library

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker, FakeScorer
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.rankers import RANKERS
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import CompressedContext, Document, Scorer
from ctxpipe.models.tokenizer import TargetTokenizer

QUESTION = "How much copper did the market not reach in 1950?"
BUDGETS = (50, 333, 6000)
LARGE = 50_000
LEAST, LESS = 0.9, 0.75
"""Share of a budget that is used where units are short, from 500 tokens on and below: what does not fit whole is left
out."""
LONG = frozenset({"emoji.txt", "control.txt", "line.txt", "th.txt"})
"""Documents in which nothing says where a sentence ends, so that units are as long as units get."""
RECORDS = frozenset({"short.json"})
"""Documents of few records, each a fifth of the budget: one that does not fit leaves its room unused."""
MARKS = frozenset({"…", "# …"})
CAUSAL = ("llmlingua", "longllmlingua", "llmlingua-walk", "longllmlingua-walk", "reference")
FREE = ("none", "random", "head-tail")
PRUNERS = ("fake", *FREE, *CAUSAL, "llmlingua2", "learned")
"""Every scorer that is registered, and the fake one; ``made`` knows how to make each with a model of some kilobytes."""
WHOLE = re.compile(
    r"\d[\d,.]* kg\b|\bnot reach\b|https?://\S+|[\w.]+@[\w.]+|\b[a-z]+_[a-z_]+\b|\b[a-z]+[A-Z]\w+\b|-?\d+(?:\.\d+)?%"
)
"""Numbers with their unit, negations, addresses and identifiers: all of one is kept or nothing."""


@pytest.fixture(scope="module")
def tokenizer(smollm2_dir: object) -> TargetTokenizer:
    return TargetTokenizer.load("smollm2-135m")


@cache
def prepared(name: str) -> Collection:
    """A document of the library, whose structure is found once for all scorers and budgets."""
    return Collection.of([library()[name]])


def lines_of(context: CompressedContext) -> list[str]:
    """Lines of the kept text but for marks."""
    return [line for line in context.text.split("\n") if line.strip() not in MARKS]


def longest_unit(context: CompressedContext, tokenizer: TargetTokenizer) -> int:
    """Tokens of the longest thing that is kept or left out as a whole."""
    return max(
        tokenizer.count(document.text[unit.start : unit.end])
        for document in context.documents
        for unit in outline(document).units(0, len(document.text))
    )


def check(context: CompressedContext, tokenizer: TargetTokenizer, budget: int, *, full: bool = True) -> None:
    assert tokenizer.count(context.text) == context.kept_tokens <= budget
    if full and context.source_tokens > budget >= 333 and context.sources[0].source not in LONG:
        assert context.kept_tokens >= LESS * budget
        if budget >= 500 and context.sources[0].source in RECORDS:
            assert budget - context.kept_tokens < longest_unit(context, tokenizer)
        elif budget >= 500:
            assert context.kept_tokens >= LEAST * budget
    check_accounts(context)
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
        check(compressor.compress(prepared(name), question=question, budget=budget), tokenizer, budget)


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


@pytest.mark.parametrize("rank", ["bm25", "embedding", "hybrid", "learned"])
def test_rankers_keep_the_sentence_that_answers(
    rank: str, tokenizer: TargetTokenizer, minilm_dir: object, tiny_pruner: Path
) -> None:
    needle = "The lighthouse keeper of Skellig hid 14 silver spoons under the stairs."
    text = library()["text"].text[:20_000]
    document = Document(text=f"{text[:9000]}\n\n{needle}\n\n{text[9000:]}", source="needle.txt")
    options = {"model": tiny_pruner / "int8"} if rank == "learned" else {}
    compressor = Compressor(
        tokenizer=tokenizer,
        ranker=RANKERS.create(rank, **options),
        scorer=SCORERS.create("none"),
        rank=rank,
        prune="none",
    )
    context = compressor.compress([document], question="Where did the lighthouse keeper hide the spoons?", budget=100)
    check(context, tokenizer, 100)
    assert needle in context.text


# No token classifier is embedded; tests/compress/llmlingua2 holds llmlingua2 to the same contract with a small one.
Make = Callable[[str], Scorer]


@pytest.fixture(scope="module")
def made(tiny_causal: Path, tiny_classifier: Path, tiny_pruner: Path) -> Make:
    """Scorers by name, each made once."""
    known: dict[str, Scorer] = {}

    def make(name: str) -> Scorer:
        if name not in known:
            options = {"model": str(tiny_causal)} if name in CAUSAL else {}
            if name == "llmlingua2":
                options = {"model": str(tiny_classifier), "runtime": "torch", "dtype": "fp32"}
            if name == "learned":
                options = {"model": str(tiny_pruner / "int8")}
            known[name] = FakeScorer() if name == "fake" else SCORERS.create(name, **options)
        return known[name]

    return make


def test_every_scorer_is_in_the_matrix() -> None:
    assert set(PRUNERS) - {"fake"} == set(SCORERS.names())
    assert set(FREE) == {name for name in SCORERS.names() if not SCORERS.takes(name, "model")}


def structured() -> dict[str, Document]:
    """Short documents with structure to lose."""
    facts = " ".join(
        f"See https://ex.org/a{i}?q={i} or mail ann{i}@ex.org: market_rate_{i % 7} fell {i}.5% "
        f"and did not reach {i * 37:,} kg."
        for i in range(40)
    )
    table = "\n".join(f"| {'stone' * (i % 3 + 1)} | {i} | {i * 2.5} kg |" for i in range(40))
    code = "def f(x):\n    if x:\n        return {\n            'a': x,\n        }\n\n    return None\n\n\n"
    python = "".join(code.replace("f(", f"f{i}(").replace("'a'", f"'key_{i}'") for i in range(14))
    markdown = (
        f"# Report\n\n{facts[:900]}\n\n| name | n | mass |\n|---|---|---|\n{table}\n\n```python\n{python[:700]}\n```\n"
    )
    whole = library()["json"].text
    rows = "\n".join(library()["csv"].text.split("\n")[:70])
    return {
        "prose": Document(text=facts, source="facts.txt"),
        "markdown": Document(text=markdown, source="short.md", kind="markdown"),
        "code": Document(text=python, source="short.py", kind="code", language="python"),
        "csv": Document(text=rows, source="short.csv", kind="csv"),
        "json": Document(text=whole[: whole.index("\n },", 2000) + 3] + "]", source="short.json", kind="json"),
        "chinese": Document(text=library()["chinese"].text[:1200], source="zh.txt"),
    }


def check_structure(context: CompressedContext) -> None:
    """Nothing that must stay whole is in pieces."""
    document = context.documents[0]
    kept = np.zeros(len(document.text), dtype=bool)
    for span in context.spans:
        kept[span.start : span.end] = True
    for match in WHOLE.finditer(document.text) if document.kind in ("text", "markdown") else ():
        assert kept[match.start() : match.end()].all() or not kept[match.start() : match.end()].any(), match
    if document.source == "facts.txt":
        assert set(context.text.split()) <= {*document.text.split(), *MARKS}
    lines, source = lines_of(context), set(document.text.split("\n"))
    if document.kind in ("code", "csv"):
        assert set(lines) <= source
    if document.kind == "csv":
        assert lines[0] in (document.text.split("\n")[0], "")
    if document.kind == "markdown":
        rows = [line for line in lines if line.startswith("|")]
        assert set(rows) <= source
        assert rows[:1] in ([], ["| name | n | mass |"])
        fences = [at for at, line in enumerate(lines) if line.startswith("```")]
        assert len(fences) in (0, 2)
        assert set(lines[slice(*fences)] if fences else []) <= source


@pytest.mark.parametrize("prune", PRUNERS)
@pytest.mark.parametrize("name", list(structured()))
def test_every_pruner_keeps_every_structure(name: str, prune: str, made: Make, tokenizer: TargetTokenizer) -> None:
    document = structured()[name]
    compressor = Compressor(
        tokenizer=tokenizer, ranker=RANKERS.create("bm25"), scorer=made(prune), rank="bm25", prune=prune
    )
    for budget in (60, 150, 500):
        context = compressor.compress([document], question=QUESTION, budget=budget)
        # Of a table's rows, or of code's lines, none may be as short as what is left.
        check(context, tokenizer, budget, full=document.kind not in ("csv", "code"))
        check_structure(context)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("name", ["code", "csv", "reference", "markdown"])
def test_real_files_keep_their_lines_at_harsh_rates(name: str, rate: float, tokenizer: TargetTokenizer) -> None:
    document = library()[name]
    compressor = Compressor(tokenizer=tokenizer, ranker=None, scorer=FakeScorer(), rank="none", prune="fake")
    context = compressor.compress([document], rate=rate)
    assert context.kept_tokens >= LEAST * context.budget
    lines, source = lines_of(context), set(document.text.split("\n"))
    if document.kind in ("code", "csv"):
        assert set(lines) <= source
    else:
        assert len([line for line in lines if line.startswith("```")]) % 2 == 0
        assert {line for line in lines if line.startswith("| ")} <= source


@settings(max_examples=30)
@given(
    st.lists(
        st.sampled_from(
            ["3,000 kg", "did not reach", "https://ex.org/a?b=c", "snake_case_name", "camelCase", "-4.5%", "ann@ex.org",
             "river", "stone.", "of", "the", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
        ),
        min_size=30, max_size=90,
    ),
    st.integers(20, 90),
)  # fmt: skip
def test_what_belongs_together_is_never_split_or_glued(pieces: list[str], budget: int) -> None:
    tokenizer = TargetTokenizer.load("smollm2-135m")
    document = Document(text=" ".join(pieces), source="facts.txt")
    compressor = Compressor(
        tokenizer=tokenizer, ranker=None, scorer=SCORERS.create("random"), rank="none", prune="random"
    )
    context = compressor.compress([document], budget=budget)
    check_structure(context)
    for name in re.findall(r"e3b\S+", context.text):
        assert len(name) == 64


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
