"""The selector: never over budget, closed, whole, and near the budget where what is left is small enough."""

from __future__ import annotations

import json

import numpy as np
import pytest
from accounts import check_accounts
from character_tokenizer import Characters
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker, FakeScorer
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.select.formats import FORMATS
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import CompressedContext, Document

WORDS = st.sampled_from("gate tide 31 rope not the lantern moss 7.5% of Ann".split())
SENTENCE = st.builds(
    lambda first, words: f"{first} {' '.join(words)} ended.",
    st.sampled_from(["The", "The", "It"]),
    st.lists(WORDS, min_size=2, max_size=9),
)
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=4).map(" ".join)


@st.composite
def sections(draw: st.DrawFn) -> Document:
    blocks = []
    for index in range(draw(st.integers(1, 6))):
        blocks.append(f"{'#' * draw(st.integers(1, 3))} Pier {index}")
        shape = draw(st.sampled_from(["prose", "list", "table", "intro", "fence"]))
        said = draw(st.lists(PARAGRAPH, min_size=1, max_size=3))
        if shape == "table":
            said = ["| a | b |\n|---|---|\n" + "\n".join(f"| {i} | {words[:20]} |" for i, words in enumerate(said))]
        elif shape in ("list", "intro"):
            said = ["It holds:"] * (shape == "intro") + ["\n".join(f"- {words}" for words in said)]
        elif shape == "fence":
            said = ["```\n" + "\n".join(said) + "\n```"]
        blocks += said
    return Document(text="\n\n".join(blocks), source="piers.md", kind="markdown")


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    made: list[Document] = draw(st.lists(sections(), min_size=1, max_size=3))
    text = draw(PARAGRAPH)
    if draw(st.booleans()):
        made.append(
            Document(
                text=f"{text}\n\n{draw(PARAGRAPH)}", source="a/scan.pdf", kind="pdf", page_starts=(0, len(text) + 2)
            )
        )
    if draw(st.booleans()):
        rows = "\n".join(f"{i},{word}" for i, word in enumerate(draw(st.lists(WORDS, min_size=1, max_size=9))))
        made.append(Document(text=f"id,word\n{rows}\n", source="a/rows.csv", kind="csv"))
    if draw(st.booleans()):
        value = {"gates": [{"name": word, "note": text} for word in draw(st.lists(WORDS, min_size=1, max_size=5))]}
        made.append(Document(text=json.dumps(value, indent=1), source="b/gates.json", kind="json"))
    said = draw(st.lists(SENTENCE, min_size=1, max_size=5))
    if draw(st.booleans()):
        body = "\n\n".join(f"class Pier{i}:\n    def name(self):\n        return {w!r}" for i, w in enumerate(said))
        made.append(Document(text=body, source="b/piers.py", kind="code", language="python"))
    if draw(st.booleans()):
        body = "".join(f"pier{i}:\n  name: {words}\n" for i, words in enumerate(said))
        made.append(Document(text=body, source="b/piers.yaml", kind="code", language="yaml"))
    if draw(st.booleans()):
        body = "".join(f"<section name='{i}'><p>{words}</p></section>\n" for i, words in enumerate(said))
        made.append(Document(text=f"<piers>\n{body}</piers>", source="b/piers.xml", kind="code", language="xml"))
    if draw(st.booleans()):
        body = "".join(f"2026-05-01 10:0{i} pier {words}\n" for i, words in enumerate(said))
        made.append(Document(text=body, source="b/piers.log"))
    if draw(st.booleans()):
        made.append(Document(text="\n\n".join(said), source="b/page.html", kind="html", headings=()))
    return made


def check_whole(context: CompressedContext) -> None:
    """All of a unit is kept or nothing, with its whole chain and the sentence that it leans on."""
    for index, document in enumerate(context.documents):
        kept = np.zeros(len(document.text) + 1, dtype=bool)
        for span in context.spans:
            if span.document == index:
                kept[span.start : span.end] = True
        made = outline(document)
        for unit in made.units(0, len(document.text)):
            shown = [kept[i] for i in range(unit.start, unit.end) if not document.text[i].isspace()]
            assert all(shown) or not any(shown), document.text[unit.start : unit.end]
            if all(shown):
                assert all(kept[above.start] for above in made.chain(unit))
                leant_on = made.leant_on(unit)
                assert leant_on is None or kept[leant_on.start]


