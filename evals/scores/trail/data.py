"""What data stands under: the header of a table, the keys of JSON, the tags of XML."""

from __future__ import annotations

import re
from collections import Counter

from ctxpipe.evals.scores.trail.element import Element

_RECORD = re.compile(r'(?:[^"\r\n]+|"(?:[^"]|"")*(?:"|\Z))+')
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_DELIMITERS = (",", ";", "\t", "|")
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_COLON = re.compile(r"\s*:\s*(?=[\[{])")
_TAG = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[?!][^>]*>|<(/?)([\w:.-]+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>", re.DOTALL
)


def csv_elements(text: str) -> list[Element]:
    """The header row of CSV: the first record that has as many fields as most, which may stand behind a preamble."""
    records = [match.span() for match in _RECORD.finditer(text) if match.group().strip()]
    if len(records) < 2:
        return []
    bare = [_QUOTED.sub('""', text[start:end]) for start, end in records]
    counts = {mark: Counter(record.count(mark) for record in bare) for mark in _DELIMITERS}
    mark = max(_DELIMITERS, key=lambda one: max((often for n, often in counts[one].items() if n), default=0))
    width = counts[mark].most_common(1)[0][0]
    if not width:
        return []
    first = next(i for i, record in enumerate(bare) if record.count(mark) == width)
    start, end = records[first]
    return [Element(start, end, len(text), 1, text[start:end].strip())]


def json_elements(text: str) -> list[Element]:
    """Keys of JSON whose value is an object or a list, over all that is in it."""
    elements: list[Element] = []
    stack: list[tuple[int, int] | None] = []
    key: tuple[int, int] | None = None
    for match in _JSON.finditer(text):
        said = match.group()
        if said[0] == '"':
            key = match.span() if _COLON.match(text, match.end()) else None
        elif said in "[{":
            stack.append(key)
            key = None
        elif stack and (opened := stack.pop()):
            start, end = opened
            depth = 1 + sum(one is not None for one in stack)
            elements.append(Element(start, end, match.end(), depth, text[start + 1 : end - 1]))
    return sorted(elements)


def xml_elements(text: str) -> list[Element]:
    """Tags of XML with other tags in them, over all that is in them; what names one is its tag with its attributes."""
    elements: list[Element] = []
    stack: list[tuple[int, int, str, bool]] = []
    for match in _TAG.finditer(text):
        closing, name, _, alone = match.groups()
        if name is None or alone:
            continue
        if not closing:
            if stack:
                stack[-1] = (*stack[-1][:3], True)
            stack.append((*match.span(), name, False))
        elif stack and stack[-1][2] == name:
            start, end, _, holds = stack.pop()
            if holds:
                elements.append(Element(start, end, match.end(), len(stack) + 1, text[start + 1 : end - 1]))
    return sorted(elements)
