"""Styles of a Word file: which paragraphs are headings, and which are numbered by their style."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.office.word import W, left_of, number, parsed, value

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_PART = "word/styles.xml"
_HEADING = re.compile(
    r"(?:heading|überschrift|berschrift|titre|título|titulo|titolo|encabezado|kop|rubrik|overskrift|otsikko|nagłówek"
    r"|nadpis|naslov|címsor|başlık|заголовок|επικεφαλίδα|标题|標題|見出し|제목)[ _]?([1-9])",
    re.IGNORECASE,
)
"""A heading in the languages of Word; in most of its files the name is the English one."""
_TITLE = re.compile(r"title|titel|titre|título|titolo|otsikko|название|заголовок|标题|標題|表題|제목", re.IGNORECASE)
_LISTED = re.compile(r".*\D([2-5])")
"""The name of a style for lists in lists, such as ``List Bullet 2``."""
_DEEPEST, _BODY_TEXT = 6, 9
_MOST_BASES = 20
_STEP = 360
"""Twips that a list is indented further than the one around it."""


class _Style(NamedTuple):
    name: str
    based: str
    element: Element


class Listed(NamedTuple):
    """The list that a paragraph is numbered by, and its level in it from 0."""

    list: str
    level: int


class WordStyles:
    """The styles of paragraphs, by their identifiers.

    Args:
        archive: The Word file.
    """

    def __init__(self, archive: Archive) -> None:
        self._styles: dict[str, _Style] = {}
        self._levels: dict[str, int] = {}
        if _PART in archive:
            for style in parsed(archive.read(_PART)).iter(f"{W}style"):
                name = value(style, f"{W}name") or ""
                self._styles[style.get(f"{W}styleId") or ""] = _Style(name, value(style, f"{W}basedOn") or "", style)

    def heading(self, properties: Element | None) -> int:
        """The level of a heading, from 1; 0 for other paragraphs."""
        if properties is None:
            return 0
        told = number(value(properties, f"{W}outlineLvl"))
        if told is not None:
            return _level(told)
        key = value(properties, f"{W}pStyle") or ""
        if key not in self._levels:
            self._levels[key] = self._heading(key)
        return self._levels[key]

    def is_title(self, properties: Element | None) -> bool:
        """Whether a paragraph is the title of the document."""
        key = (value(properties, f"{W}pStyle") if properties is not None else None) or ""
        return bool(key) and _TITLE.fullmatch(self._styles[key].name if key in self._styles else key) is not None

    def listed(self, properties: Element | None) -> Listed | None:
        """The list that a paragraph stands in, by itself or by its style."""
        if properties is None:
            return None
        for holder in (properties, *self._properties(value(properties, f"{W}pStyle") or "")):
            numbering = holder.find(f"{W}numPr")
            if numbering is not None and (key := value(numbering, f"{W}numId")) is not None:
                return Listed(key, number(value(numbering, f"{W}ilvl")) or 0) if key != "0" else None
        return None

    def indent(self, properties: Element | None, otherwise: int | None) -> int:
        """How far a paragraph is indented, in twips; ``otherwise`` is what its list says."""
        if properties is None:
            return 0
        key = value(properties, f"{W}pStyle") or ""
        styled = [holder for holder in self._properties(key) if holder.find(f"{W}numPr") is None or otherwise is None]
        for holder in (properties, *styled):
            if (left := left_of(holder)) is not None:
                return left
        if otherwise is not None:
            return otherwise
        deep = _LISTED.fullmatch(self._styles[key].name if key in self._styles else key)
        return int(deep[1]) * _STEP if deep else 0

    def _heading(self, key: str) -> int:
        for style in self._chain(key):
            told = number(value(style.element, f"{W}pPr/{W}outlineLvl"))
            named = _HEADING.fullmatch(style.name)
            if named or told is not None:
                return min(int(named[1]), _DEEPEST) if named else _level(told or 0)
        named = _HEADING.fullmatch(key)
        return min(int(named[1]), _DEEPEST) if named else 0

    def _properties(self, key: str) -> list[Element]:
        found = (style.element.find(f"{W}pPr") for style in self._chain(key))
        return [properties for properties in found if properties is not None]

    def _chain(self, key: str) -> list[_Style]:
        """A style and those that it is based on."""
        chain: list[_Style] = []
        while key in self._styles and len(chain) < _MOST_BASES:
            chain.append(self._styles[key])
            key = chain[-1].based
        return chain


def _level(outline: int) -> int:
    return min(outline + 1, _DEEPEST) if 0 <= outline < _BODY_TEXT else 0