def compressed(
    given_documents: list[Document], budget: int, *, asked: bool, prune: str = "none", format: str = "labelled"
) -> CompressedContext:
    compressor = Compressor(
        tokenizer=Characters(),
        ranker=FakeRanker(),
        scorer=FakeScorer() if prune == "fake" else SCORERS.create(prune),
        rank="fake",
        prune=prune,
        format=FORMATS.create(format),
    )
    return compressor.compress(given_documents, question="Where is the lantern?" if asked else None, budget=budget)


@settings(max_examples=60)
@given(documents(), st.integers(1, 900), st.booleans(), st.sampled_from(FORMATS.names()))
def test_whole_units_with_their_chains_within_any_budget(
    made: list[Document], budget: int, asked: bool, format: str
) -> None:
    context = compressed(made, budget, asked=asked, format=format)
    assert len(context.text) == context.kept_tokens <= budget
    check_accounts(context)
    if not any("cut and marked" in note for note in context.notes):
        check_whole(context)
    if not context.text:
        assert any("too small" in note for note in context.notes)
    if format == "json" and context.text:
        parsed = json.loads(context.text)
        assert [e["text"] for e in parsed] == [e.text for e in context.excerpts]


@settings(max_examples=60)
@given(documents(), st.integers(1, 600), st.booleans(), st.sampled_from(["random", "head-tail", "fake"]))
def test_pruners_keep_labels_chains_and_accounts(made: list[Document], budget: int, asked: bool, prune: str) -> None:
    context = compressed(made, budget, asked=asked, prune=prune)
    assert len(context.text) == context.kept_tokens <= budget
    check_accounts(context)


@settings(max_examples=60)
@given(documents(), st.integers(200, 1200))
def test_every_excerpt_stands_under_a_label_of_its_own_document(made: list[Document], budget: int) -> None:
    context = compressed(made, budget, asked=True)
    if len(made) == 1 or not context.text:
        return
    at = 0
    for excerpt in context.excerpts:
        name = made[excerpt.document].source.rpartition("/")[2]
        at = context.text.index(excerpt.text.strip(), at)
        label = context.text[:at].rstrip().rpartition("\n")[2]
        at += len(excerpt.text.strip())
        assert label.startswith("[")
        assert name in label
        assert not excerpt.pages or f"p. {excerpt.pages[0]}" in label


@pytest.mark.parametrize("budget", [500, 1000, 2000, 6000])
def test_short_units_fill_the_budget(budget: int) -> None:
    text = "\n\n".join(f"# Pier {i}\n\n" + " ".join(f"Gate {j} of {i} was shut." for j in range(12)) for i in range(60))
    context = compressed([Document(text=text, kind="markdown")], budget, asked=True)
    assert 0.95 * budget <= context.kept_tokens <= budget


def test_a_unit_whose_chain_does_not_fit_gives_way() -> None:
    chain = (
        "# A very long heading that takes more than all of the room that there is\n\nThe lantern is in the loft.\n\n"
    )
    text = f"{chain}# B\n\nThe rope is in the cellar.\n\n# C\n\n{'Nothing else is known of it. ' * 9}"
    context = compressed([Document(text=text, kind="markdown")], 40, asked=True)
    assert context.text == "# B\n\nThe rope is in the cellar."


def test_a_chain_is_shortened_from_the_outside_and_marked() -> None:
    text = f"# {'Outer ' * 12}\n\n## Loft\n\nThe lantern is in it.\n\n{'And so on it goes for ever. ' * 20}"
    context = compressed([Document(text=text, kind="markdown")], 40, asked=True)
    assert context.text == "…\n## Loft\n\nThe lantern is in it."
    assert "cut and marked" in context.notes[-1]


