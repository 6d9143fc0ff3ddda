"""Directives of C made plain for its parser, which cannot read those that halve a block or stand in a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_EXTERN_C = re.compile(
    r"^[ \t]*#[ \t]*if(?:def)?[ \t(]+(?:defined[ \t(]*)?__cplusplus[ \t)]*\r?\n"
    r"(?:[ \t]*extern[ \t]+\"C\"[ \t]*\r?\n?[ \t]*\{|[ \t]*\})[^\n]*\n[ \t]*#[ \t]*endif[^\n]*$",
    re.MULTILINE,
)
_DIRECTIVE = re.compile(
    r"^[ \t]*(?P<line>#[ \t]*(?:(?P<opens>if(?:n?def)?)|(?P<turns>else|elif(?:n?def)?)|(?P<ends>endif))\b[^\n]*)",
    re.MULTILINE,
)
_TOKEN = re.compile(
    r"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.){1,8}'"
    r"|(?P<brace>(?P<assigned>=\s*)?[{}])|^[ \t]*(?P<line>#[ \t]*(?:if|else|elif|endif)[^\n]+)",
    re.DOTALL | re.MULTILINE,
)
_LONGEST = 800
"""Most characters of the branches of a condition that halve a block."""


class _Condition(NamedTuple):
    """A condition without others in it: its offsets, whether it has an ``else``, and how many braces it opens."""

    start: int
    end: int
    has_else: bool
    opens: int


def with_plain_directives(text: str) -> str:
    """A text of C of the same length whose blocks and lists a parser can read.

    ``extern "C" {`` and its bracket are each read as a comment, since the parser does not see that the preprocessor
    takes both or neither. Branches that each open the same block (``if (a) {`` or ``if (b) {``) are read as one header
    of it, and directives in a list of values as comments.
    """
    text = _EXTERN_C.sub(_as_comment, text)
    parts: list[str] = []
    at = 0
    for condition in _halving(text):
        length = condition.end - condition.start
        plain = f"if({'x' * (length - 5)}){{" if condition.opens > 0 else "}".ljust(length)
        parts += [text[at : condition.start], plain]
        at = condition.end
    return _with_plain_lists("".join((*parts, text[at:])))


def _halving(text: str) -> Sequence[_Condition]:
    """Conditions that halve a block, in order; without ``else``, those that open it and those that close it."""
    halving: list[_Condition] = []
    waiting: list[_Condition] = []
    for condition in _conditions(text):
        if condition.has_else:
            halving.append(condition)
        elif condition.opens > 0:
            waiting.append(condition)
        elif waiting:
            halving += [waiting.pop(), condition]
    return sorted(halving)


def _conditions(text: str) -> Iterator[_Condition]:
    """Conditions whose branches all open one brace more than they close, or all close one more."""
    turns: list[re.Match[str]] = []
    for directive in _DIRECTIVE.finditer(text):
        if directive["opens"]:
            turns = [directive]
        elif directive["turns"] and turns:
            turns.append(directive)
        elif turns:
            begin, end = turns[0].start("line"), directive.end()
            ends = [*(turn.start() for turn in turns[1:]), directive.start()]
            if end - begin <= _LONGEST:
                opened = {_opened(text[turn.end() : stop]) for turn, stop in zip(turns, ends, strict=True)}
                has_else = any(turn["line"].lstrip("# \t").startswith("else") for turn in turns)
                if opened in ({1}, {-1}):
                    yield _Condition(begin, end, has_else, opened.pop())
            turns = []


def _opened(branch: str) -> int:
    """How many braces a branch opens and does not close, or closes and did not open; 0 where it does both."""
    opened = lowest = 0
    for token in _TOKEN.finditer(branch):
        if token["brace"]:
            opened += 1 if token["brace"].endswith("{") else -1
            lowest = min(lowest, opened)
    return opened if lowest == min(opened, 0) else 0


def _with_plain_lists(text: str) -> str:
    parts: list[str] = []
    holders: list[bool] = []
    at = 0
    for token in _TOKEN.finditer(text):
        if token["line"] and holders and holders[-1]:
            parts += [text[at : token.start("line")], f"/*{' ' * (len(token['line']) - 4)}*/"]
            at = token.end()
        elif token["brace"] == "}":
            holders[-1:] = []
        elif token["brace"]:
            holders.append(token["assigned"] is not None or bool(holders and holders[-1]))
    return "".join((*parts, text[at:]))


def _as_comment(match: re.Match[str]) -> str:
    inside = re.sub(r"[^\r\n]", " ", match[0][2:-2])
    return f"/*{inside}*/"
