"""Lines of a log, and traces of errors in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import regex

_LOGGED = regex.compile(
    r"""\[?(?:\d{4}[-./]\d{2}[-./]\d{2}[ ,T_]|\d{1,2}[-./]\w{2,3}[-./]\d{2,4}[ ,:T]
    |\d{2}:\d{2}:\d{2}\b|\w{3}\s+\d{1,2}\s\d{2}:\d{2}:\d{2})
    | \[?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\b""",
    regex.VERBOSE,
)
"""What a line of a log begins with: a date, a time or a level."""
_TRACED = re.compile(
    r"(?:at\s+[\w.$<>]+|Caused by:|\.{3} \d+ more|Traceback \(most recent|File \"[^\"]+\", line \d+"
    r"|goroutine \d+|panic:|#\d+\s|(?:[\w$]+\.)*\w*(?:Error|Exception)\b(?::|$))"
)
"""What a line of an error's trace begins with, in Java, Python or Go."""
CHAINED = re.compile(
    r"Traceback \(most recent call last\)|The above exception was the direct|During handling of the above exception"
    r"|Caused by: |Suppressed: |goroutine \d+ (?:[\w=.]+ ){0,4}\["
)
"""What a trace goes on with after a blank line."""
_DETAILS = re.compile(r"[^\n]{10,120}?\b(?:DETAIL|HINT|CONTEXT|STATEMENT|QUERY):\s")
"""What PostgreSQL says of the line before."""


def traced(lines: Sequence[str], indents: Sequence[int]) -> list[int]:
    """For lines of a log of which some go on with others, the line that each is or stands under, by index.

    What goes on is a trace of an error, an indented line below at least two that were logged, and what a database says
    of an error in lines of its own.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.

    Returns:
        Empty for lines that are none of it.
    """
    if not is_logged(lines[0]):
        return []
    logged = list(map(is_logged, lines))
    details = [known and _DETAILS.match(line) is not None for line, known in zip(lines, logged, strict=True)]
    indented = logged.count(True) > 1 and any(
        i > indents[0] for i, known in zip(indents, logged, strict=True) if not known
    )
    if not (indented or any(details) or any(map(_TRACED.match, lines))):
        return []
    heads: list[int] = []
    head = line = 0
    for index, known in enumerate(logged):
        if known and not details[index]:
            head = index
        heads.append(head if known else line)
        line = index if known else line
    return heads


def is_logged(line: str) -> bool:
    """Whether a line begins as one of a log does: with a date, a time or a level."""
    first = line[:1]
    # Its forms begin with these, or with the three letters of a month: a look at them is quicker than the pattern.
    may = first in "[TDINWEFC" or first.isdecimal() or line[3:4].isspace()
    return may and _LOGGED.match(line) is not None