def test_a_unit_longer_than_the_budget_is_cut_around_its_best_match() -> None:
    clause = "the keeper counts his nets in spring, "
    text = f"In this house {clause * 9}the lantern hangs in the loft, {clause * 9}and that is all."
    context = compressed([Document(text=text)], 60, asked=True)
    assert "the lantern hangs in the loft" in context.text
    assert context.text.startswith("… ")
    assert context.text.endswith(" …")
    check_accounts(context)


def test_below_a_marked_clause_nothing_is_said() -> None:
    context = compressed(
        [Document(text="The lantern hangs in the loft of the old harbour house today.")], 5, asked=True
    )
    assert context.text == ""
    assert context.notes == ("the budget of 5 tokens is too small to say anything true, so nothing was kept",)


def test_labels_are_shortened_before_anything_else() -> None:
    made = [
        Document(
            text=f"The lantern of {name} is red. {'It was sold. ' * 20}",
            source=f"archive/2024/{name}/minutes-of-the-board.txt",
        )
        for name in ("north", "south")
    ]
    context = compressed(made, 200, asked=True)
    assert "[north/minutes-of-the-board.txt]" in context.text or "[south/minutes-of-the-board.txt]" in context.text
    one = Document(text="The lantern of north is red.", source=made[0].source)
    tight = compressed([one, Document(text="x " * 300, source="archive/2024/notes.txt")], 58, asked=True)
    assert tight.text.startswith("[minutes-of-the-board.txt]\n")


def test_what_says_nothing_fills_no_room() -> None:
    said = [f"The gate of pier {n} has a lantern that burns from dusk until dawn." for n in range(6)]
    text = "\n\n".join([*said, "12"])
    noise = (len(text) - 2, len(text))
    document = Document(text=text, source="x", noise=(noise,))
    scorer = SCORERS.create("none")
    compressor = Compressor(tokenizer=Characters(), ranker=FakeRanker(), scorer=scorer, rank="fake", prune="none")
    kept = compressor.compress([document], question="gate", budget=len(said[0]) + 9)
    assert "12" not in kept.text
    everything = compressor.compress([document], question="gate", budget=len(text) + 50)
    assert everything.text.endswith("12")


def test_a_condition_is_not_kept_without_what_it_holds_for() -> None:
    ours = "- If we cancel\n  - you get all back\n"
    text = f"# Refunds\n\n- If you cancel\n  - you get half back\n  - the deposit stays\n{ours}"
    document = Document(text=text, source="x", kind="markdown")
    scorer = SCORERS.create("none")
    compressor = Compressor(tokenizer=Characters(), ranker=FakeRanker(), scorer=scorer, rank="fake", prune="none")
    for budget in range(60, len(text)):
        kept = compressor.compress([document], question="If you cancel", budget=budget).text
        assert "If you cancel" not in kept or "half back" in kept or "deposit stays" in kept
        assert "If we cancel" not in kept or "all back" in kept


def test_an_introduction_brings_the_record_that_fits_best() -> None:
    text = "./pier 7:\ntotal 4\n" + "".join(f"2026-05-0{i} gate {i} shut by {who}\n" for i, who in enumerate("abcde"))
    scorer = SCORERS.create("none")
    compressor = Compressor(tokenizer=Characters(), ranker=FakeRanker(), scorer=scorer, rank="fake", prune="none")
    kept = compressor.compress([Document(text=text, source="x")], question="pier 7: gate 3", budget=60).text
    assert kept.startswith("./pier 7:")
    assert "gate 3 shut" in kept


def test_the_name_of_an_object_is_not_kept_alone() -> None:
    made = [
        {"name": f"pier {i}", "planks": [{"wood": "oak", "note": "o" * 90}] * 4, "free": i % 2 == 0} for i in range(6)
    ]
    text = json.dumps(made, indent=1)
    scorer = SCORERS.create("none")
    compressor = Compressor(tokenizer=Characters(), ranker=FakeRanker(), scorer=scorer, rank="fake", prune="none")
    for budget in range(60, 900, 40):
        kept = compressor.compress(
            [Document(text=text, source="x", kind="json")], question="pier 3", budget=budget
        ).text
        assert all(set(one) > {"name"} for one in (json.loads(kept) if kept else []))
