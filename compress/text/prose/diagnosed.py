"""What compilers say: errors and warnings, with the source lines and notes below each, by function."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_WORDS = r"(?:fatal error|error|warning|note|info|remark|hint|help)"
_LOCATED = re.compile(
    rf"(?P<file>[\w./\\+@~-]{{1,200}})[:(]\d+(?:[:,]\d+)?\)?\s?:?\s{{1,2}}(?P<word>{_WORDS})\b", re.IGNORECASE
)
"""``src/gull.c:47:5: error: ...``, as of gcc, clang, javac, tsc and mypy."""
_LEADING = re.compile(r"(?P<word>error|warning)(?:\[\w+\])?: \S")
"""``error[E0308]: ...``, as of rustc: the place stands in the next line, behind an arrow."""
_ARROW = re.compile(r"-->\s\S+:\d+")
_INCLUDED = re.compile(r"In file included (?:from|by) |In function [^\n]{1,400},$|from \S+:\d+[,:]$")
"""What says by which file, or by which function a call was inlined, the place was reached."""
_REACHED = re.compile(r"from \S+:\d+[,:]|inlined from .|\S{1,200}:\d+:\s+(?:recursively )?required ")
"""A further line of it."""
_SCOPE = re.compile(
    r"(?P<file>[\w./\\+@~-]{1,200}): (?:In [a-z][a-z ]{2,60}[ '‘`\"][^\n]{1,800}|At (?:top level|global scope)):"
)
"""``src/gull.c: In function 'dive':``, as gcc says once above all errors there."""
_BUILT = re.compile(
    r"(?:Compiling|Checking|Building|gcc|g\+\+|cc|clang|rustc)\s|(?:make(?:\[\d+\])?|cc1(?:plus)?|collect2):"
    r"|\[ {0,2}\d{1,3}%\] |\d+ (?:error|warning)s?(?: and \d+ errors?)? generated\."
)
_BELONGS = frozenset(("note", "help", "hint", "remark"))
_EXCERPT = re.compile(r"[ \t]*\d*[ \t]+\|(?:[ \t][^\n]*)?")
_FEWEST = 2


class Said(NamedTuple):
    """Lines by index, ``stop`` exclusive, and what they stand under, by its place among such; -1 for nothing."""

    first: int
    stop: int
    under: int = -1


def diagnosed(lines: Sequence[str]) -> list[Said]:
    """The errors and warnings of a compiler, each with the source lines, marks and notes below it, and other lines.

    What says by which file the place was included, and in which function it is, stands above the error.

    Args:
        lines: Lines of a block without blank lines, stripped.

    Returns:
        Empty for lines that are none of it.
    """
    joined = "\n".join(lines)
    if "rror" not in joined and "arning" not in joined:  # quicker than the patterns
        return []
    said = [_LOCATED.match(line) or _LEADING.match(line) for line in lines]
    located = sum(match is not None and match.re is _LOCATED for match in said)
    if not any(said) or not (located >= _FEWEST or any(map(_ARROW.match, lines)) or (located and _drawn(lines))):
        return []
    messages: list[Said] = []
    is_open = False
    scope = -1
    for index, (line, match) in enumerate(zip(lines, said, strict=True)):
        begins = match is not None and (match["word"].lower() not in _BELONGS or not is_open)
        apart = begins or any(pattern.match(line) for pattern in (_INCLUDED, _SCOPE, _BUILT))
        if (is_open and not apart) or (messages and not is_open and _REACHED.match(line)):
            messages[-1] = messages[-1]._replace(stop=index + 1)
            continue
        if not (begins and scope >= 0 and _is_in(line, lines[messages[scope].first])):
            scope = len(messages) if _SCOPE.fullmatch(line) else -1
        reached = messages and messages[-1].stop == index and _INCLUDED.match(lines[messages[-1].first])
        included = len(messages) - 1 if reached and not _BUILT.match(line) else -1
        messages.append(Said(index, index + 1, included if included >= 0 or not begins else scope))
        is_open = begins
    return messages


def _is_in(line: str, scope: str) -> bool:
    """Whether a message is about the file of which a line names the function."""
    place, named = _LOCATED.match(line), _SCOPE.fullmatch(scope)
    return place is not None and named is not None and place["file"] == named["file"]


def is_excerpt(lines: Sequence[str]) -> bool:
    """Whether lines with bars are source lines as a compiler shows them, with their numbers, and no table."""
    bars = {line.find("|") for line in lines}
    numbered = [line.partition("|")[0].strip() != "" for line in lines]
    return len(bars) == 1 and any(numbered) and not all(numbered) and all(map(_EXCERPT.fullmatch, lines))


def _drawn(lines: Sequence[str]) -> bool:
    """Whether a line of marks shows the place of an error."""
    return any(set(line) <= set(" |^~-") and "^" in line for line in lines)
