"""From kept pieces to written excerpts, in which every character is source or frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import regex

from ctxpipe.arrays import BoolArray
from ctxpipe.compress.select.formats import MARK, Format, Fragment, Written
from ctxpipe.compress.select.pieces import Pieces
from ctxpipe.compress.text.code import comment_mark
from ctxpipe.compress.text.control import neutralise
from ctxpipe.compress.text.sentences import is_blank
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.text.words import UNSPACED
from ctxpipe.compress.types import Document, Excerpt, Span

_UNSPACED = regex.compile(rf"[{UNSPACED}]")
_LINE = regex.compile(r"\n(?P<indent>[ \t]*)(?:(?P<item>(?:[-*+•‣◦–]|\(?\p{N}{1,3}[.)])[ \t])|\S)")
"""A line that says something, and whether it begins like a list item."""
_BLANK = regex.compile(r"\n[ \t\r]*\n")
_PARTED = regex.compile(r"\n[ \t\r]*(?:[-=*_~#][ ]?){3,}[ \t\r]*(?:\n|\Z)")
"""A rule between two parts of a text."""
_SAYS = regex.compile(r"[\p{L}\p{N}]")


class Rendered(NamedTuple):
    """A written context.

    Attributes:
        text: The text.
        spans: Stretches of the source in it, in order.
        frames: Ranges of ``text`` that are no source: labels, marks and what a format adds.
        excerpts: The excerpts that it is made of.
    """

    text: str
    spans: tuple[Span, ...]
    frames: tuple[tuple[int, int], ...]
    excerpts: tuple[Excerpt, ...]


class Layout(NamedTuple):
    """How a context is written.

    Attributes:
        format: Writes the excerpts.
        labels: Name of each document, empty where none is needed.
        special: Control strings of the tokenizer that will read it.
        tree: What stands before all excerpts, or None.
    """

    format: Format
    labels: Sequence[str]
    special: tuple[str, ...]
    tree: Written | None = None


class _Event(NamedTuple):
    """A stretch to be written: a piece, or what closes one."""

    start: int
    end: int
    unit: Unit
    bare: bool
    is_close: bool


def render(pieces: Pieces, kept: BoolArray, trails: Sequence[tuple[str, ...]], layout: Layout) -> Rendered:
    """Write kept pieces in the order of the source.

    Neighbours keep the whitespace between them. Where text of a document was left out there is a mark, in code as a
    comment; none between rows of a table or members of JSON, and none where a pruner dropped words of a sentence.

    Args:
        pieces: All pieces.
        kept: bool of shape (n,), closed under ``parent``.
        trails: What each piece stands under, outermost first.
        layout: How it is written.
    """
    written: list[Written] = []
    for document in np.unique(pieces.owner[kept]).tolist():
        index = np.flatnonzero(kept & (pieces.owner == document))
        written.extend(_excerpts(pieces, index, document, trails, layout.labels[document]))
    return write(pieces.documents, written, layout)


def fragments_of(pieces: Pieces, index: Sequence[int], document: int) -> Iterator[Fragment]:
    """The text of some pieces of one document, in order, with marks."""
    return _fragments(pieces.documents[document], document, _events(pieces, index))


def write(documents: Sequence[Document], written: Sequence[Written], layout: Layout) -> Rendered:
    """Put excerpts into one text and tell source and frame apart."""
    whole = written if layout.tree is None else [layout.tree, *written]
    fragments = [fragment for fragment in layout.format.write(whole) if fragment.text]
    plain = "".join(fragment.text for fragment in fragments)
    text = neutralise(plain, layout.special)
    at = _moved(plain, text)
    frames: list[tuple[int, int]] = []
    place = 0
    for fragment in fragments:
        end = place + len(fragment.text)
        if fragment.document < 0:
            left, right = at[place], at[end]
            if frames and frames[-1][1] == left:
                frames[-1] = frames[-1][0], right
            else:
                frames.append((left, right))
        place = end
    excerpts = tuple(_excerpt(documents, one, layout) for one in written)
    return Rendered(text, tuple(_spans(documents, fragments)), tuple(frames), excerpts)


def _excerpts(
    pieces: Pieces,
    index: np.ndarray[tuple[int], np.dtype[np.int64]],
    document: int,
    trails: Sequence[tuple[str, ...]],
    label: str,
) -> Iterator[Written]:
    source = pieces.documents[document]
    events = _events(pieces, index.tolist())
    pages = _pages(source, events)
    first = 0
    for place in range(1, len(events) + 1):
        if place < len(events) and pages[place] == pages[first]:
            continue
        mine = events[first:place]
        body = next((e for e in mine if not e.bare and not e.is_close), mine[0])
        owner = next((i for i in index.tolist() if pieces.units[i] is body.unit), int(index[0]))
        shown: tuple[int, ...] = ()
        if source.page_starts:
            last = source.page(max(body.start, mine[-1].end - 1)) or 1
            shown = (pages[first] or 1, max(last, pages[first] or 1))
        after_gap = first > 0 and bool(_SAYS.search(source.text, events[first - 1].end, mine[0].start))
        yield Written(label, document, shown, trails[owner], tuple(_fragments(source, document, mine)), after_gap)
        first = place


def _events(pieces: Pieces, index: Sequence[int]) -> list[_Event]:
    started: set[int] = set()
    events: list[_Event] = []
    for i in index:
        unit, start = pieces.units[i], int(pieces.start[i])
        container = int(pieces.container[i])
        if container >= 0 and start == unit.start:
            if container in started and unit.lead >= 0:
                start = unit.lead
            started.add(container)
        events.append(_Event(start, int(pieces.end[i]), unit, bool(pieces.bare[i]), False))
        if unit.close >= 0 and int(pieces.start[i]) == unit.start:
            events.append(_Event(unit.close, unit.close_end, unit, False, True))
    return sorted(events, key=lambda event: event.start)


def _pages(document: Document, events: Sequence[_Event]) -> list[int | None]:
    """The page of each stretch; what says nothing alone goes with what follows it."""
    pages: list[int | None] = []
    following: int | None = None
    for event in reversed(events):
        if not event.bare or following is None:
            following = document.page(event.start)
        pages.append(following)
    return pages[::-1]


def _fragments(document: Document, index: int, events: Sequence[_Event]) -> Iterator[Fragment]:
    text = document.text
    before: _Event | None = None
    rows: set[int] = set()
    for event in events:
        if event.unit.kind == "row":
            rows.add(event.unit.start)
        if before is not None:
            if is_blank(text, before.end, event.start):
                yield Fragment(text[before.end : event.start], index, before.end)
            else:
                joint = _joint(document, before, event, same_table=event.unit.parent in rows)
                yield Fragment(joint, breaks="\n" in joint and _ends_section(before, event))
        yield Fragment(text[event.start : event.end], index, event.start)
        before = event
    if before is not None:
        yield from _tail(document, before)


def _tail(document: Document, last: _Event) -> Iterator[Fragment]:
    """A mark where what ends an excerpt is not the end of its block of code or its list."""
    is_code = document.kind == "code"
    if last.bare or last.unit.close >= 0 or not (is_code or last.unit.kind == "item"):
        return
    following = _LINE.search(document.text, last.end)
    if following is None:
        return
    indent = following["indent"]
    if is_code and indent:
        yield Fragment(f"\n{indent}{comment_mark(document.language)}")
    elif last.unit.kind == "item" and following["item"]:
        yield Fragment(f"\n{indent}{MARK}")


def _ends_section(before: _Event, after: _Event) -> bool:
    """Whether a section ends between two stretches: a heading follows text, or the two stand under nothing."""
    return not before.bare and (after.bare or before.unit.parent == after.unit.parent == -1)


def _joint(document: Document, before: _Event, after: _Event, *, same_table: bool) -> str:
    """What stands for left-out text; between rows of the same table nothing does."""
    text, a, b = document.text, before.unit, after.unit
    gap = before.end, after.start
    newline = text.rfind("\n", *gap)
    line = text[newline + 1 : after.start] if newline >= 0 else None
    indent = line if line is not None and line.isspace() else ""
    bare = ("\n" + indent) if line is not None else " "
    if text[after.start] == "," and b.kind == "member":
        bare = ""
    # Words that a pruner dropped at the end of one unit and the beginning of the next are no gap between the two.
    if not before.is_close and not after.is_close and is_blank(text, a.end, b.start):
        spaced = not (_UNSPACED.match(text, before.end - 1) and _UNSPACED.match(text, after.start))
        return bare if line is not None or spaced else ""
    if "member" in (a.kind, b.kind):
        return bare
    if not _SAYS.search(text, *gap):
        # A rule below a table, for example: what follows the blank line is not a row of it.
        return f"\n{bare}" if _BLANK.search(text, *gap) else bare
    if b.kind == "row" and a.kind == "row" and same_table:
        return bare
    if document.kind == "code":
        left_out = _LINE.search(text, *gap)
        beside = left_out["indent"] if left_out else indent
        return f"\n{beside}{comment_mark(document.language)}\n{indent}"
    apart = _BLANK.search(text, *gap) or _PARTED.search(text, before.end, after.end)
    if a.kind == b.kind == "sentence" and a.parent == b.parent and not apart:
        return f" {MARK} "
    return f"\n{MARK}\n{indent}"


def _excerpt(documents: Sequence[Document], written: Written, layout: Layout) -> Excerpt:
    text = neutralise("".join(fragment.text for fragment in written.fragments), layout.special)
    spans = _spans(documents, written.fragments)
    return Excerpt(
        document=written.document,
        stretches=tuple((span.start, span.end) for span in spans),
        pages=tuple(dict.fromkeys(written.pages)),
        trail=written.trail,
        text=text,
    )


def _spans(documents: Sequence[Document], fragments: Sequence[Fragment]) -> list[Span]:
    """Stretches of source in order; neighbours with nothing but whitespace between them are one."""
    spans: list[Span] = []
    for fragment in fragments:
        if fragment.document < 0 or fragment.text.isspace():
            continue
        start, end = fragment.start, fragment.start + len(fragment.text)
        last = spans[-1] if spans else None
        follows = last is not None and last.document == fragment.document and last.end <= start
        if last is not None and follows and is_blank(documents[last.document].text, last.end, start):
            spans[-1] = Span(document=last.document, start=last.start, end=end)
        else:
            spans.append(Span(document=fragment.document, start=start, end=end))
    return spans


def _moved(plain: str, text: str) -> Sequence[int]:
    """Where each character of a text is after spaces were added to it; one more for its end."""
    if plain == text:
        return range(len(text) + 1)
    places: list[int] = []
    at = 0
    for character in plain:
        while text[at] != character:
            at += 1
        places.append(at)
        at += 1
    return [*places, len(text)]
