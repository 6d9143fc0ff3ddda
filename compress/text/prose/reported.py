"""Headings in what programs print: tasks of Ansible, files and tests of Jest, resources of a plan of Terraform."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxpipe.compress.text.prose.heading import Heading, matches
from ctxpipe.compress.text.prose.lines import LinePattern

_TASK = LinePattern(
    re.compile(r"^(PLAY|TASK|RUNNING HANDLER|PLAY RECAP)(?: \[[^\n]{0,200}\])? \*{3,}[ \t]*$", re.MULTILINE), "[PTR]"
)
_TESTED = LinePattern(
    re.compile(r"^ ?(?:FAIL|PASS)[ ]{1,2}(?:\S{1,40} )?\S{1,200}\.[a-z]{1,4}(?: \([\d.]+ m?s\))?[ \t]*$", re.MULTILINE),
    r" ?(?:FAIL|PASS) ",
)
_TEST = LinePattern(re.compile(r"^[ ]{1,4}● (\S[^\n]{0,200})$", re.MULTILINE), " {1,4}●")
_FEWEST = 2


def report_headings(text: str, level: int) -> Iterator[Heading]:
    """The headings of reports, each kind of which has signs of its own.

    Args:
        text: The text.
        level: Level of the highest.
    """
    tasks = list(matches(_TASK, text, lambda m: (level + (m[1][0] != "P"), m[0].rstrip("* \t\n"))))
    if len(tasks) >= _FEWEST:
        yield from tasks
    tested = list(matches(_TESTED, text, lambda m: (level, m[0])))
    if tested:
        yield from tested
        yield from matches(_TEST, text, lambda m: (level + 1, m[1]))
