"""JSON in the middle of prose: what a tool prints below a line that says what it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ctxpipe.compress.text.data.json_units import json_units
from ctxpipe.compress.text.prose.units import moved, overlaps
from ctxpipe.compress.text.unit import Unit

_BEGINS = re.compile(r"^[ \t]*+(?=\{\s*\"|\[\s*[\[{\"])", re.MULTILINE)
_ENDS = re.compile(r"[ \t\r]*(?:\n|\Z)")
_SHORTEST = 60
"""Characters from which on JSON is cut by members."""
_FAILURES = 20
"""Beginnings that turn out to be none after which no other is tried: each may take as long as the rest of the text."""


class EmbeddedJson(NamedTuple):
    """A JSON object or array that begins and ends with a line of its own."""

    start: int
    end: int

    def units(self, text: str, parent: int) -> list[Unit]:
        """Its members, under what introduces it."""
        return [moved(unit, self.start, parent) for unit in json_units(text[self.start : self.end])]


def embedded_json(text: str, hidden: Sequence[tuple[int, int]]) -> Iterator[EmbeddedJson]:
    """The JSON in a text, in order.

    Args:
        text: The text.
        hidden: Where none is looked for: fences and tables, in order.
    """
    count: Callable[..., int] = len
    decoder = json.JSONDecoder(object_pairs_hook=count, parse_int=count, parse_float=count)
    failures = at = 0
    while failures < _FAILURES and (begins := _BEGINS.search(text, at)) is not None:
        start = begins.end()
        at = text.find("\n", start) + 1 or len(text)
        if overlaps(start, start + 1, hidden):
            continue
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            failures += 1
            continue
        if end - start >= _SHORTEST and _ENDS.match(text, end):
            yield EmbeddedJson(start, end)
            at = end
