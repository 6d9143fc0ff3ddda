"""The numbers that Word shows before paragraphs (``3.``, ``(b)``, ``iv``), which the text of a file does not hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.office.styles import Listed
from ctxpipe.pipeline.readers.office.word import W, left_of, number, parsed, value
from ctxpipe.pipeline.readers.roman import roman

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

PART = "word/numbering.xml"
_PLACE = re.compile(r"%([1-9])")
_SIGNS = {"\uf0a8": "☐", "\uf06f": "☐", "\uf0fe": "☒", "\uf0fc": "✓", "\uf0fb": "✗", "\uf0d8": "-"}
"""Signs of Wingdings that say something."""
_SAYING = "☐☑☒✓✔✗✘□■"
_HAN = "〇一二三四五六七八九"
_HAN_FORMATS = ("chinese", "japanese", "taiwanese", "ideograph")
_LARGEST = 5000
"""Numbers above are written in digits."""


class _NumberingLevel(NamedTuple):
    start: int
    format: str
    text: str
    legal: bool
    left: int | None


class _List(NamedTuple):
    abstract: str
    starts: dict[int, int]


_PLAIN = _NumberingLevel(1, "decimal", "%1.", False, None)


class Numbering:
    """The lists of a Word file, which count on from paragraph to paragraph.

    Args:
        archive: The Word file.
    """

    def __init__(self, archive: Archive) -> None:
        self._levels: dict[str, dict[int, _NumberingLevel]] = {}
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        if PART in archive:
            self._read(parsed(archive.read(PART)))

    def knows(self, listed: Listed) -> bool:
        """Whether the file says what the numbers of a list look like."""
        return listed.list in self._lists

    def indent(self, listed: Listed) -> int | None:
        """How far the paragraphs of a level are indented, in twips; None if the list does not say."""
        return self._level(self._lists[listed.list].abstract, listed.level).left

    def next(self, listed: Listed) -> str:
        """What stands before the next paragraph of a list, ``-`` for a bullet; empty where nothing does."""
        numbered = self._lists[listed.list]
        counts = self._counts.setdefault(numbered.abstract, {})
        if listed.list not in self._begun:
            self._begun.add(listed.list)
            counts.update({at: start - 1 for at, start in numbered.starts.items()})
        level = self._level(numbered.abstract, listed.level)
        counts[listed.level] = counts.get(listed.level, level.start - 1) + 1
        for deeper in [other for other in counts if other > listed.level]:
            del counts[deeper]
        if level.format == "bullet":
            sign = _SIGNS.get(level.text, level.text)
            return sign if sign and sign in _SAYING else "-"
        return _PLACE.sub(lambda place: self._counted(numbered.abstract, int(place[1]) - 1, level), level.text).strip()

    def _counted(self, abstract: str, at: int, shown: _NumberingLevel) -> str:
        level = self._level(abstract, at)
        count = self._counts[abstract].setdefault(at, level.start)
        return written(count, "decimal" if shown.legal else level.format)

    def _level(self, abstract: str, level: int) -> _NumberingLevel:
        return self._levels.get(abstract, {}).get(level, _PLAIN)

    def _read(self, root: Element) -> None:
        by_style: dict[str, str] = {}
        links: dict[str, str] = {}
        for abstract in root.iter(f"{W}abstractNum"):
            key = abstract.get(f"{W}abstractNumId") or ""
            self._levels[key] = {_number_of(level): _level(level) for level in abstract.findall(f"{W}lvl")}
            if named := value(abstract, f"{W}styleLink"):
                by_style[named] = key
            if linked := value(abstract, f"{W}numStyleLink"):
                links[key] = linked
        for num in root.iter(f"{W}num"):
            key = value(num, f"{W}abstractNumId") or ""
            overrides = num.findall(f"{W}lvlOverride")
            starts = {_number_of(other): number(value(other, f"{W}startOverride")) for other in overrides}
            told = {level: start for level, start in starts.items() if start is not None}
            key = by_style.get(links.get(key, ""), key)
            own = {_number_of(other): _level(level) for other in overrides for level in other.findall(f"{W}lvl")}
            if own:
                key, abstract_key = f"{key} {num.get(f'{W}numId')}", key
                self._levels[key] = self._levels.get(abstract_key, {}) | own
            self._lists[num.get(f"{W}numId") or ""] = _List(key, told)


def written(count: int, format: str) -> str:
    """A count in the format of a list (``lowerRoman``); in digits if the format is not known."""
    if 0 < count < _LARGEST:
        letters = format.startswith(("lower", "upper"))
        if format.endswith("Letter"):
            made = chr(97 + (count - 1) % 26) * ((count - 1) // 26 + 1)
        elif format.endswith("Roman"):
            made = roman(count)
        else:
            letters, made = False, ""
        if letters:
            return made.upper() if format.startswith("upper") else made
        if format.startswith(_HAN_FORMATS) and count < 100:
            tens, ones = divmod(count, 10)
            return (_HAN[tens] * (tens > 1) + "十" * (tens > 0)) + _HAN[ones] * (ones > 0)
    return f"{count:02d}" if format == "decimalZero" else "" if format == "none" else str(count)


def _number_of(element: Element) -> int:
    return number(element.get(f"{W}ilvl")) or 0


def _level(element: Element) -> _NumberingLevel:
    start = number(value(element, f"{W}start"))
    properties = element.find(f"{W}pPr")
    text = value(element, f"{W}lvlText")
    format = value(element, f"{W}numFmt") or "decimal"
    return _NumberingLevel(
        1 if start is None else start,
        format,
        f"%{_number_of(element) + 1}." if text is None else text,
        element.find(f"{W}isLgl") is not None,
        None if properties is None else left_of(properties),
    )
