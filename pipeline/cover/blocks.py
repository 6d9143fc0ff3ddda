"""Cuts documents into blocks: whole paragraphs and the headings above them, small enough to fill windows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxpipe.arrays import IntArray
from ctxpipe.compress.text.control import neutralise
from ctxpipe.compress.text.counting import Tokenizer
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.text.sentences import safe_cut, trim
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

MERGED = 150
"""Short neighbouring paragraphs become one block up to this many tokens, so that not every line gets a number."""
_SHARE = 4
"""A paragraph longer than the window divided by this is cut between its units."""
_BLANK = re.compile(r"\n[ \t\r]*\n")

Stretch = tuple[int, int]


class Block(NamedTuple):
    """Whole paragraphs of one document and page, or whole units of a long paragraph.

    Attributes:
        document: Index of the document.
        start, end: Character offsets, end exclusive.
        chain: Offsets of the headings and lines above its first unit, outermost first.
    """

    document: int
    start: int
    end: int
    chain: tuple[Stretch, ...] = ()


def counted(tokenizer: Tokenizer, texts: Sequence[str]) -> IntArray:
    """Tokens of texts as they are sent, with broken control strings: int64 of shape (texts,)."""
    return tokenizer.count_many([neutralise(text, tokenizer.special_strings) for text in texts])


def blocks_of(
    documents: Sequence[Document], outlines: Sequence[Outline], tokenizer: Tokenizer, size: int
) -> list[Block]:
    """Cut documents into blocks, in order; together they hold all non-whitespace text.

    Args:
        documents: The documents.
        outlines: Their structure.
        tokenizer: Counts.
        size: Most tokens of a block. Only a unit that is longer is cut.
    """
    blocks: list[Block] = []
    for index, (document, structure) in enumerate(zip(documents, outlines, strict=True)):
        units = structure.units(0, len(document.text))
        limit = max(1, size // _SHARE)
        paragraphs = _merged(document, list(_paragraphs(document, units)), tokenizer, min(MERGED, limit))
        for paragraph in _split(document, paragraphs, tokenizer, limit):
            chain = tuple((above.start, above.end) for above in reversed(structure.chain(paragraph[0])))
            start, end = paragraph[0].start, paragraph[-1].end
            blocks.extend(Block(index, a, b, chain) for a, b in _fitting(document.text, start, end, tokenizer, size))
    return blocks


def _paragraphs(document: Document, units: Sequence[Unit]) -> Iterator[list[Unit]]:
    """Units without an empty line or page break between them; a heading goes with what follows it.

    The last unit of each is prolonged to what closes it (brackets, end tags), so that no text is lost.
    """
    group: list[Unit] = []
    for place, unit in enumerate(units, start=1):
        after = units[place] if place < len(units) else None
        until = len(document.text) if after is None else after.start
        _, end = trim(document.text, unit.start, until)
        group.append(unit._replace(end=max(unit.end, end)))
        if after is None:
            break
        apart = _BLANK.search(document.text, group[-1].end, after.start) or after.kind == "heading"
        turned = document.page(unit.start) != document.page(after.start)
        if (apart or turned) and unit.kind != "heading":
            yield group
            group = []
    if group:
        yield group


def _merged(document: Document, paragraphs: list[list[Unit]], tokenizer: Tokenizer, limit: int) -> list[list[Unit]]:
    """Short neighbours of one section and page as one, up to ``limit`` tokens."""
    sizes = counted(tokenizer, [document.text[p[0].start : p[-1].end] for p in paragraphs]).tolist()
    merged: list[list[Unit]] = []
    used = 0
    for paragraph, size in zip(paragraphs, sizes, strict=True):
        first = paragraph[0]
        joins = bool(merged) and used + size <= limit and first.kind != "heading"
        if joins and document.page(merged[-1][0].start) == document.page(first.start):
            merged[-1].extend(paragraph)
            used += size
        else:
            merged.append(list(paragraph))
            used = size
    return merged


def _split(
    document: Document, paragraphs: Sequence[list[Unit]], tokenizer: Tokenizer, limit: int
) -> Iterator[list[Unit]]:
    """Paragraphs of more than ``limit`` tokens, cut between their units."""
    totals = counted(tokenizer, [document.text[p[0].start : p[-1].end] for p in paragraphs]).tolist()
    for paragraph, total in zip(paragraphs, totals, strict=True):
        if total <= limit:
            yield paragraph
            continue
        sizes = counted(tokenizer, [document.text[unit.start : unit.end] for unit in paragraph]).tolist()
        part: list[Unit] = []
        used = 0
        for unit, tokens in zip(paragraph, sizes, strict=True):
            if part and used + tokens > limit and part[-1].kind != "heading":
                yield part
                part, used = [], 0
            part.append(unit)
            used += tokens
        yield part


def _fitting(text: str, start: int, end: int, tokenizer: Tokenizer, size: int) -> Iterator[Stretch]:
    """A stretch as it is, or in halves until each has at most ``size`` tokens."""
    if end - start < 2 or int(counted(tokenizer, [text[start:end]])[0]) <= size:
        yield start, end
        return
    cut = safe_cut(text, (start + end) // 2, start)
    for left, right in ((start, cut), (cut, end)):
        left, right = trim(text, left, right)
        if right > left:
            yield from _fitting(text, left, right, tokenizer, size)
