"""What must hold for the units of any text, and how they read at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from ctxpipe.compress.text import outline as structure
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document, Kind


def above(text: str, words: str, kind: Kind = "text", language: str = "") -> list[str]:
    """What the unit that has some words stands under, outermost first, without marks of quotation."""
    made = structure.outline(Document(text=text, source="x", kind=kind, language=language))
    at = text.index(words)
    unit = next(u for u in made.units(0, len(text)) if u.start <= at < u.end)
    return [text[u.start : u.end].lstrip("> \r\n") for u in reversed(made.chain(unit))]


def check_units(text: str, units: Sequence[Unit]) -> None:
    """Ordered, disjoint, complete; parents before children; a close after all that stands under its unit."""
    indices: dict[int, int] = {}
    ranges = []
    for index, unit in enumerate(units):
        assert 0 <= unit.start < unit.end <= len(text)
        assert unit.parent == -1 or unit.parent in indices, "the parent comes before its child"
        indices[unit.start] = index
        _check_range(text, unit.start, unit.end)
        ranges.append((unit.start, unit.end))
        assert (unit.close >= 0) == (unit.close_end >= 0)
        if unit.close >= 0:
            _check_range(text, unit.close, unit.close_end)
            ranges.append((unit.close, unit.close_end))
    assert [unit.start for unit in units] == sorted(indices)
    at = 0
    for start, end in sorted(ranges):
        assert start >= at, "disjoint"
        assert not text[at:start].strip(), "complete"
        at = end
    assert not text[at:].strip(), "complete"
    last: dict[int, int] = {}
    for unit in reversed(units):
        end = max(unit.end, last.get(unit.start, 0))
        if unit.close >= 0:
            assert unit.close >= end, "a close comes after all that stands under its unit"
            end = unit.close_end
        last[unit.parent] = max(last.get(unit.parent, 0), end)


def _check_range(text: str, start: int, end: int) -> None:
    kept = text[start:end]
    assert kept.strip()
    assert kept == kept.rstrip()
    indentation = kept[: len(kept) - len(kept.lstrip())]
    assert "\n" not in indentation
    assert not indentation or start == 0 or text[start - 1] == "\n", "only a whole line keeps its indentation"


def chain(text: str, units: Sequence[Unit], needle: str) -> list[str]:
    """The unit that holds ``needle`` with all that it stands under, outermost first, each without its indentation."""
    by_start = {unit.start: unit for unit in units}
    at = text.index(needle)
    unit = next(u for u in units if u.start <= at < u.end)
    found = [unit]
    while found[-1].parent >= 0:
        found.append(by_start[found[-1].parent])
    return [text[u.start : u.end].strip() for u in reversed(found)]


def trail(text: str, units: Sequence[Unit], needle: str) -> list[str]:
    """The titles above the unit that holds ``needle``, outermost first."""
    by_start = {unit.start: unit for unit in units}
    at = text.index(needle)
    above = by_start.get(next(u for u in units if u.start <= at < u.end).parent)
    found: list[str] = []
    while above is not None:
        found.append(above.title)
        above = by_start.get(above.parent)
    return [title for title in reversed(found) if title]


def outline(text: str, units: Sequence[Unit]) -> str:
    """One line a unit or close (``^``), indented by depth, newlines as ``⏎``, with title and any kind but ``line``."""
    depths: dict[int, int] = {-1: -1}
    lines = []
    for unit in units:
        depth = depths[unit.start] = depths[unit.parent] + 1
        shown = text[unit.start : unit.end].strip().replace("\n", "⏎")
        kind = f" ({unit.kind})" if unit.kind != "line" else ""
        lines.append((unit.start, f"{'  ' * depth}{shown}{f'  «{unit.title}»' if unit.title else ''}{kind}"))
        if unit.close >= 0:
            shown = text[unit.close : unit.close_end].strip().replace("\n", "⏎")
            lines.append((unit.close, f"{'  ' * depth}^{shown}"))
    return "\n".join(line for _, line in sorted(lines)) + "\n"
