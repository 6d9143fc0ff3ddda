"""The units of code and data: lines, records, members of JSON, elements of XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ctxpipe.evals.scores.whole.sentences import sentence_ends

_LINE = re.compile(r"[^\n\r]*\S[^\n\r]*")
_RECORD = re.compile(r'(?:[^"\r\n]+|"(?:[^"]|"")*(?:"|\Z))+')
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[-\w.+]+', re.DOTALL)
_COLON = re.compile(r"\s*:\s*")
_ELEMENT = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<([\w:.-]+)[^<>]*>[^<>]*</\1\s*>|<[^<>]*>|[^<>]+", re.DOTALL)
_LONG = 200
"""Characters of a JSON string or an element's text above which the sentences in it are units of their own."""


def line_units(text: str) -> Iterator[tuple[int, int]]:
    """Every line that is not empty."""
    return (match.span() for match in _LINE.finditer(text))


def record_units(text: str) -> Iterator[tuple[int, int]]:
    """Every record of CSV; one with line breaks in quotes is one."""
    return (match.span() for match in _RECORD.finditer(text))


def json_units(text: str) -> Iterator[tuple[int, int]]:
    """Every key with its value where that is a string, number or word; a key alone where it is a container.

    In a long string every sentence is one.
    """
    at = 0
    while match := _JSON.search(text, at):
        start, end = match.span()
        at = end
        colon = _COLON.match(text, end) if text[start] == '"' else None
        value = _JSON.match(text, colon.end()) if colon else None
        if value:
            at = value.end()
        last = value or match
        if last.group()[0] == '"' and len(last.group()) > _LONG:
            if value:
                yield start, end
            yield from _sentences(text, last.start(), last.end())
        else:
            yield start, last.end()


def element_units(text: str) -> Iterator[tuple[int, int]]:
    """Every element that holds only text, every other tag but closing ones, and text between tags by sentence."""
    for match in _ELEMENT.finditer(text):
        if match.group().isspace() or match.group().startswith("</"):
            continue
        if match.end() - match.start() > _LONG:
            yield from _sentences(text, *match.span())
        else:
            yield match.span()


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    cuts = [start, *(start + cut for cut in sentence_ends(text[start:end])), end]
    yield from pairwise(cuts)
