"""The smallest whole things of a document: what is kept or dropped as one, and what it stands under."""

from __future__ import annotations

from typing import Literal, NamedTuple

UnitKind = Literal["sentence", "item", "heading", "speaker", "row", "record", "line", "fence", "tag", "member"]
"""What a unit is: prose by sentence, list items, table rows, log and list lines (``record``), lines or statements of
code and configuration (``line``), opening fences, XML elements (``tag``), members and elements of JSON."""


class Unit(NamedTuple):
    """A whole thing in a document's text.

    The units of a document are in order of ``start`` and disjoint; together with their ``close`` ranges they hold every
    non-whitespace character. A unit is kept only together with the unit that it stands under, and so with its whole
    chain: every heading, signature, section, key, header row or introduction above it.

    Attributes:
        start, end: Character offsets, end exclusive, without surrounding whitespace (a line of code keeps its
            indentation).
        kind: What it is.
        parent: ``start`` of the unit that it stands under, which comes before it; -1 for none.
        close, close_end: Offsets of the closing bracket, tag, fence or keyword that belongs to it and comes after all
            that stands under it; -1 for none.
        lead: For a member of JSON, where it begins when an earlier sibling is kept (its comma); else -1.
        container: For a member of JSON, ``start`` of the unit whose brackets hold it; else -1.
        title: What it is called in the trail of what stands under it (a heading's words, ``class Ferry``,
            ``services.mailer``); empty for a unit that names nothing, such as a table's header row.
        noise: Whether it is chosen only when nothing else is left (a contents line, a page number).
    """

    start: int
    end: int
    kind: UnitKind = "sentence"
    parent: int = -1
    close: int = -1
    close_end: int = -1
    lead: int = -1
    container: int = -1
    title: str = ""
    noise: bool = False
