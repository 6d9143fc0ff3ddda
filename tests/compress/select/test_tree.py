"""The tree of what was read: its lines, its share of the budget, and that it is frame in every format."""

from __future__ import annotations

import json

import pytest
from accounts import check_accounts
from character_tokenizer import Characters
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.rank.bm25 import BM25Ranker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.select.formats import FORMATS
from ctxpipe.compress.select.tree import SHARE, tree_of
from ctxpipe.compress.types import Document
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.pipeline import Pipeline

NAMES = ["README.md", "src/app.py", "src/core/a.py", "src/core/b.py", "docs/guide.md"]


def tree(names: list[str], size: int) -> str:
    made = tree_of(names, lambda text: len(text) <= size)
    return "" if made is None else made.fragments[0].text


def test_folders_stand_above_their_files() -> None:
    assert tree(NAMES, 1000).split("\n") == [
        "src/",
        "  core/",
        "    a.py",
        "    b.py",
        "  app.py",
        "docs/",
        "  guide.md",
        "README.md",
    ]


def test_deep_folders_are_closed_first_then_names_are_left_out() -> None:
    assert tree(NAMES, 60) == "src/\n  core/ … 2 files\n  app.py\ndocs/\n  guide.md\nREADME.md"
    assert tree(NAMES, 50) == "src/ … 3 files\ndocs/ … 1 file\nREADME.md"
    assert tree(NAMES, 25) == "src/ … 3 files\n… 2 more"
    assert tree(NAMES, 5) == ""


def test_one_document_has_no_tree() -> None:
    assert tree(["a.py"], 100) == ""
    assert tree(["stdin", "https://example.org/a", "x/y"], 100).split("\n") == [
        "x/", "  y", "stdin", "https://example.org/a",
    ]  # fmt: skip


def documents(count: int) -> list[Document]:
    return [
        Document(
            text=f"The mooring of ship {i} costs {i + 40} euros. It rains in port {i}. Nobody counts the gulls.\n",
            source=f"ports/{'north' if i % 2 else 'south/far'}/{i}.txt",
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("format", ["plain", "labelled", "numbered", "xml", "json"])
@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_it_stands_first_and_is_frame(format: str, rate: float) -> None:
    pipeline = Pipeline(rank="bm25", format=format, tree=True, score_cache=0)
    context = pipeline.compress(documents(24), question="What does the mooring of ship 7 cost?", rate=rate)
    first = context.text.index("south/") if format != "json" else context.text.index('"files"')
    assert first < 30
    assert context.frames[0][0] == 0
    assert context.frames[0][1] > first
    assert context.kept_tokens <= context.budget
    check_accounts(context)
    assert len(context.excerpts) == len({excerpt.document for excerpt in context.excerpts})
    if format == "json":
        assert list(json.loads(context.text)[0]) == ["files"]
    if format == "numbered":
        assert context.text.startswith("[files]\n")
        assert "\n\n[1] " in context.text
    if format == "xml":
        assert context.text.startswith("<files>\n")
        assert '</files>\n<excerpt id="1"' in context.text


def test_the_tree_takes_a_tenth_and_gives_way() -> None:
    tokenizer = TargetTokenizer.load("smollm2-135m")
    for budget in (40, 100, 400, 1500):
        context = Pipeline(rank="bm25", tree=True, score_cache=0).compress(
            documents(60), question="mooring of ship 7", budget=budget
        )
        assert context.kept_tokens <= budget
        head = context.text.split("\n\n")[0].removeprefix("[files]\n")
        if context.text.startswith("[files]"):
            assert tokenizer.count(head) <= SHARE * budget
        else:
            assert context.notes == (f"the budget of {budget} tokens has no room for the tree of files",)
    assert context.text.startswith("[files]")


def test_a_small_budget_that_holds_everything_but_the_tree_says_so() -> None:
    small = [Document(text="Here.", source=f"a/{i}.txt") for i in range(2)]
    context = Pipeline(rank="bm25", tree=True, score_cache=0).compress(small, budget=40)
    assert len(context.spans) == 2
    assert context.notes == ("the budget of 40 tokens has no room for the tree of files",)


SOURCES = st.lists(
    st.lists(st.sampled_from(["a", "b", "c d", "é", "<files>", "x.py"]), min_size=1, max_size=4).map("/".join),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    sources=SOURCES,
    budget=st.integers(1, 700),
    format=st.sampled_from(["plain", "labelled", "numbered", "xml", "json"]),
)
def test_never_over_budget_and_every_character_accounted_for(sources: list[str], budget: int, format: str) -> None:
    owner = Compressor(
        tokenizer=Characters(),
        ranker=BM25Ranker(),
        scorer=SCORERS.create("none"),
        rank="bm25",
        prune="none",
        format=FORMATS.create(format),
        tree=True,
    )
    made = [Document(text=f"Ship {i} is here. It rains on {i}.", source=s) for i, s in enumerate(sources)]
    context = owner.compress(made, question="Where is ship 1?", budget=budget)
    assert len(context.text) == context.kept_tokens <= budget
    check_accounts(context)
