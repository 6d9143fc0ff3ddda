"""How excerpts are written: plain, labelled, numbered, as tagged blocks or as JSON."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ctxpipe.registry import Registry

DEFAULT_FORMAT = "labelled"
ASKED_FORMAT = "numbered"
"""How kept text is written when no format is named: for a reader, and for a model that is to cite."""
BETWEEN = "\n\n"
"""What stands between excerpts."""
MARK = "…"
"""Stands where text was left out."""
_WORTH_A_NUMBER = 200
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')


class Fragment(NamedTuple):
    """A stretch of written text.

    Attributes:
        text: The text.
        document, start: Where it is from; ``document`` is -1 for a frame.
        breaks: Whether it is a mark between two sections, at which an excerpt may be taken apart.
    """

    text: str
    document: int = -1
    start: int = -1
    breaks: bool = False


class Written(NamedTuple):
    """An excerpt as a format gets it.

    Attributes:
        label: Name of its document; empty when none is needed.
        document: Index of the document; -1 for a tree of all documents, which is all frame.
        pages: First and last page, or nothing.
        trail: What its first unit stands under, outermost first.
        fragments: Its text, marks included.
        after_gap: Whether text was left out between it and the excerpt before it, of the same document.
    """

    label: str
    document: int
    pages: tuple[int, ...]
    trail: tuple[str, ...]
    fragments: tuple[Fragment, ...]
    after_gap: bool = False

    @property
    def place(self) -> str:
        """Label and pages: ``report.pdf, p. 12``."""
        if not self.pages:
            return self.label
        first, last = self.pages[0], self.pages[-1]
        page = f"p. {first}" if first == last else f"pp. {first}-{last}"
        return f"{self.label}, {page}" if self.label else page


class Format(Protocol):
    """Writes excerpts one after the other. Source text stays as it is, in order; all else is frame."""

    def write(self, excerpts: Sequence[Written]) -> Iterator[Fragment]:
        """The text as fragments."""
        ...


class Plain:
    """Nothing but the excerpts, between them an empty line, or a mark where text of a document was left out."""

    def write(self, excerpts: Sequence[Written]) -> Iterator[Fragment]:
        """See ``Format``."""
        for index, excerpt in enumerate(excerpts):
            if index:
                yield Fragment(f"\n{MARK}\n" if excerpt.after_gap else BETWEEN)
            yield from excerpt.fragments


class Labelled:
    """Each excerpt under a line that names its document and page, where there are several documents or pages."""

    def write(self, excerpts: Sequence[Written]) -> Iterator[Fragment]:
        """See ``Format``."""
        for index, excerpt in enumerate(excerpts):
            if index:
                yield Fragment(BETWEEN)
            if excerpt.place:
                yield Fragment(f"[{excerpt.place}]\n")
            yield from excerpt.fragments


class Numbered:
    """Each excerpt under a number, by which an answer can cite it, and the name of its document.

    Its sections have numbers of their own, in place of the marks between them, once there are 200 characters under a
    number: a number costs about as much as ten of them.
    """

    def write(self, excerpts: Sequence[Written]) -> Iterator[Fragment]:
        """See ``Format``."""
        number = 0
        for index, excerpt in enumerate(excerpts):
            if index:
                yield Fragment(BETWEEN)
            number += excerpt.document >= 0
            mark = f"[{number}] {excerpt.place}".rstrip() if excerpt.document >= 0 else f"[{excerpt.label}]"
            yield Fragment(f"{mark}\n")
            held = 0
            for fragment in excerpt.fragments:
                if fragment.breaks and held >= _WORTH_A_NUMBER:
                    number, held = number + 1, 0
                    fragment = Fragment(f"{BETWEEN}[{number}]\n{fragment.text.rpartition(chr(10))[2]}")
                held += len(fragment.text) if fragment.document >= 0 else 0
                yield fragment


class Xml:
    """Each excerpt between tags with source, pages and trail. Text is not escaped; a closing tag in it is broken."""

    def write(self, excerpts: Sequence[Written]) -> Iterator[Fragment]:
        """See ``Format``."""
        number = 0
        for index, excerpt in enumerate(excerpts):
            if index:
                yield Fragment("\n")
            tag = "excerpt" if excerpt.document >= 0 else "files"
            number += excerpt.document >= 0
            attributes = "".join(self._attributes(number, excerpt)) if excerpt.document >= 0 else ""
            yield Fragment(f"<{tag}{attributes}>\n")
            for fragment in excerpt.fragments:
                yield from _broken(fragment, tag)
            yield Fragment(f"\n</{tag}>")

    def _attributes(self, number: int, excerpt: Written) -> Iterator[str]:
        yield f' id="{number}"'
        if excerpt.label:
            yield f' source="{html.escape(excerpt.label)}"'
        if excerpt.pages:
            yield f' pages="{"-".join(map(str, dict.fromkeys(excerpt.pages)))}"'
        if excerpt.trail:
            yield f' trail="{html.escape(" > ".join(excerpt.trail))}"'


class Json:
    """A JSON array of objects with source, pages, trail and text."""

    def write(self, excerpts: Sequence[Written]) -> Iterator[Fragment]:
        """See ``Format``."""
        yield Fragment("[")
        for index, excerpt in enumerate(excerpts):
            known = {"source": excerpt.label, "pages": list(excerpt.pages), "trail": list(excerpt.trail)}
            if excerpt.document < 0:
                known = {}
            head = json.dumps({key: value for key, value in known.items() if value}, ensure_ascii=False)
            opening = head[:-1] + (", " if len(head) > 2 else "")
            between = ",\n" if index else ""
            yield Fragment(f'{between}{opening}"{"text" if excerpt.document >= 0 else "files"}": "')
            for fragment in excerpt.fragments:
                yield from _escaped(fragment)
            yield Fragment('"}')
        yield Fragment("]")


FORMATS: Registry[Format] = Registry("format", "ctxpipe.formats")
FORMATS.register("plain", Plain)
FORMATS.register("labelled", Labelled)
FORMATS.register("numbered", Numbered)
FORMATS.register("xml", Xml)
FORMATS.register("json", Json)


def format_of(format: str | Format) -> Format:
    """The format of a name; another object is returned as it is.

    Raises:
        UnknownNameError: for an unknown name.
    """
    return FORMATS.create(format) if isinstance(format, str) else format


def _broken(fragment: Fragment, tag: str) -> Iterator[Fragment]:
    """A fragment with a space in every such tag, so that no document ends what it stands in."""
    at = 0
    for match in re.finditer(rf"<(?=/?{tag}\b)", fragment.text):
        yield _part(fragment, at, match.end())
        yield Fragment(" ")
        at = match.end()
    yield _part(fragment, at, len(fragment.text))


def _escaped(fragment: Fragment) -> Iterator[Fragment]:
    r"""A fragment as the inside of a JSON string: quotes and backslashes get a backslash, which is frame."""
    at = 0
    for match in _ESCAPED.finditer(fragment.text):
        yield _part(fragment, at, match.start())
        character = match.group()
        if character in '"\\':
            yield Fragment("\\")
            at = match.start()
        else:
            yield Fragment(json.dumps(character)[1:-1])
            at = match.end()
    yield _part(fragment, at, len(fragment.text))


def _part(fragment: Fragment, start: int, end: int) -> Fragment:
    moved = fragment.start + start if fragment.document >= 0 else -1
    return Fragment(fragment.text[start:end], fragment.document, moved)
