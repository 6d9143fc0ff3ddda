"""Passages: what is ranked first. Cut by LangChain's text splitters, with exact offsets."""

from __future__ import annotations

from collections.abc import Iterator

from ctxpipe.compress.text import json_tree
from ctxpipe.compress.text.langchain_text_splitters.base import Language
from ctxpipe.compress.text.langchain_text_splitters.character import RecursiveCharacterTextSplitter
from ctxpipe.compress.text.sentences import safe_cut, trim
from ctxpipe.compress.text.structure import Outline, Segment
from ctxpipe.compress.types import Chunk, Document

_BLOCK = 1 << 18
"""Characters handed to the splitter at once; it copies its text once per separator."""
_NEAR = 1 << 12
_LONGEST_ROW = 8_000
"""Most characters of a table row or a line of code that no passage's end may cut."""


def chunks(
    document: Document,
    index: int,
    structure: Outline | list[json_tree.Node],
    *,
    tokens: int,
    characters_per_token: float,
) -> list[Chunk]:
    """Cut a document into passages that together hold all its non-whitespace text.

    Args:
        document: The document.
        index: Its place in the sequence given.
        structure: Its outline, or its nodes for JSON.
        tokens: Wanted size of a passage, in the ranking model's tokens.
        characters_per_token: The document's own average, which turns ``tokens`` into the splitter's unit.
    """
    size = max(32, int(tokens * characters_per_token))
    if isinstance(structure, list):
        return _json_chunks(document, index, structure, size)
    result = []
    at = 0
    for _, end in _pieces(document, size):
        start, at = at, max(at, _settled(document, structure, end))
        left, right = trim(document.text, start, at)
        if document.kind == "code":
            left = document.text.rfind("\n", start, left) + 1 or start
        if right > left:
            trail = structure.trail(left)
            result.append(
                Chunk(document=index, start=left, end=right, kind=document.kind, headings=_titled(document, trail))
            )
    return result


def _settled(document: Document, structure: Outline, at: int) -> int:
    """The place near ``at`` where no row, line or stop is cut off, unless that would be too far away."""
    text = document.text
    if at >= len(text):
        return at
    if document.kind == "code":
        start = text.rfind("\n", max(0, at - _LONGEST_ROW), at) + 1
        return start or (0 if at <= _LONGEST_ROW else at)
    if text[at] in ".。":
        return at + 1  # the splitter puts the stop in front of what follows it
    segment = structure.region_segment(at)
    inside = segment is not None and segment.start < at < segment.end and segment.end - segment.start <= _LONGEST_ROW
    return segment.start if segment is not None and inside else at


def _titled(document: Document, trail: tuple[str, ...]) -> tuple[str, ...]:
    return (document.title, *trail) if document.title and document.title not in trail else trail


def _json_chunks(document: Document, index: int, nodes: list[json_tree.Node], size: int) -> list[Chunk]:
    # The library's JSON splitter works on parsed values and gives no offsets.
    paths = {node.start: node.path for node in nodes}
    group: list[Segment] = []
    result: list[Chunk] = []

    def close() -> None:
        if group:
            trail = _titled(document, tuple(filter(None, [paths.get(group[0].parent, "")])))
            result.append(Chunk(document=index, start=group[0].start, end=group[-1].end, kind="json", headings=trail))
            group.clear()

    for segment in json_tree.segments(document.text, nodes):
        if group and (segment.end - group[0].start > size or segment.parent != group[0].parent):
            close()
        group.append(segment)
    close()
    return result


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
    language = {"markdown": "markdown", "html": "markdown", "code": document.language}.get(document.kind, "")
    if language in {member.value for member in Language}:
        separators = RecursiveCharacterTextSplitter.get_separators_for_language(Language(language))
        return _Splitter(separators, True, size)
    if document.kind in ("csv", "code"):
        return _Splitter(["\n\n", "\n"], False, size)
    return _Splitter(["\n\n", "\n", ". ", "。", " "], False, size)
