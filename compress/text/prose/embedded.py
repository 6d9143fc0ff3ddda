"""JSON in the middle of prose: what a tool prints below a line that says what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxpipe.compress.text.data.json_tree import bare_decoder
from ctxpipe.compress.text.data.json_units import json_units
from ctxpipe.compress.text.prose.units import moved, overlaps
from ctxpipe.compress.text.unit import Unit

_BEGINS = re.compile(r"^(?P<label>[^\W\d][^\n\d{\[\"']{0,60}:)?[ \t]*+(?=\{\s*[\"']|\[\s*[\[{\"'])", re.MULTILINE)
"""Where JSON, or what Python prints of a list or dictionary, may begin: with a line, or behind a label."""
_PRINTED = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\b(?:None|True|False)\b""")
_CONSTANTS = {"None": "null", "True": "true", "False": "false"}
_ENDS = re.compile(r"[ \t\r]*(?:\n|\Z)")
_SHORTEST = 60
"""Characters from which on JSON is cut by members."""
_LONG = 320
"""The same behind a label: shorter lines are records, as in logs."""
_FAILURES = 20
"""Beginnings that turn out to be none after which no other is tried: each may take as long as the rest of the text."""


class EmbeddedJson(NamedTuple):
    """A JSON object or array, or one that Python printed, that ends with its line.

    Attributes:
        start, end: Its offsets.
        json: It as JSON, character by character in the same place.
    """

    start: int
    end: int
    json: str

    def units(self, _text: str, parent: int) -> list[Unit]:
        """Its members, under what introduces it."""
        return [moved(unit, self.start, parent) for unit in json_units(self.json)]


def embedded_json(text: str, hidden: Sequence[tuple[int, int]]) -> Iterator[EmbeddedJson]:
    """The JSON in a text, in order.

    Args:
        text: The text.
        hidden: Where none is looked for: fences and tables, in order.
    """
    decoder = bare_decoder()
    failures = at = 0
    while failures < _FAILURES and (begins := _BEGINS.search(text, at)) is not None:
        start = begins.end()
        line = text.find("\n", start)
        at = line + 1 or len(text)
        if overlaps(start, start + 1, hidden):
            continue
        printed = _as_json(text[start : line if line >= 0 else len(text)])
        source, begin = (printed, 0) if printed else (text, start)
        try:
            _, stop = decoder.raw_decode(source, begin)
        except (ValueError, RecursionError):
            failures += 1
            continue
        end = start + stop - begin
        if end - start >= (_LONG if begins["label"] else _SHORTEST) and _ENDS.match(text, end):
            yield EmbeddedJson(start, end, source[begin:stop])
            at = end


def _as_json(line: str) -> str:
    """What Python printed of a list or dictionary as JSON of the same length; empty for a line of something else."""
    return _PRINTED.sub(_translated, line) if line[:2] == "{'" or line[:3] == "[{'" else ""


def _translated(match: re.Match[str]) -> str:
    words = match[0]
    if words in _CONSTANTS:
        return _CONSTANTS[words]
    inner = words[1:-1].replace("\\", "/").replace('"', "'")
    return f'"{inner}"'
