"""What an OpenDocument file shows before the items of its lists: numbers, which may go on with another list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctxpipe.pipeline.readers.list_numbers import list_number
from ctxpipe.pipeline.readers.odf.styles import ListLevel, OdfStyles, whole


@dataclass
class _OpenList:
    """A list whose items are read, with the last number of each level down to it."""

    style: str
    counts: dict[int, int]
    value: int | None = None
    """The number that the next item has of its own."""
    mark: str = ""
    is_first: bool = False
    """Whether the next paragraph is the first of an item that has a number."""


class ListNumbering:
    """Counts the items of lists in lists.

    Args:
        styles: What numbers look like.
    """

    def __init__(self, styles: OdfStyles) -> None:
        self._styles = styles
        self._open: list[_OpenList] = []
        self._by_id: dict[str, dict[int, int]] = {}
        self._by_style: dict[str, dict[int, int]] = {}

    @property
    def depth(self) -> int:
        """Lists around the present place."""
        return len(self._open)

    def begin_list(self, given: Mapping[str, str]) -> None:
        """Begin a list, which counts anew unless it goes on with another list or stands in one."""
        above = self._open[-1] if self._open else None
        style = given.get("style-name") or (above.style if above else "")
        counts = above.counts if above else self._continued(given, style)
        self._open.append(_OpenList(style, counts))
        if above is None:
            self._by_style[style] = self._by_id[given.get("id", "")] = counts

    def end_list(self) -> None:
        """End the innermost list."""
        self._open.pop()

    def begin_item(self, given: Mapping[str, str], *, numbered: bool) -> None:
        """Begin an item of the innermost list, or the header of it, which has no number."""
        current = self._open[-1]
        current.is_first, current.mark = numbered, ""
        current.value = whole(given.get("start-value"))

    def mark(self) -> str:
        """What stands before the next paragraph of an item: its number or bullet, blanks before further ones."""
        current = self._open[-1]
        if not current.is_first:
            return " " * (len(current.mark) or 1)
        current.is_first = False
        level = self._styles.level(current.style, self.depth)
        self._count(current, level)
        current.mark = self._shown(current, level) if level else "-"
        return current.mark

    def _continued(self, given: Mapping[str, str], style: str) -> dict[int, int]:
        continued = self._by_id.get(given.get("continue-list", "\n"))
        if continued is None and given.get("continue-numbering") == "true":
            continued = self._by_style.get(style)
        return {} if continued is None else continued

    def _count(self, current: _OpenList, level: ListLevel | None) -> None:
        counts, depth = current.counts, self.depth
        start = level.start if level else 1
        counts[depth] = current.value if current.value is not None else counts.get(depth, start - 1) + 1
        for deeper in [other for other in counts if other > depth]:
            del counts[deeper]

    def _shown(self, current: _OpenList, level: ListLevel) -> str:
        numbers = []
        for depth in range(max(1, self.depth - level.shown + 1), self.depth + 1):
            other = self._styles.level(current.style, depth)
            if other:
                numbers.append(list_number(current.counts.get(depth, other.start), other.format))
        # A bare number would be read as a word of the item.
        suffix = level.suffix if level.prefix or level.suffix else "."
        return f"{level.prefix}{'.'.join(numbers)}{suffix}"
