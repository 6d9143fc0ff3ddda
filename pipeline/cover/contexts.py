"""Windows and evidence as contexts: numbered excerpts whose characters know where they are from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ctxpipe.compress.select.formats import MARK, Fragment, Numbered, Written
from ctxpipe.compress.select.labels import labels
from ctxpipe.compress.select.render import Layout, write
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.types import CompressedContext, Document, Excerpt, SourceInfo, Span
from ctxpipe.pipeline.cover.blocks import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWriter:
    """Writes stretches of documents as contexts.

    Attributes:
        documents: The documents.
        question: What is asked.
        tokenizer: Counts.
        sources: Size of each document.
    """

    documents: tuple[Document, ...]
    question: str
    tokenizer: Tokenizer
    sources: tuple[SourceInfo, ...]

    def layout(self) -> Layout:
        """Numbers, and names where there are several documents or pages."""
        named = len(self.documents) > 1 or any(document.page_starts for document in self.documents)
        names = labels(self.documents) if named else [""] * len(self.documents)
        return Layout(Numbered(), names, self.tokenizer.special_strings)

    def window(self, blocks: Sequence[Block], *, lead: bool) -> CompressedContext:
        """Blocks as one excerpt each.

        Args:
            blocks: Neighbours, in order.
            lead: Whether what the first block stands under is written before it.
        """
        layout = self.layout()
        written = []
        for place, block in enumerate(blocks):
            text = self.documents[block.document].text
            fragments: list[Fragment] = []
            for start, end in block.chain if lead and place == 0 else ():
                fragments += [Fragment(text[start:end], block.document, start), Fragment("\n")]
            if fragments:
                fragments.append(Fragment(f"{MARK}\n"))
            fragments.append(Fragment(text[block.start : block.end], block.document, block.start))
            written.append(self._written(layout, block.document, block.start, block.end, tuple(fragments)))
        return self._context(written, layout)

    def evidence(self, spans: Sequence[Span]) -> CompressedContext:
        """Stretches as one excerpt each, in the order given."""
        layout = self.layout()
        written = [
            self._written(
                layout,
                span.document,
                span.start,
                span.end,
                (Fragment(self.documents[span.document].text[span.start : span.end], span.document, span.start),),
            )
            for span in spans
        ]
        return self._context(written, layout)

    def _written(self, layout: Layout, document: int, start: int, end: int, fragments: tuple[Fragment, ...]) -> Written:
        source = self.documents[document]
        pages = (source.page(start) or 1, source.page(max(start, end - 1)) or 1) if source.page_starts else ()
        return Written(layout.labels[document], document, pages, (), fragments)

    def _context(self, written: Sequence[Written], layout: Layout) -> CompressedContext:
        rendered = write(self.documents, written, layout)
        tokens = self.tokenizer.count(rendered.text)
        return CompressedContext(
            text=rendered.text,
            spans=rendered.spans,
            documents=self.documents,
            sources=self.sources,
            source_tokens=sum(source.tokens for source in self.sources),
            kept_tokens=tokens,
            budget=tokens,
            question=self.question,
            rank="none",
            prune="none",
            tokenizer=self.tokenizer.name,
            excerpts=rendered.excerpts,
            frames=rendered.frames,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The part of one document that a window holds, as a document of its own, which is compressed.

    Attributes:
        document: The part.
        index: Index of the document that it is from.
        start: Its offset there.
    """

    document: Document
    index: int
    start: int


def slices_of(documents: Sequence[Document], blocks: Sequence[Block]) -> list[Slice]:
    """The parts of documents that neighbouring blocks make up."""
    edges: dict[int, tuple[int, int]] = {}
    for block in blocks:
        edges[block.document] = edges.get(block.document, (block.start, 0))[0], block.end
    return [Slice(document=_part(documents[i], a, b), index=i, start=a) for i, (a, b) in edges.items()]


def in_whole(context: CompressedContext, slices: Sequence[Slice], documents: tuple[Document, ...]) -> CompressedContext:
    """The compressed context of slices, pointing into the documents that they are from."""

    def span(one: Span) -> Span:
        home = slices[one.document]
        return Span(document=home.index, start=one.start + home.start, end=one.end + home.start)

    def excerpt(one: Excerpt) -> Excerpt:
        home = slices[one.document]
        moved = tuple((start + home.start, end + home.start) for start, end in one.stretches)
        return replace(one, document=home.index, stretches=moved)

    return replace(
        context,
        documents=documents,
        spans=tuple(map(span, context.spans)),
        excerpts=tuple(map(excerpt, context.excerpts)),
        protected=tuple(map(span, context.protected)),
    )


def _part(document: Document, start: int, end: int) -> Document:
    """A part of a document; pages keep their numbers, because those before it are there and empty."""
    return replace(
        document,
        text=document.text[start:end],
        page_starts=tuple(max(0, page - start) for page in document.page_starts if page < end),
        headings=tuple((a - start, b - start, level) for a, b, level in document.headings if start <= a and b <= end),
        noise=tuple((max(a, start) - start, min(b, end) - start) for a, b in document.noise if a < end and b > start),
        notes=(),
    )
