"""Records that clients of databases print with a column on each line, and what was typed at their prompts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.unit import Unit

_PROMPT = (
    r"(?:(?:mysql|sqlite|sql|SQL|hive|cqlsh(?::\w{1,40})?|MariaDB \[[^\]\n]{1,60}\])>[ ]\S"
    r"|[\w.-]{1,60}=[*!?]?[>#][ ](?:\\\w|(?i:select|with|insert|update|delete|explain|analyze|show|set|create|alter"
    r"|drop|table|values|copy|vacuum|begin|commit|rollback|grant)\b))"
)
STATEMENT = re.compile(rf"{_PROMPT}[^\n]*(?:\n[ \t]*(?:[\w.-]{{0,60}}[-'\"(*$][*!?]?[>#]|\.\.\.>)(?:[ ][^\n]*)?)*")
"""What was typed at a prompt, with the lines that it goes on in."""
_HEAD = re.compile(r"^(?:\*{5,} \d+\. row \*{5,}|-\[ RECORD \d+ \][-+]*)[ \t]*$", re.MULTILINE)
_END = re.compile(rf"\s*\Z|\(?\d+ rows?\b|Empty set|Query OK|{_PROMPT}")
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_FIELD = re.compile(r"[ \t]*[^\s:|][^:\n|]{0,80}(?::(?=[ \n]|\Z)|[ ]*\|)")


class ExpandedRecords(NamedTuple):
    """Records, one below the other.

    Attributes:
        start, end: Offsets.
        records: Offsets of the head and the fields of each.
    """

    start: int
    end: int
    records: tuple[tuple[tuple[int, int], ...], ...]

    def units(self, text: str, parent: int) -> list[Unit]:
        """The fields as units under the head of their record."""
        return [
            Unit(*span, "row", parent if index == 0 else record[0][0], title=text[slice(*span)] if index == 0 else "")
            for record in self.records
            for index, span in enumerate(record)
        ]


def expanded_records(text: str) -> Iterator[ExpandedRecords]:
    """The records that are printed with a column on each line (``*** 1. row ***``, ``-[ RECORD 1 ]-``)."""
    found: list[tuple[tuple[int, int], ...]] = []
    for head, following in itertools.pairwise([*_HEAD.finditer(text), None]):
        if head is None:
            continue
        record = _record(text, head, following.start() if following else len(text))
        if found and text[found[-1][-1][1] : head.start()].strip():
            yield ExpandedRecords(found[0][0][0], found[-1][-1][1], tuple(found))
            found = []
        if len(record) > 1:
            found.append(record)
    if found:
        yield ExpandedRecords(found[0][0][0], found[-1][-1][1], tuple(found))


def _record(text: str, head: re.Match[str], stop: int) -> tuple[tuple[int, int], ...]:
    """The head of a record and its fields, each with the lines that it goes on in."""
    spans = [trim(text, *head.span())]
    for line in _LINE.finditer(text, min(head.end() + 1, stop), stop):
        if line.start() == line.end() or _END.match(line[0]):
            break
        if _FIELD.match(line[0]):
            spans.append(trim(text, *line.span()))
        elif len(spans) > 1:
            spans[-1] = (spans[-1][0], trim(text, *line.span())[1])
        else:
            break
    return tuple(spans)
