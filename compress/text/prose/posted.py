"""Heads of comments in threads: who wrote one how long ago, with its replies indented further."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from ctxpipe.compress.text.prose.lines import lines_with, matching
from ctxpipe.compress.text.prose.named import Named

_UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|secs?|mins?|hrs?|mos?|yrs?|[smhdwy])"
_POSTED = regex.compile(
    rf"""^[ \t]*+(?:\[[–+−-]\][ ]?|[▲▼][ ]?)*
    (?P<name>(?:u/|@)?[\p{{L}}\p{{N}}_][\p{{L}}\p{{N}}_.-]{{1,29}}
      |\p{{Lu}}[\p{{L}}.'’-]*(?:[ ]\p{{Lu}}[\p{{L}}.'’-]*){{1,3}})
    (?:[ ]?(?:\[\p{{Lu}}{{1,3}}\]|\((?:OP|author|op)\)|OP\b))?
    (?:[ \t]*[·•|,:–-])?[ \t]+
    (?:(?:[-+]?\d[\d,.]*k?[ ](?:points?|pts|likes?|upvotes?)|[(\[]?score[ ]hidden[)\]]?)(?:[ \t]*[·•|,–-])?[ \t]+)?
    (?:\d{{1,3}}|an?|one)[ ]?{_UNIT}[ ]ago
    (?:[ \t]*[*·•|(\[—–-][^\n]{{0,80}}|[ ]edited[^\n]{{0,40}})?[ \t]*+$""",
    regex.MULTILINE | regex.VERBOSE,
)
_NO_NAMES = frozenset(
    "about active added almost asked built changed closed created edited joined last member merged modified opened "
    "over posted published released seen started submitted updated uploaded viewed for from in only until just".split()
)
_FEWEST = 2


def posted(text: str) -> list[Named]:
    """The heads of comments, where there are several; replies are deeper, as far as they are indented."""
    return list(_posted(text)) if " ago" in text else []


def _posted(text: str) -> Iterator[Named]:
    found = [m for m in matching(_POSTED, text, lines_with(text, " ago")) if m["name"].casefold() not in _NO_NAMES]
    if len(found) < _FEWEST:
        return
    above: list[int] = []
    for match in found:
        line = match.group()
        indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        while above and above[-1] >= indent:
            above.pop()
        start = match.start() + len(line) - len(line.lstrip())
        yield Named(start, start + len(line.strip()), len(above), " ".join(line.split()))
        above.append(indent)
