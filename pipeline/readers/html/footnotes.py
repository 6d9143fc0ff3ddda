"""Footnotes of a page, written as Markdown has them: ``[^1]`` where one is called, ``[^1]: ...`` where it stands."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_MARK = re.compile(r"\d{1,3}[a-z]?|[a-z]{1,2}|[ivxlc]{1,6}|[*†‡§¶]{1,3}|(?:note|nb|n\.?)[ -]?\d{1,3}", re.IGNORECASE)
_AROUND_MARK = " \t\n\r\u00a0[](){}^.:"
_BACK = re.compile(r"[\W_]*|(?:back|return|jump up|zurück|retour)\b.{0,30}", re.IGNORECASE | re.DOTALL)
_CALL = re.compile(r"note-?ref|fn-?ref", re.IGNORECASE)
_NOTE = re.compile(
    r"(?:foot|end|rear|cite_)-?note|(?:^|[-_\s])(?:fn|note)s?(?:[-_:.\s\d]|$)|\bdoc-footnote\b", re.IGNORECASE
)
_ATTRIBUTES = ("class", "role", "epub:type", "id")
_BLOCKS = frozenset("aside dd div dt li p section".split())
_INLINE = frozenset("a b cite i em font small span strong sup".split())
_LONGEST_NOTE = 4000
"""Characters of a note; what is longer is a part of the page that a link leads to."""

_Place = tuple[str, str]
"""A page of a book and the name of an element on it."""


class PageNotes(NamedTuple):
    """The footnotes of a page, by the ``mem_id`` of elements.

    Attributes:
        names: The name of the note that an element holds.
        left_out: Marks in front of notes, and links back.
    """

    names: dict[int, str]
    left_out: set[int]


class Footnotes:
    """Finds the footnotes of one page, or of the pages of a book in their order.

    A footnote is called by a link whose words are a number or a sign, and stands below its call. The call says so, or
    the note does by its name, class or role, or the note has a link back. Of a note on another page the call must say
    it.
    """

    def __init__(self) -> None:
        self._names: dict[_Place, str] = {}
        self._calls: set[_Place] = set()
        self._awaited: set[str] = set()

    def take(self, tree: LexborHTMLParser, page: str = "") -> PageNotes:
        """Write the calls into a page, and find its notes.

        Args:
            tree: The page, which is changed.
            page: Path of the page in its book.
        """
        nodes = tree.css('[id], a[name], a[href*="#"]')
        order = {node.mem_id: at for at, node in enumerate(nodes)}
        named = {name: node for node in reversed(nodes) for name in _own_names(node)}
        notes = {key: _note(named[key]) for path, key in self._names if path == page and key in named}
        for link in nodes:
            mark = _mark(link.text()) if "#" in (link.attributes.get("href") or "") else ""
            place = _target(link, page)
            if not mark or not place[1]:
                continue
            target = named.get(place[1]) if place[0] == page else None
            if target is None and (place[0] != page or _says(_CALL, link)):
                # On another page; or nowhere, where the number would read like one of the text.
                if _is_call(link):
                    self._write(link, mark if place[0] == page else f"^{self._name(place, mark)}", page)
            elif target is not None and order[target.mem_id] > order[link.mem_id]:
                if place[1] not in notes:
                    notes[place[1]] = _note(target)
                note = notes[place[1]]
                if note and (_is_call(link) or _says(_NOTE, target) or _says(_NOTE, note) or _leads_to(note, link)):
                    self._write(link, f"^{self._name(place, mark)}", page)
        found = PageNotes({}, set())
        for key, note in notes.items():
            if note is not None and (page, key) in self._names and note.mem_id not in found.names:
                name = self._names[page, key]
                self._awaited.discard(name)
                found.names[note.mem_id] = name
                found.left_out.update(_marks(note, name), self._back(note, page))
        return found

    def _write(self, link: LexborNode, name: str, page: str) -> None:
        self._calls.update((page, own) for own in _names_around(link))
        _replace(_raised(link), f"[{name}]")

    def _back(self, note: LexborNode, page: str) -> Iterator[int]:
        """The links from a note back to its calls, by ``mem_id``."""
        for link in note.css('a[href*="#"]'):
            words = link.text().strip()
            if _BACK.fullmatch(words) or (_mark(words) and _target(link, page) in self._calls):
                yield _with_brackets(link, note).mem_id

    def _name(self, place: _Place, mark: str) -> str:
        """The name of a note: its mark, with a number where another note of this mark was called and not yet found."""
        if place not in self._names:
            name, number = mark, 1
            while name in self._awaited:
                number += 1
                name = f"{mark}-{number}"
            self._names[place] = name
            self._awaited.add(name)
        return self._names[place]


def _mark(words: str) -> str:
    mark = words.strip(_AROUND_MARK)
    return "-".join(mark.split()) if _MARK.fullmatch(mark) else ""


def _target(link: LexborNode, page: str) -> _Place:
    path, _, name = (link.attributes.get("href") or "").partition("#")
    if path and not page:
        return path, name
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(path))) if path else page, unquote(name)


def _own_names(node: LexborNode) -> list[str]:
    names = node.attributes.get("id"), node.attributes.get("name") if node.tag == "a" else None
    return [name for name in names if name]


def _says(what: re.Pattern[str], node: LexborNode | None) -> bool:
    """Whether an element is called something by one of its attributes."""
    return node is not None and any(what.search(node.attributes.get(name) or "") for name in _ATTRIBUTES)


def _raised(link: LexborNode) -> LexborNode:
    """What is set higher and holds a link alone; the link itself where nothing is."""
    node = link
    while node.parent is not None and node.parent.tag in _INLINE and _is_alone(node):
        node = node.parent
        if node.tag == "sup":
            return node
    return link


def _is_alone(node: LexborNode) -> bool:
    """Whether an element has nothing but brackets beside it."""
    before, after = node.prev, node.next
    if (before is not None and before.prev is not None) or (after is not None and after.next is not None):
        return False
    return not any((other.text() if other is not None else "").strip(_AROUND_MARK) for other in (before, after))


def _is_call(link: LexborNode) -> bool:
    raised = _raised(link) is not link or link.css_first("sup") is not None
    return raised or any(_says(_CALL, node) for node in (link, link.parent))


def _replace(call: LexborNode, mark: str) -> None:
    """Write a mark in the place of a call and of the brackets around it."""
    before, after = call.prev, call.next
    left = (before.text_content or "") if before is not None and before.tag == "-text" else ""
    right = (after.text_content or "") if after is not None and after.tag == "-text" else ""
    if before is not None and after is not None and left.endswith("[") and right.startswith("]"):
        before.replace_with(left[:-1])
        after.replace_with(right[1:])
    call.replace_with(mark)


def _note(target: LexborNode) -> LexborNode | None:
    """The element that holds a note, by what a link to it leads to; None for a part of the page or an empty one."""
    node: LexborNode | None = target
    while node is not None and node.tag in _INLINE:
        node = node.parent
    if node is not None and node.tag == "dt":
        while node is not None and node.tag != "dd":
            node = node.next
    if node is None or node.tag not in _BLOCKS or node.css_first("h1, h2, h3, h4, h5, h6, table") is not None:
        return None
    return node if 0 < len(node.text().strip()) <= _LONGEST_NOTE else None


def _leads_to(note: LexborNode, link: LexborNode) -> bool:
    """Whether a note has a link back to its call."""
    names = set(_names_around(link))
    return any((back.attributes.get("href") or "").lstrip("#") in names for back in note.css('a[href^="#"]'))


def _names_around(link: LexborNode) -> Iterator[str]:
    """Names that a link back to a call may use: its own, and those of what is close around it."""
    above: LexborNode | None = link
    for _ in range(3):
        if above is not None:
            yield from _own_names(above)
            above = above.parent


def _marks(note: LexborNode, name: str) -> Iterator[int]:
    """The elements before a note or at its beginning that hold its mark, by ``mem_id``; a bare one is cut off."""
    before = note.prev.prev if note.prev is not None and note.prev.tag == "-text" else note.prev
    if note.tag == "dd" and before is not None and before.tag == "dt" and _mark(before.text()):
        yield before.mem_id
    first = _first(note)
    if first is None:
        return
    names = [one for one in (name, name.rpartition("-")[0]) if one]
    label: LexborNode | None = first.parent
    while label is not None and label.tag in _INLINE:
        if _mark(label.text()) in names:
            yield label.mem_id
        label = label.parent
    words = (first.text_content or "").lstrip()
    mark = re.match(rf"[\[(^]?(?:{'|'.join(map(re.escape, names))})(?:[\]).:]+\s*|\s+)(?=\S)", words)
    if mark:
        first.replace_with(words[mark.end() :])


def _first(note: LexborNode) -> LexborNode | None:
    """The first words of a note."""
    return next(
        (node for node in note.traverse(include_text=True) if node.tag == "-text" and node.text().strip()), None
    )


def _with_brackets(link: LexborNode, note: LexborNode) -> LexborNode:
    """A link back with what is around it and holds nothing else, but further such links."""
    found, above = link, link.parent
    while above is not None and above.mem_id != note.mem_id and above.tag in _INLINE | {"p"}:
        rest = above.text()
        for inner in above.css("a"):
            rest = rest.replace(inner.text(), "", 1)
        if rest.strip(_AROUND_MARK + ",;↑↩"):
            break
        found, above = above, above.parent
    return found
