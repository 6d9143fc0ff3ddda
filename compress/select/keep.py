"""What a user wants protected: stretches that match a pattern, and strings that stay wherever their sentence does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import regex

from ctxpipe.compress.text.words import UNSPACED
from ctxpipe.errors import UsageError

SECONDS = 10.0
"""Longest time that one pattern may take over one document."""
_SHOWN = 60
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_SPACED = regex.compile(rf"(?![{UNSPACED}])[\p{{L}}\p{{N}}_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Patterns and strings to protect.

    Attributes:
        patterns: Regular expressions, in the syntax of the ``regex`` library; ``^`` and ``$`` match at lines.
        force_tokens: Strings that stay wherever anything else of their sentence does; a text holds several, with commas
            between them. One that begins or ends with a letter or digit counts as a whole word there.

    Raises:
        UsageError: for an invalid pattern.
    """

    patterns: Sequence[str] = ()
    force_tokens: Sequence[str] = ()
    _compiled: tuple[regex.Pattern[str], ...] = field(init=False, repr=False)
    _forced: regex.Pattern[str] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        patterns, tokens = self.patterns, self.force_tokens
        object.__setattr__(self, "patterns", (patterns,) if isinstance(patterns, str) else tuple(patterns))
        object.__setattr__(self, "force_tokens", split_tokens(tokens) if isinstance(tokens, str) else tuple(tokens))
        object.__setattr__(self, "_compiled", tuple(_compiled(pattern) for pattern in self.patterns))
        strings = [_bounded(token) for token in self.force_tokens if token.strip()]
        # The longest first: an alternative that is a part of another must not win over it.
        strings.sort(key=lambda part: (-len(part), part))
        object.__setattr__(self, "_forced", regex.compile("|".join(strings)) if strings else None)

    @classmethod
    def of(cls, given: str | Sequence[str] | Keep) -> Keep:
        """From the short form: a pattern, or several."""
        return given if isinstance(given, Keep) else cls(patterns=given)

    def matches(self, text: str, source: str) -> list[tuple[int, int]]:
        """Stretches of a document that match a pattern, ascending; the same one once.

        Args:
            text: The document's text.
            source: Its name, for the error.

        Raises:
            UsageError: when a pattern takes longer than ``SECONDS``.
        """
        spans: set[tuple[int, int]] = set()
        for pattern in self._compiled:
            deadline = time.monotonic() + SECONDS
            try:
                for match in pattern.finditer(text, timeout=SECONDS):
                    if match.group().strip():
                        spans.add(match.span())
                    if time.monotonic() > deadline:
                        raise TimeoutError
            except TimeoutError as exc:
                raise UsageError(
                    f"the pattern {_short(pattern.pattern)} to keep takes more than {SECONDS:g} seconds on {source}"
                ) from exc
        return sorted(spans)

    def forced(self, text: str, start: int, end: int) -> list[tuple[int, int]]:
        """Stretches of ``text[start:end]`` that are one of the forced strings, ascending."""
        return [] if self._forced is None else [m.span() for m in self._forced.finditer(text, start, end)]


def split_tokens(text: str) -> tuple[str, ...]:
    r"""Strings out of a list with commas; ``\,`` is a comma, ``\n``, ``\t`` and ``\\`` are what they say.

    Raises:
        UsageError: when a backslash stands before anything else.
    """
    parts, at = [""], 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
            after = text[at : at + 1]
            if after not in (",", "\\", *_ESCAPES):
                raise UsageError(f"in the tokens to force, \\{after} stands for nothing; write \\\\ for a backslash")
            parts[-1] += _ESCAPES.get(after, after)
        elif character == ",":
            parts.append("")
        else:
            parts[-1] += character
        at += 1
    return tuple(part for part in parts if part)


def _compiled(pattern: str) -> regex.Pattern[str]:
    try:
        return regex.compile(pattern, regex.MULTILINE)
    except (regex.error, ValueError, OverflowError, RecursionError) as exc:
        raise UsageError(f"the pattern {_short(pattern)} to keep is no regular expression: {exc}") from exc


def _short(pattern: str) -> str:
    return repr(pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}...")


def _bounded(token: str) -> str:
    before = r"(?<![\p{L}\p{N}_])" if _SPACED.match(token[0]) else ""
    after = r"(?![\p{L}\p{N}_])" if _SPACED.match(token[-1]) else ""
    return f"{before}{regex.escape(token)}{after}"
