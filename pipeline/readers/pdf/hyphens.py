"""Words broken at the end of a line, joined or with their hyphen as the document writes them elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import regex

from ctxpipe.pipeline.readers.pdf.rows import HYPHEN

_BEFORE = regex.compile(r"\S+$")
_AFTER = regex.compile(r"^\S+")
_HALF = regex.compile(r"[\p{L}\p{M}]+(?:-[\p{L}\p{M}]+)*")
_OPTION = re.compile(r"(?:^|\s)-[a-z]", re.MULTILINE)
_FIRST = frozenset("well self half ill all cross ever far high low long short full one two three four".split())
"""First parts of words that are written with a hyphen."""
_TRIM = "\"'“”‘’«»([{)]},.;:!?…"


class Hyphens:
    """Decides from a document's own words.

    Args:
        lines: The lines of the document.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        text = "\n".join(lines)
        self._words: Counter[str] = Counter()
        for word, times in Counter(text.lower().split()).items():
            self._words[word.strip(_TRIM)] += times
        self._has_options = _OPTION.search(text) is not None and " - " not in text

    def join(self, above: str, below: str) -> str | None:
        """The hyphen to be written between two lines of one word.

        Args:
            above: A line that ends in a hyphen.
            below: The next line.

        Returns:
            ``""`` where the word is written without one, ``"-"`` where it keeps its own, None where ``above`` does not
            end within a word.
        """
        if not above.endswith((HYPHEN, "-")) or not below:
            return None
        stem, rest = _BEFORE.search(above[:-1]), _AFTER.search(below)
        if rest is None or not below[0].isalnum():
            return None
        if stem is None:
            return "-" if self._has_options and below[0].islower() else None
        a, b = stem.group().lstrip(_TRIM), rest.group().rstrip(_TRIM)
        if not _HALF.fullmatch(a) or not _HALF.fullmatch(b) or len(a) == 1 or not (a[-1] + b[0]).islower():
            return "-"
        joined, kept = self._words[(a + b).lower()], self._words[f"{a}-{b}".lower()]
        if joined or kept:
            return "" if joined >= kept else "-"
        return "-" if self._is_compound(a.lower(), b.lower()) else ""

    def _is_compound(self, a: str, b: str) -> bool:
        """Whether two halves that the document writes together nowhere else are two words."""
        if len(b) < 4:
            return False
        return a.rpartition("-")[2] in _FIRST or bool(self._words[a] and self._words[b] >= 3)
