"""Words broken at the end of a line, joined or with their hyphen as the document writes them elsewhere."""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterable

import regex

from ctxpipe.pipeline.readers.pdf.rows import HYPHEN

_BEFORE = regex.compile(r"\S+$")
_AFTER = regex.compile(r"^\S+")
_HALF = regex.compile(r"[\p{L}\p{M}]+(?:-[\p{L}\p{M}]+)*")
_ENDS = (HYPHEN, "-")
_OPENING = ("", "(", '"', "“", "‘", "'")
_STOPS = ("", ",", ".", ";", ":", ")", '"', "”", "’", "'", "?", "!")
"""What a word may have around it where it is counted."""
_OPTION = re.compile(r"(?:^|\s)-[a-z]", re.MULTILINE)
_FIRST = frozenset("well self half ill all cross ever far high low long short full one two three four".split())
"""First parts of words that are written with a hyphen."""
_WITHIN = frozenset("to of the in on by and for at or".split())
"""Words that stand between two hyphens of one."""
_TRIM = "\"'“”‘’«»([{)]},.;:!?…"


class Hyphens:
    """Decides from a document's own words.

    Args:
        lines: The lines of the document, in order.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = list(lines)
        halves = [_halves(a, b) for a, b in itertools.pairwise(self._lines) if a[-1:] in _ENDS]
        wanted = {word for pair in halves if pair for word in _forms(*pair)}
        words = "\n".join(self._lines).lower().split() if wanted else ()
        self._words: Counter[str] = Counter()
        written = {f"{start}{word}{end}" for word in wanted for start in _OPENING for end in _STOPS}
        for word, times in Counter(filter(written.__contains__, words)).items():
            self._words[word.strip(_TRIM)] += times

    @functools.cached_property
    def _has_options(self) -> bool:
        """Whether the document has options with a hyphen in front, and no dash between spaces."""
        text = "\n".join(self._lines)
        return _OPTION.search(text) is not None and " - " not in text

    def join(self, above: str, below: str) -> str | None:
        """The hyphen to be written between two lines of one word.

        Args:
            above: A line that ends in a hyphen.
            below: The next line.

        Returns:
            ``""`` where the word is written without one, ``"-"`` where it keeps its own, None where ``above`` does not
            end within a word.
        """
        if not above.endswith(_ENDS) or not below:
            return None
        if not below[0].isalnum():
            return None
        if _BEFORE.search(above[:-1]) is None:
            return "-" if below[0].islower() and self._has_options else None
        halves = _halves(above, below)
        if halves is None:
            return "-"
        joined, kept, *_ = (self._words[word] for word in _forms(*halves))
        if joined or kept:
            return "" if joined >= kept else "-"
        return "-" if self._is_compound(*halves) else ""

    def _is_compound(self, a: str, b: str) -> bool:
        """Whether two halves that the document writes together nowhere else are two words."""
        first = a.rpartition("-")[2]
        if len(first) < 2:
            return False
        if first in _WITHIN and first != a:
            return True  # up-to-date, state-of-the-art
        if len(b) < 4:
            return False
        return first in _FIRST or (len(first) > 2 and self._words[first] > 0 and self._words[b] >= 3)


def _halves(above: str, below: str) -> tuple[str, str] | None:
    """The two halves of a word of letters, in small letters; None for anything else (numbers, addresses, names)."""
    stem, rest = _BEFORE.search(above[:-1]), _AFTER.search(below)
    if stem is None or rest is None:
        return None
    a, b = stem.group().lstrip(_TRIM), rest.group().rstrip(_TRIM)
    if len(a) < 2 or not _HALF.fullmatch(a) or not _HALF.fullmatch(b) or not (a[-1] + b[0]).islower():
        return None
    return a.lower(), b.lower()


def _forms(a: str, b: str) -> tuple[str, str, str, str]:
    """The word joined and with its hyphen, and the halves."""
    return a + b, f"{a}-{b}", a, b
