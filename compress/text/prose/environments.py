"""Environments of TeX, between their beginnings and ends, and items in them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import regex

from ctxpipe.compress.text.prose.facts import Facts
from ctxpipe.compress.text.prose.quoted import Quoted
from ctxpipe.compress.text.prose.region import Lines, Region
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

_LINE = re.compile(r"\\(?:begin|end)\{[^\n]*")
_EDGE = regex.compile(
    r"\\(?:(?P<mark>begin)\{(?P<name>[^}\n]{1,40})\}|(?P<mark>end)\{(?P<name>[^}\n]{1,40})\}(?=[ \t]*(?:%[^\n]*)?$))"
)
_FORMULA = re.compile(
    r"(?:equation|align|alignat|gather|multline|flalign|eqnarray|displaymath|math|split|cases|aligned|array|[pbvBV]?matrix"
    r"|verbatim|lstlisting|minted|tabular[xy]?|longtable)\*?"
)
"""What belongs to the sentence around it, or is no prose."""
_BARE = re.compile(
    r"(?:document|algorithmic|itemize|enumerate|description|compactitem|center|flushleft|flushright|minipage|multicols|small|footnotesize)\*?"
)
"""What says nothing of what it holds."""
_LISTS = ("itemize", "enumerate", "description", "compactitem")
_SET = re.compile(r"\\(?:centering|small|footnotesize|caption|label|vspace|renewcommand|setlength|includegraphics)\b")
"""What a figure or table begins with."""
_CAPTION = re.compile(r"\\caption(?:\[[^\]]*\])?\{(.{1,200}?)\}[ \t]*$", re.MULTILINE)
_NAMED = re.compile(r"\\begin\{[^}\n]+\}[ \t]*(?:\[([^\]\n]+)\]|\{([^}\n]+)\})")
_ITEM = re.compile(r"\\(?:bib)?item\b[ \t]*(?:\[([^\]\n]*)\])?")
_DISPLAYED = re.compile(
    r"\\begin\{(?P<name>(?:equation|align|alignat|gather|multline|flalign|eqnarray|displaymath)\*?)\}"
    r"(?:[^\n]*\n){1,60}?[^\n]*\\end\{(?P=name)\}"
)
"""A formula that is set apart, whose lines are no sentences."""
_STOP_BEFORE_END = re.compile(r"(?P<stop>[.!?])\s*\n[ \t]*\\end\{[^}\n]*\}[^\n]*\n?[ \t]*")


class _OpenEnvironment(NamedTuple):
    """An environment that has begun: its name, what it stands under, and what stands in it does."""

    name: str
    outside: int
    inside: int


class Environments(Quoted):
    """Writes environments of TeX."""

    def __init__(self, document: Document, facts: Facts) -> None:
        super().__init__(document, facts)
        self._ends = _ends(self.text) if document.language == "tex" else {}
        """For the beginnings of environments that are told by name, where their ends begin and end."""
        self._closes = frozenset(start for start, _ in self._ends.values())
        self.environments: list[_OpenEnvironment] = []

    def rebase(self, start: int) -> int:
        """The indentation of a block, which decides what it stands under; in TeX the environment does."""
        indent = super().rebase(start)
        if self.environments:
            self.base = self.environments[-1].inside
        return indent

    def running(self, start: int, end: int, spans: Sequence[tuple[int, int]]) -> None:
        """A paragraph, in which a formula that is set apart ends no sentence before its own end."""
        super().running(start, end, spans)
        if self.document.language == "tex":
            region = self.regions[-1]
            ends = [m for m in _STOP_BEFORE_END.finditer(self.text, region.start, region.end) if m.start() >= start]
            joins = (*region.joins, *(match.end("stop") for match in ends))
            inside = [match.span() for match in _DISPLAYED.finditer(self.text, region.start, region.end)]
            meant = (at for at in region.breaks if not any(a < at < b for a, b in inside))
            breaks = {*meant, *(match.end() for match in ends if match.end() < region.end)}
            self.regions[-1] = region._replace(joins=joins, breaks=tuple(sorted(breaks)))

    def parted(self, lines: Lines) -> bool:
        """Lines of TeX, cut where environments begin and end and at items."""
        if self.document.language != "tex":
            return False
        edges = [_EDGE.match(words) for words in lines.words]
        marks = [edge if edge and not _FORMULA.fullmatch(edge["name"]) else None for edge in edges]
        items = [_ITEM.match(words) is not None for words in lines.words]
        cuts = [index for index, mark in enumerate(marks) if mark or items[index]]
        if not cuts:
            return False
        at = 0
        for index, following in itertools.pairwise([*cuts, len(marks)]):
            if index < at:
                continue
            self._between(lines, at, index)
            mark = marks[index]
            if mark is None:
                self._item(lines.spans[index][0], lines.spans[following - 1][1])
                at = following
            elif mark["mark"] == "begin":
                at = self._begin(lines, index, mark["name"])
            else:
                self._end(*lines.spans[index], mark["name"])
                at = index + 1
        self._between(lines, at, len(marks))
        return True

    def _between(self, lines: Lines, first: int, stop: int) -> None:
        if first < stop:
            start, end = lines.spans[first][0], lines.spans[stop - 1][1]
            self.block(self.line_of(start), end)

    def _begin(self, lines: Lines, index: int, name: str) -> int:
        """Open an environment, and give the first line after what it begins with."""
        stop = index + 1
        while stop < len(lines.words) and _SET.match(lines.words[stop]):
            stop += 1
        start, end = lines.spans[index][0], lines.spans[stop - 1][1]
        above = self.parent
        close = self._ends.get(start)
        if close is None:
            unit = Unit(start, end, "sentence", above, noise=_BARE.fullmatch(name) is not None)
            self.environments.append(_OpenEnvironment(name, above, above))
        else:
            said = _CAPTION.search(self.text, start, end) or _NAMED.match(self.text, start, end)
            title = next((words for words in said.groups() if words), name) if said else name
            unit = Unit(start, end, "item", above, *close, title=" ".join(title.split()))
            self.environments.append(_OpenEnvironment(name, above, start))
        self.regions.append(Region(start, end, above, (unit,)))
        self.introduction = -1
        self.base = self.environments[-1].inside
        return stop

    def _end(self, start: int, end: int, name: str) -> None:
        if any(one.name == name for one in self.environments):
            while self.environments.pop().name != name:
                pass
        self.introduction = -1
        self.base = self.environments[-1].inside if self.environments else self.heading
        if start not in self._closes:
            self.regions.append(Region(start, end, self.base, (Unit(start, end, "sentence", self.base, noise=True),)))

    def _item(self, start: int, end: int) -> None:
        listed = self.environments[-1] if self.environments and self.environments[-1].name in _LISTS else None
        above = listed.outside if listed else self.parent
        units = self.whole_or_sentences(start, end, "item", above)
        self.regions.append(Region(start, end, above, tuple(units)))
        self.introduction = -1
        if listed:
            self.environments[-1] = listed._replace(inside=start)
            self.base = start


def _ends(text: str) -> dict[int, tuple[int, int]]:
    """For each beginning of an environment whose name or title says something, where its end begins and ends."""
    stack: list[tuple[str, int]] = []
    ends: dict[int, tuple[int, int]] = {}
    for line in _LINE.finditer(text):
        edge = _EDGE.match(line[0])
        if edge is None:
            continue
        if edge["mark"] == "begin":
            stack.append((edge["name"], line.start()))
        elif stack and stack[-1][0] == edge["name"]:
            _, start = stack.pop()
            if not _FORMULA.fullmatch(edge["name"]) and not _BARE.fullmatch(edge["name"]):
                ends[start] = (line.start(), line.start() + edge.end())
    return ends
