"""Numbers of a context, and the stretches of the documents under them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from character_tokenizer import Characters
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.select.formats import FORMATS
from ctxpipe.compress.types import CompressedContext, Document
from ctxpipe.pipeline.ask.parts import is_numbered, parts

SENTENCES = st.lists(
    st.sampled_from(["The lantern burned [1].", "[2] Ada came.", "# Pier", "Hale left in 1907.", "[1]", "[3] x\n"]),
    min_size=1,
    max_size=12,
)


def compressed(documents: list[Document], budget: int, format: str, *, tree: bool = False) -> CompressedContext:
    compressor = Compressor(
        tokenizer=Characters(),
        ranker=FakeRanker(),
        scorer=SCORERS.create("none"),
        rank="fake",
        prune="none",
        format=FORMATS.create(format),
        tree=tree,
    )
    return compressor.compress(documents, question="Where is the lantern?", budget=budget)


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    made = []
    for index in range(draw(st.integers(1, 3))):
        paragraphs = draw(SENTENCES)
        text = "\n\n".join(paragraphs)
        starts = (0, *sorted(draw(st.lists(st.integers(1, len(text)), max_size=2)))) if draw(st.booleans()) else ()
        made.append(Document(text=text, source=f"a/[{index + 1}].txt", page_starts=starts))
    return made


def words(context: CompressedContext, stretches: list[tuple[int, int, int]]) -> str:
    return "".join("".join(context.documents[d].text[a:b].split()) for d, a, b in stretches)


@settings(max_examples=80)
@given(documents(), st.integers(20, 900), st.sampled_from(["numbered", "xml"]), st.booleans())
def test_every_number_names_the_text_of_its_excerpt(made: list[Document], budget: int, format: str, tree: bool) -> None:
    context = compressed(made, budget, format, tree=tree)
    found = parts(context)
    assert len(found) >= len(context.excerpts)
    assert is_numbered(context) is bool(found)
    left = iter(found)
    for excerpt in context.excerpts:  # one number, or one for each section
        whole = words(context, [(excerpt.document, start, end) for start, end in excerpt.stretches])
        while whole:
            spans = next(left)
            assert {span.document for span in spans} == {excerpt.document}
            assert all(a.end <= b.start for a, b in pairwise(spans))
            part = words(context, [(span.document, span.start, span.end) for span in spans])
            assert part
            assert whole.startswith(part)
            whole = whole[len(part) :]
    assert not any(left)


def test_sections_of_a_long_document_have_numbers_of_their_own() -> None:
    gulls = "The gulls cried a lot over the water. " * 6
    section = (
        f"# Pier {{0}}\n\nThe lantern of pier {{0}} burned. It rained.\n\n{gulls}\n\nFog lay there, and nobody came."
    )
    text = "\n\n".join(section.format(i) for i in range(9))
    context = compressed([Document(text=text, kind="markdown")], 900, "numbered")
    found = parts(context)
    assert len(found) > 1
    lines = context.text.split("\n")
    for number, spans in enumerate(found, start=1):
        first = lines[lines.index(f"[{number}]") + 1]
        assert first == text[spans[0].start : spans[0].start + len(first)]
        assert first.startswith("# Pier")


@pytest.mark.parametrize("format", ["plain", "labelled", "json"])
def test_other_formats_have_no_numbers(format: str) -> None:
    made = [Document(text="[1] Ada came.\n\n[2] Hale left.", source=f"{name}.txt") for name in "ab"]
    context = compressed(made, 500, format)
    assert context.text
    assert not is_numbered(context)
    assert parts(context) == []
