"""Passages: what is ranked first. Cut by langchain-text-splitters, with exact offsets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.text.sentences import safe_cut, trim
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Chunk, Document

_BLOCK = 1 << 18
"""Characters handed to the splitter at once; it copies its text once per separator."""
_NEAR = 1 << 12
_DATA = frozenset({"code", "json", "csv"})


def chunks(
    document: Document, index: int, outline: Outline, *, tokens: int, characters_per_token: float
) -> list[Chunk]:
    """Cut a document into passages of whole units that together hold all its non-whitespace text.

    A passage has one trail of headings: a new section begins a new one.

    Args:
        document: The document.
        index: Its place in the sequence given.
        outline: Its structure.
        tokens: Wanted size of a passage, in the ranking model's tokens.
        characters_per_token: The document's own average, which turns ``tokens`` into the splitter's unit.
    """
    size = max(32, int(tokens * characters_per_token))
    text = document.text
    cuts = _data_cuts(document, outline, size) if document.kind in _DATA else _prose_cuts(document, outline, size)
    result = []
    for start, end in itertools.pairwise([0, *sorted(cuts), len(text)]):
        left, right = trim(text, start, end)
        if right > left:
            if document.kind == "code":
                left = max(start, text.rfind("\n", start, left) + 1)
            trail = _titled(document, outline.trail_at(left, right))
            result.append(Chunk(document=index, start=left, end=right, kind=document.kind, headings=trail))
    return result


def _prose_cuts(document: Document, outline: Outline, size: int) -> set[int]:
    """Where sections begin, and the splitter's cuts, each moved to the unit that it falls into."""
    return {outline.boundary(end) for _, end in _pieces(document, size)} | set(outline.sections())


def _data_cuts(document: Document, outline: Outline, size: int) -> set[int]:
    """Where what names the units changes, or the passage is full."""
    cuts: set[int] = set()
    first: Unit | None = None
    above = -1
    for unit in outline.units(0, len(document.text)):
        named = outline.named(unit)
        if first is None or unit.end - first.start > size or (named != above and named != first.start):
            cuts.add(unit.start)
            first, above = unit, named
    return cuts


def _titled(document: Document, trail: tuple[str, ...]) -> tuple[str, ...]:
    return (document.title, *trail) if document.title and document.title not in trail else trail


def _pieces(document: Document, size: int) -> Iterator[tuple[int, int]]:
    """Offsets of the splitter's pieces; their concatenation is the text, so cumulative lengths are exact offsets."""
    splitter = _splitter(document, size)
    at = 0
    for block in _blocks(document.text):
        for piece in splitter.split_text(block):
            while len(piece) > 2 * size:
                cut = safe_cut(piece, size, 0)
                yield at, at + cut
                at, piece = at + cut, piece[cut:]
            yield at, at + len(piece)
            at += len(piece)


def _blocks(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _BLOCK + _NEAR:
        end = start + _BLOCK
        for mark in ("\n\n", "\n", " "):
            found = text.rfind(mark, end - _NEAR, end)
            if found > 0:
                end = found
                break
        else:
            end = safe_cut(text, end, start)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


class _Splitter:
    def __init__(self, separators: list[str], is_regex: bool, size: int) -> None:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        # The splitter's last resort cuts into single characters, which is slow and cuts graphemes: `_pieces` does that.
        self._inner = RecursiveCharacterTextSplitter(
            separators=[s for s in separators if s],
            is_separator_regex=is_regex,
            chunk_size=size,
            chunk_overlap=0,
            keep_separator="start",
            strip_whitespace=False,
        )

    def split_text(self, text: str) -> list[str]:
        pieces = self._inner.split_text(text)
        return pieces if "".join(pieces) == text else [text]


def _splitter(document: Document, size: int) -> _Splitter:
    from langchain_text_splitters import Language, RecursiveCharacterTextSplitter

    if document.kind in ("markdown", "html"):
        return _Splitter(RecursiveCharacterTextSplitter.get_separators_for_language(Language.MARKDOWN), True, size)
    return _Splitter(["\n\n", "\n", ". ", "。", " "], False, size)
