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
    | \p{Lu}[\p{L}\p{M} .'’\-]{0,40}+(?:[\[(]\d{1,2}:\d{2}(?::\d{2})?[\])])?:\s  # a speaker, with a time
    | (?:user|assistant|system|tool|human|model|bot|gpt):\s    # a role
    | [\w.\-\[\]]+\s?[=]\s?\S                                # key = value
    | [a-z_]\w*\([^\n]*\)\s{1,20}=\s\S                        # a call and what it gave
    | [-bcdlps][-rwxsStT]{9}[.+@]?\s                         # a file
    | (?:\w{3}\s+\d{1,2}\s\d{2}:\d{2}:\d{2})                 # syslog
    | [<\[]\s{0,8}[\w.:-]{1,24}[>\]]\s                       # [INFO], [  12.345678]
    | (?:ok|changed|skipping|fatal|failed|included|rescued|ignored|unreachable):\s\[   # what a task did on a host
    | \#\d{1,3}\s{2}(?:0x[0-9a-f]+\sin\s)?[\w:~<>]+\s\(         # a frame of a debugger
    """,
    regex.VERBOSE,
)
_CONTENTS = re.compile(r"(?<!\.)(?<!\. )(?:\.[ ]?){5,}+\s*[\divxlc]{1,6}(?:(?:–|-|,\s)\s?\d{1,5})*\s*$")
_LED = re.compile(r"(?<!\.)(?<!\. )\.(?:[ ]?\.){2,}+[ ]?(?=[^.\s])[^.]{0,30}(?:\.\d+[^.]{0,12})?\Z")
"""Dots that lead to a value at the end of a line."""
GAP = re.compile(r"[ ]{2,}")
"""What stands between two columns."""
_KEYED = regex.compile(r"\p{L}[\p{L}\p{N}_/()'’-]*(?: [\p{L}\p{N}_/()'’-]+){0,3}: \S")
_AMOUNT = re.compile(r"\S+(?: \S+)*[ ]{3,}[-+(]?[€$£]?[ ]?\d[\d.,'’]*\)?(?:[ ]?[€$£%]|[ ][A-Z]{2,3})?")
"""What is counted and, after a wide gap, how much of it."""
_SIGN = re.compile(r"[\d\t;|,:]")
_RULE = re.compile(r"[-=─━+|┼ ]*[-=─━]{3}[-=─━+|┼ ]*")
_SEPARATORS = re.compile(r"\t|;|\||[ ]{2,}(?=\S)|,")
_UPPER, _LOWER, _DIGITS = regex.compile(r"\p{Lu}+"), regex.compile(r"[\p{Ll}\p{Lo}]+"), re.compile(r"\d+")
_STOP = (".", "!", "?", "…", "。", "！", "？", '"', "”", ")")
_SHORT = 0.75
"""Share of the width that a line and the first word of the next stay below when the break between them is meant."""
_JOINED = 1.5
"""Times the median length from which on a line is taken for two."""
_FEWEST = 3
_FEWEST_OF_WORDS, _MOST_WORDS = 5, 3
"""Lines from which on, and words of each up to which, as many words in every line make a list."""
_FULL, _MOST = 3, 0.7
"""Gaps of titles of columns that no row has more of, and share of the rows with numbers below them."""
_TELLING, _COUNTED = 2, 12
"""How many of a line's first words are compared by their patterns, and up to how many are counted."""


class RecordRun(NamedTuple):
    """Consecutive lines by index, ``end`` exclusive, and the index of the first line of titles above them, or -1."""

    start: int
    end: int
    header: int = -1


class _LineTraits(NamedTuple):
    """What is known of a line: its first words as patterns, its number of words, how it begins, its separators."""

    text: str
    shape: tuple[str, ...]
    numbered: bool
    words: int
    begins: bool
    contents: bool
    led: bool
    keyed: bool
    separators: list[str]


def record_runs(lines: Sequence[str], *, celled: bool = False) -> list[RecordRun]:
    """The runs of a block's lines that are records.

    Lines are alike when they begin in the same kind of way (a date, a speaker, a key, the same pattern of capitals
    and digits) or have the same separators. At least three alike in a row are records, or two that begin with something
    that only records begin with. Wrapped prose is not taken for records: its lines are as long as the width allows.

    Args:
        lines: Lines of a block without blank lines, stripped.
        celled: Whether two spaces stand nowhere but between cells, as the reader of PDF writes them. Lines with cells
            are then alike, however many they have.
    """
    if len(lines) == 1:
        return [_with_header(lines, 0, 1)] if is_contents(lines[0]) else []
    width = max(map(len, lines), default=0)
    if _are_of_words(lines, width):
        return [RecordRun(0, len(lines))]
    known = [_known(line) for line in lines]
    alike = [
        a is not None
        and b is not None
        and ((celled and _both_celled(a, b)) or (_alike(a, b) and not _is_wrapped(a, b, width)))
        for a, b in itertools.pairwise(known)
    ]
    runs: list[RecordRun] = []
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and alike[end - 1]:
            end += 1
        if end - at >= _FEWEST or _are_sure(known[at:end]) or _are_two_rows(lines, at, end):
            run = _with_header(lines, at, end)
            taken = runs[-1].end if runs else 0
            # The last record of the run before is no title of this one.
            runs.append(run if run.header < 0 or run.header >= taken else RecordRun(at, end))
        at = end
    return runs


def _are_sure(lines: Sequence[_LineTraits | None]) -> bool:
    known = [line for line in lines if line]
    if len(known) < len(lines):
        return False
    several = len(known) > 1 and (all(line.begins for line in known) or all(line.led for line in known))
    return several or all(line.contents for line in known)


def _are_of_words(lines: Sequence[str], width: int) -> bool:
    """Whether lines are a list of words or pairs of words: as few in each, in lines that are not filled."""
    if len(lines) < _FEWEST_OF_WORDS or (words := len(lines[0].split())) > _MOST_WORDS:
        return False
    return all(len(line.split()) == words for line in lines) and min(map(len, lines[:-1])) < _SHORT * width


def _are_two_rows(lines: Sequence[str], at: int, end: int) -> bool:
    """Whether two lines have cells in the same columns, and wide gaps or titles of columns above them say so."""
    if end - at == 2 and _aligned(lines[at], lines[at + 1]) and any("   " in line for line in lines[at:end]):
        return True
    title = at - 2 if at > 1 and _RULE.fullmatch(lines[at - 1]) else at - 1
    titled = end - at == 2 and title >= 0 and len(GAP.findall(lines[title])) >= 2
    return titled and _aligned(lines[at], lines[at + 1])


def is_led(line: str) -> bool:
    """Whether dots in a line lead to a value."""
    return (".." in line or ". ." in line) and _LED.search(line) is not None


def is_contents(line: str) -> bool:
    """Whether a line is one of a table of contents or an index, with dots that lead to the pages."""
    return (".." in line or ". ." in line) and _CONTENTS.search(line) is not None


def begins_record(line: str) -> bool:
    """Whether a line begins in a way that only records begin with: a date, a time, a key, a speaker."""
    first = line[:1]
    # Each form has one of these: a look at them is quicker than the pattern.
    may = ":" in line or "=" in line or first in "[<-bcdlps" or first.isdecimal()
    return may and _STARTS.match(line) is not None


def hard_breaks(lines: Sequence[str], *, joined: bool = False) -> list[bool]:
    """For each line but the last, whether the break after it is meant: it is short, and the next begins anew.

    Args:
        lines: Lines of a paragraph, stripped.
        joined: Whether two lines may have been joined at a broken word, as the reader of PDF does. Lines that are much
            longer than most then say nothing about the width.
    """
    lengths = sorted(map(len, lines))
    if joined:
        lengths = [length for length in lengths if length <= _JOINED * lengths[len(lengths) // 2]]
    width = lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0
    return [
        len(a) + 1 + len(b.split(None, 1)[0]) < _SHORT * width
        and not b[:1].islower()
        and not a.endswith((",", "-", "("))
        for a, b in itertools.pairwise(lines)
    ]


def _known(line: str) -> _LineTraits | None:
    """What is known of a line; None for one that is like no other: it has no number, separator or key."""
    begins, contents, led = begins_record(line), is_contents(line), is_led(line)
    if not (begins or contents or led or "  " in line or _SIGN.search(line)):
        return None
    separators = [mark if mark == "," else mark[:1] for mark in _SEPARATORS.findall(line)]
    words = line.split(None, _COUNTED)[:_COUNTED]
    shape = tuple(map(_pattern, words[:_TELLING]))
    keyed = ": " in line and _KEYED.match(line) is not None
    numbered = any("9" in word for word in shape)
    return _LineTraits(line, shape, numbered, len(words), begins, contents, led, keyed, separators)


def _alike(a: _LineTraits, b: _LineTraits) -> bool:
    if (a.begins and b.begins) or ("\t" in a.text and "\t" in b.text) or _aligned(a.text, b.text):
        return True
    if a.contents or b.contents:
        return a.contents and b.contents
    if a.led and b.led:
        return True
    if "  " in a.text and "  " in b.text and _AMOUNT.fullmatch(a.text) and _AMOUNT.fullmatch(b.text):
        return True
    if (a.keyed and b.keyed) or _beside(a.text, b.text):
        return True
    same = bool(a.separators) and a.separators == b.separators
    strong = same and (len(a.separators) >= 2 or a.separators[0] != ",")
    if strong and a.shape[:1] == b.shape[:1]:
        return True
    return a.numbered and a.shape == b.shape and abs(a.words - b.words) <= 2


def _both_celled(a: _LineTraits, b: _LineTraits) -> bool:
    return "  " in a.text and "  " in b.text and not a.contents and not b.contents


def _beside(a: str, b: str) -> bool:
    """Whether the second cells of two lines begin in the same column, behind a gap that no sentence has."""
    if "   " not in a and "   " not in b:
        return False
    first, other = GAP.search(a), GAP.search(b)
    return first is not None and other is not None and first.end() == other.end()


def _aligned(a: str, b: str) -> bool:
    """Whether two lines have cells in the same columns: at least two wide gaps, all at the same places."""
    if "  " not in a or "  " not in b:
        return False
    gaps, others = [m.span() for m in GAP.finditer(a)], [m.span() for m in GAP.finditer(b)]
    return 2 <= len(gaps) == len(others) and all(
        left < other_right and other_left < right
        for (left, right), (other_left, other_right) in zip(gaps, others, strict=True)
    )


def _is_wrapped(a: _LineTraits, b: _LineTraits, width: int) -> bool:
    """Whether a line looks like one that goes on in the next: filled to the width, without a stop."""
    if b.begins or (a.keyed and b.keyed) or a.numbered or "\t" in b.text or b.led:
        return False
    if _aligned(a.text, b.text) or _beside(a.text, b.text):
        return False
    return len(a.text) + 1 + len(b.text.split(None, 1)[0]) > width and not a.text.endswith(_STOP)


def _with_header(lines: Sequence[str], start: int, end: int) -> RecordRun:
    """Look for column titles above records: over a rule, or as many words, no digits where the records have some."""
    for rule in (start - 1, start, start + 1):
        columns = rule >= start or (rule > 0 and GAP.search(lines[rule - 1]))
        if columns and 0 < rule < end - 1 and _RULE.fullmatch(lines[rule]):
            return RecordRun(rule + 1, end, rule - 1)
    if titles := title_lines(lines[start:end]):
        return RecordRun(start + titles, end, start)
    header = start - 1
    if header >= 0:
        words, rows = lines[header].split(), [line.split() for line in lines[start:end]]
        gaps, cells = len(GAP.findall(lines[header])), [len(GAP.findall(line)) for line in lines[start:end]]
        fits = len(words) >= 3 and sum(abs(len(row) - len(words)) <= 1 for row in rows) >= 0.9 * len(rows)
        fits = fits or (gaps >= 2 and cells.count(gaps) >= 0.9 * len(cells))
        if fits and not _DIGITS.search(lines[header]) and all(_DIGITS.search(line) for line in lines[start:end]):
            return RecordRun(start, end, header)
    return RecordRun(start, end)


def title_lines(lines: Sequence[str]) -> int:
    """How many lines at the beginning of a run are titles of its columns, with a line of units below them."""
    first, rest = lines[0], lines[1:]
    gaps, tabs = len(GAP.findall(first)), first.count("\t")
    units = int(tabs > 0 and len(rest) > 1 and not _DIGITS.search(rest[0]) and rest[0].count("\t") < tabs)
    rows = rest[units:]
    if not rows or (gaps < 2 and not tabs and not all(_beside(first, row) for row in rows)):
        return 0
    counted = sum(_DIGITS.search(row) is not None for row in rows)
    if not _DIGITS.search(first):
        fullest = gaps >= _FULL and all(len(GAP.findall(row)) <= gaps for row in rows)
        return 1 + units if counted == len(rows) or (fullest and counted >= _MOST * len(rows)) else 0
    # Titles may have numbers ("Most in 24 hours"), but not in the first column.
    heads = [re.split(r"\t|[ ]{2,}", line, maxsplit=1)[0] for line in (first, *rows)]
    equal = gaps >= 2 and all(len(GAP.findall(row)) == gaps for row in rows)
    return 1 if equal and not _DIGITS.search(heads[0]) and all(map(_DIGITS.search, heads[1:])) else 0


@lru_cache(maxsize=1 << 12)
def _pattern(word: str) -> str:
    """A word as a pattern of capitals, small letters and digits: ``Gull`` is ``Aa``, ``33`` is ``9``."""
    return _DIGITS.sub("9", _LOWER.sub("a", _UPPER.sub("A", word)))
