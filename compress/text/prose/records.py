"""Lines that are records of their own (log lines, lists, rows without rules), told from prose that was wrapped."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import regex

_STARTS = regex.compile(
    r"""
      \[?\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[ ,T]                # a date
    | \[?\d{1,2}:\d{2}(?::\d{2})?\b                          # a time
    | [\w./\\-]+:\d+(?::\d+)?:\s?                            # path:line:
    | \p{Lu}[\p{L}\p{M} .'’\-]{0,40}:\s                      # a speaker
    | [\w.\-\[\]]+\s?[=]\s?\S                                # key = value
    | (?:\w{3}\s+\d{1,2}\s\d{2}:\d{2}:\d{2})                 # syslog
    | [<\[](?:\w+|\d+)[>\]]\s                                # [INFO]
    """,
    regex.VERBOSE,
)
CONTENTS = re.compile(r"(?:\.[ ]?){5,}\s*[\divxlc]{1,6}(?:[,–-]\s?\d{1,5})*\s*$")
"""A line of a table of contents or an index, with dots that lead to the pages."""
_GAP = re.compile(r"[ ]{2,}")
_RULE = re.compile(r"[-=─━+|┼ ]*[-=─━]{3}[-=─━+|┼ ]*")
_SEPARATORS = re.compile(r"\t|;|\||[ ]{2,}(?=\S)|,")
_UPPER, _LOWER, _DIGITS = regex.compile(r"\p{Lu}+"), regex.compile(r"[\p{Ll}\p{Lo}]+"), re.compile(r"\d+")
_STOP = (".", "!", "?", "…", "。", "！", "？", '"', "”", ")")
_SHORT = 0.75
"""Share of the width that a line and the first word of the next stay below when the break between them is meant."""
_FEWEST = 3


class Run(NamedTuple):
    """Consecutive lines by index, ``end`` exclusive, and the index of the first line of titles above them, or -1."""

    start: int
    end: int
    header: int = -1


def record_runs(lines: Sequence[str]) -> list[Run]:
    """The runs of a block's lines that are records.

    Lines are alike when they begin in the same kind of way (a date, a speaker, a key, the same pattern of capitals
    and digits) or have the same separators. At least three alike in a row are records, or two that begin with something
    that only records begin with. Wrapped prose is not taken for records: its lines are as long as the width allows.

    Args:
        lines: Lines of a block without blank lines, stripped.
    """
    width = max(map(len, lines), default=0)
    shapes = [_shape(line) for line in lines]
    alike = [
        _alike(a, b, shapes[i], shapes[i + 1]) and not _is_wrapped(a, b, width, shapes[i])
        for i, (a, b) in enumerate(itertools.pairwise(lines))
    ]
    runs: list[Run] = []
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and alike[end - 1]:
            end += 1
        sure = all(_STARTS.match(line) for line in lines[at:end]) and end - at >= 2
        sure = sure or all(CONTENTS.search(line) for line in lines[at:end])
        if end - at >= _FEWEST or sure:
            runs.append(_with_header(lines, at, end))
        at = end
    return runs


def begins_record(line: str) -> bool:
    """Whether a line begins in a way that only records begin with: a date, a time, a key, a speaker."""
    return _STARTS.match(line) is not None


def hard_breaks(lines: Sequence[str]) -> list[bool]:
    """For each line but the last, whether the break after it is meant: it is short, and the next begins anew."""
    width = sorted(map(len, lines))[int(0.9 * (len(lines) - 1))] if lines else 0
    return [
        len(a) + 1 + len(b.split(None, 1)[0]) < _SHORT * width
        and not b[:1].islower()
        and not a.endswith((",", "-", "("))
        for a, b in itertools.pairwise(lines)
    ]


def _alike(a: str, b: str, shape_a: tuple[str, ...], shape_b: tuple[str, ...]) -> bool:
    if (_STARTS.match(a) and _STARTS.match(b)) or _aligned(a, b):
        return True
    if CONTENTS.search(a) or CONTENTS.search(b):
        return bool(CONTENTS.search(a) and CONTENTS.search(b))
    separators = [mark if mark == "," else mark[:1] for mark in _SEPARATORS.findall(a)]
    same = bool(separators) and separators == [m if m == "," else m[:1] for m in _SEPARATORS.findall(b)]
    strong = same and (len(separators) >= 2 or separators[0] != ",")
    if strong and shape_a[:1] == shape_b[:1]:
        return True
    telling = any("9" in part for part in shape_a[:2])
    return telling and shape_a[:2] == shape_b[:2] and abs(len(shape_a) - len(shape_b)) <= 2


def _aligned(a: str, b: str) -> bool:
    """Whether two lines have cells in the same columns: at least two wide gaps, all at the same places."""
    if "  " not in a or "  " not in b:
        return False
    gaps, others = [m.span() for m in _GAP.finditer(a)], [m.span() for m in _GAP.finditer(b)]
    return 2 <= len(gaps) == len(others) and all(
        left < other_right and other_left < right
        for (left, right), (other_left, other_right) in zip(gaps, others, strict=True)
    )


def _is_wrapped(a: str, b: str, width: int, shape: tuple[str, ...]) -> bool:
    """Whether a line looks like one that goes on in the next: filled to the width, without a stop."""
    if _STARTS.match(b) or any("9" in part for part in shape[:2]) or _aligned(a, b):
        return False
    return len(a) + 1 + len(b.split(None, 1)[0]) > width and not a.endswith(_STOP)


def _with_header(lines: Sequence[str], start: int, end: int) -> Run:
    """Look for column titles above records: over a rule, or as many words, no digits where the records have some."""
    for rule in (start, start + 1):
        if 0 < rule < end - 1 and _RULE.fullmatch(lines[rule]):
            return Run(rule + 1, end, rule - 1)
    first, rest = lines[start], lines[start + 1 : end]
    if len(_GAP.findall(first)) >= 2 and not _DIGITS.search(first) and all(map(_DIGITS.search, rest)):
        return Run(start + 1, end, start)
    header = start - 1
    if header >= 0:
        words, rows = lines[header].split(), [line.split() for line in lines[start:end]]
        fits = len(words) >= 3 and sum(abs(len(row) - len(words)) <= 1 for row in rows) >= 0.9 * len(rows)
        if fits and not _DIGITS.search(lines[header]) and all(_DIGITS.search(line) for line in lines[start:end]):
            return Run(start, end, header)
    return Run(start, end)


def _shape(line: str) -> tuple[str, ...]:
    """Words of a line as patterns: ``Gull 33`` is ``("Aa", "9")``."""
    return tuple(map(_pattern, line.split()[:12]))


@lru_cache(maxsize=1 << 16)
def _pattern(word: str) -> str:
    return _DIGITS.sub("9", _LOWER.sub("a", _UPPER.sub("A", word)))
