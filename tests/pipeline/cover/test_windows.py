"""Every unit is in a window, no window is too large, neighbours share whole paragraphs."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import library

from ctxpipe import Document
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import SourceInfo
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.cover.contexts import ContextWriter, in_whole, slices_of
from ctxpipe.pipeline.cover.reading import cut
from ctxpipe.pipeline.cover.windows import windows_of

ROWS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 10), st.integers(0, 2)), min_size=1, max_size=60)


@given(ROWS, st.integers(30, 200), st.integers(0, 60))
def test_rows_of_blocks(rows: list[tuple[int, int, int]], size: int, overlap: int) -> None:
    costs = [cost for cost, _, _ in rows]
    leads = [lead for _, lead, _ in rows]
    owner = sorted(document for _, _, document in rows)
    windows = windows_of(costs, size, overlap=overlap, leads=leads, owner=owner)
    assert windows[0][0] == 0
    assert windows[-1][1] == len(costs)
    for first, last in windows:
        inside = sum(costs[first:last])
        assert inside <= size
        assert inside + leads[first] <= size or leads[first] + costs[first] > size
    for (_, last), (first, after) in pairwise(windows):
        assert first <= last < after
        shared = costs[first:last]
        assert len(shared) <= 1 or sum(shared) <= overlap
        assert all(owner[i] == owner[last] for i in range(first, last))
        if overlap and last - 1 > windows[windows.index((first, after)) - 1][0] and owner[last - 1] == owner[last]:
            lead = leads[last - 1] if leads[last - 1] + costs[last - 1] <= size else 0
            assert shared or lead + costs[last - 1] + costs[last] > size
        if not overlap:
            assert first == last


@pytest.fixture(scope="module")
def tokenizer(smollm2_dir: object) -> TargetTokenizer:
    return TargetTokenizer.load("smollm2-135m")


def writer(documents: tuple[Document, ...], tokenizer: TargetTokenizer) -> ContextWriter:
    sources = tuple(
        SourceInfo(source=d.source, kind=d.kind, characters=len(d.text), tokens=tokenizer.count_long(d.text))
        for d in documents
    )
    return ContextWriter(documents=documents, question="What is said?", tokenizer=tokenizer, sources=sources)


def check(documents: tuple[Document, ...], tokenizer: TargetTokenizer, size: int) -> None:
    windows = cut(writer(documents, tokenizer), size)
    held: list[set[int]] = [set() for _ in documents]
    stretches: list[list[tuple[int, int]]] = [[] for _ in documents]
    for window in windows.windows:
        context = windows.context(window)
        assert context.kept_tokens <= size
        for span in context.spans:
            held[span.document].update(range(span.start, span.end))
            stretches[span.document].append((span.start, span.end))
    for index, document in enumerate(documents):
        missing = [i for i, c in enumerate(document.text) if not c.isspace() and i not in held[index]]
        assert not missing, document.text[missing[0] : missing[0] + 80]
        for unit in outline(document).units(0, len(document.text)):
            if tokenizer.count(document.text[unit.start : unit.end]) <= size // 2:
                assert any(a <= unit.start and unit.end <= b for a, b in stretches[index]), unit


def beginning(document: Document) -> Document:
    pages = tuple(start for start in document.page_starts if start < 5_000)
    return replace(document, text=document.text[:5_000], page_starts=pages, headings=(), noise=())


@pytest.mark.parametrize("size", [120, 700])
def test_every_unit_of_every_kind_of_document(tokenizer: TargetTokenizer, size: int) -> None:
    for document in library().values():
        if document.kind != "json":
            check((beginning(document),), tokenizer, size)
    rows = [{"name": f"boat {i}", "fees": {"summer": i * 7, "winter": i}} for i in range(60)]
    check((Document(text=json.dumps(rows, indent=1), kind="json"),), tokenizer, size)


PIECES = (
    *("# Harbour\n\n", "## Fees\n\n", "A boat pays 54 euros. ", "Nobody came. ", "- one item\n", "\n\n", "\n"),
    *("x" * 900 + " ", "As follows:\n\n", "日本語の文です。", "word " * 90),
)
PARTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=40)


@given(st.lists(PARTS, min_size=1, max_size=3), st.integers(80, 300))
@settings(max_examples=25)
def test_every_unit_of_made_documents(texts: list[list[str]], size: int) -> None:
    tokenizer = TargetTokenizer.load("smollm2-135m")
    documents = tuple(Document(text="".join(parts), source=f"{i}.md", kind="markdown") for i, parts in enumerate(texts))
    check(documents, tokenizer, size)


def test_neighbours_share_whole_paragraphs_and_begin_under_their_headings(tokenizer: TargetTokenizer) -> None:
    paragraphs = [f"Paragraph {i} tells of the boat {i}. It is long enough to be one of many here." for i in range(60)]
    text = "# Harbour\n\n## Boats\n\n" + "\n\n".join(paragraphs)
    windows = cut(writer((Document(text=text, kind="markdown"),), tokenizer), 400)
    assert len(windows.windows) > 3
    for before, after in pairwise(windows.windows):
        shared = set(before.blocks) & set(after.blocks)
        assert shared
        for block in shared:
            inside = text[block.start : block.end].split("\n\n")
            assert all(one in paragraphs or one.startswith("#") for one in inside)
        assert "# Harbour\n## Boats\n…\nParagraph" in windows.context(after).text


def test_slices_know_their_pages_and_point_into_the_whole(tokenizer: TargetTokenizer) -> None:
    from ctxpipe import compress

    pages = [f"Page {i} says that the boat {i} is green. " * 20 for i in range(1, 9)]
    starts, text = [], ""
    for page in pages:
        starts.append(len(text))
        text += page + "\n\n"
    document = Document(text=text, source="a.pdf", page_starts=tuple(starts))
    windows = cut(writer((document,), tokenizer), 600)
    window = windows.windows[2]
    slices = slices_of((document,), window.blocks)
    made = compress([one.document for one in slices], question="Which boat?", budget=150, rank="bm25", score_cache=0)
    whole = in_whole(made, slices, (document,))
    for excerpt in whole.excerpts:
        for start, end in excerpt.stretches:
            assert f"Page {document.page(start)} says" in text[start:end]
            assert document.page(start) in excerpt.pages
