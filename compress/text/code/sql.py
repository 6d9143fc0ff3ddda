"""SQL of any dialect: statements, told apart by their semicolons."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxpipe.compress.text.code.indent import cut_line, mark_indented
from ctxpipe.compress.text.code.lines import after, physical
from ctxpipe.compress.text.code.marks import LONG_LINE, Marks
from ctxpipe.compress.text.code.paragraphs import LONG, mark_paragraphs
from ctxpipe.compress.text.code.titles import LONGEST

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*(?:\n[ \t]*--[^\n]*)*|/\*.*?(?:\*/|\Z))"
    r"|'(?:[^'\\]|\\.|'')*+(?:'|\Z)|\"(?:[^\"]|\"\")*+(?:\"|\Z)|`[^`\n]*`"
    r"|\$(?P<tag>[A-Za-z_]\w*)?\$.*?(?:\$(?(tag)(?P=tag))\$|\Z)|(?P<end>;)|^[ \t]*(?P<go>go|/)[ \t\r]*$"
    r"|^[ \t]*delimiter[ \t]+(?P<sign>[^\s\w]{1,8})[ \t\r]*$"
    r"|\b(?:(?P<opens>begin|case)|(?P<ends>end(?:\s+case)?)(?!\s+(?:if|loop|while|repeat|for)\b))\b",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_ROUTINE = re.compile(
    r"\s*(?:create|alter)\b.{0,80}?\b(?:procedure|proc|function|trigger|package|event)\b", re.I | re.S
)
_DELIMITER = re.compile(r"^[ \t]*delimiter[ \t]+\S+[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_COMMENTS = re.compile(r"\s*((?:--[^\n]*\n\s*|/\*.*?\*/\s*)+)", re.DOTALL)
_DECLARES = re.compile(
    r"\s*create\s+or\s+replace\s+(?:\w+\s+)?(?:(?P<package>package)|procedure|function)\b[^;'$]{0,600}?\b(?:is|as)\b"
    r"(?!\s*['\"$(]|\s+(?:select|with|return|language)\b)",
    re.IGNORECASE,
)
"""A routine or package of Oracle's, whose declarations stand before ``BEGIN``."""
_COLUMNS = re.compile(r"\s*create\s+(?:\w+\s+){0,3}?(?:table|type)\b[^(;]{0,120}\([ \t]*\n", re.IGNORECASE)
_SECTION = re.compile(
    r"^[ \t]*--[ \t]*(?P<name>(?:\+(?:goose|migrate)[ \t]+|migrate:|rambler[ \t]+|!)(?:up|down)s?\b[^\n]*"
    r"|(?:up|down)[ \t]+migration|//[ \t]*@undo|changeset[ \t]+[^\s:]+:\S[^\n]*)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A line by which tools for migrations (goose, dbmate, Liquibase) tell what is run when."""
_STRING = re.compile(r"'[^']*'|--.*")
_CLOSING = re.compile(r"^[ \t]*\)[^\n;]{0,200};?\s*\Z", re.MULTILINE)
_FEWEST_LINES = 4
"""Line breaks from which on the columns of a table are units."""
_COPY = re.compile(r"\s*copy\s.*\sfrom\s+stdin\b[^;]*;", re.IGNORECASE | re.DOTALL)
_ROW = re.compile(r"\)\s*,\s*(?=\()")
_VALUES = re.compile(r"\bvalues\s*(?=\()", re.IGNORECASE)
_INSERT = re.compile(
    r"\s*(?:insert|replace)\b(?:[^;']|'[^']*')*?\bvalues\b(?:[^;']|'[^']*')*?\)\s*,\s*\(", re.IGNORECASE
)
"""Several rows in one statement."""
_NAME = r"(?P<name>(?:[`\"\[]?\w+[`\"\]]?\.){0,2}[`\"\[]?\w+[`\"\]]?)"
_CREATED = re.compile(rf"\s*create\s+(?:\w+\s+){{0,2}}?table\s+(?:if\s+not\s+exists\s+)?{_NAME}\s*\(", re.IGNORECASE)
_BARE_INSERT = re.compile(rf"\s*(?:insert|replace)\s+(?:\w+\s+){{0,2}}?into\s+{_NAME}\s+values\b", re.IGNORECASE)
"""Rows without the names of their columns, as programs write them that dump a database."""
_SHORT_INSERT = 120
"""Characters from which on rows that are inserted are units."""
_TITLE = re.compile(r"[^(;]*")


def mark_sql(marks: Marks, start: int, end: int) -> None:
    """Mark ``text[start:end]``: a statement is a unit; a long one, or a table, is its first line above the others.

    What a migration runs stands under the comment that says when (``-- +goose Down``).
    """
    at = start
    section = -1
    tables: dict[str, int] = dict.fromkeys(map(_name, _BARE_INSERT.finditer(marks.text, start, end)), -1)
    while at < end:
        for kind, begin, stop in _statements(marks.text, at, end):
            if kind == "comment":
                section = _comment(marks, begin, stop, section)
            elif _COPY.fullmatch(marks.text, begin, stop):
                # What follows are rows until a line of its own says so, whatever quotes are in them.
                at = _copied(marks, begin, stop, end, section)
                break
            elif kind == "delimiter":
                at = _delimited(marks, begin, stop, end, section)
                break
            else:
                _statement(marks, begin, stop, tables, section)
        else:
            return


def _statements(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """The statements and the comments between them, as kind and offsets."""
    begin = -1
    depth = 0
    in_routine = declares = False
    at = start
    for match in _TOKEN.finditer(text, start, end):
        if begin < 0 and text[at : match.start()].strip():
            begin = at + len(text[at : match.start()]) - len(text[at : match.start()].lstrip())
            in_routine = _ROUTINE.match(text, begin, end) is not None
            found = _DECLARES.match(text, begin, end) if in_routine else None
            depth = 1 if found and found["package"] else 0
            declares = found is not None and not depth
        at = match.end()
        if match["comment"]:
            if begin < 0:
                yield "comment", match.start(), match.end()
            continue
        if match["sign"] and begin < 0:
            yield "delimiter", *match.span()
            return
        if begin < 0:
            begin = match.start()
            in_routine = declares = False
        if in_routine and (match["opens"] or match["ends"]):
            depth += 1 if match["opens"] else -1
            declares = False
        elif match["go"] or (match["end"] and depth <= 0 and not declares):
            yield "statement", begin, match.end()
            begin = -1
    if begin < 0 and text[at:end].strip():
        begin = at + len(text[at:end]) - len(text[at:end].lstrip())
    if begin >= 0:
        yield "statement", begin, end


def _delimited(marks: Marks, start: int, stop: int, end: int, section: int) -> int:
    """Mark ``DELIMITER`` and the statements that end in the sign which it names, and give where they end."""
    text = marks.text
    marks.unit(start, section)
    sign = text[start:stop].split()[1]
    below = _DELIMITER.search(text, stop, end)
    last = below.start() if below else end
    at = stop
    while at < last and sign != ";":
        found = text.find(sign, at, last)
        until = last if found < 0 else found + len(sign)
        if comments := _COMMENTS.match(text, at, until):
            section = _comment(marks, *comments.span(1), section)
            at = comments.end()
        if text[at:until].strip():
            begin = until - len(text[at:until].lstrip())
            _statement(marks, begin, until, {}, section)
        at = until
    return last if sign != ";" else stop


def _comment(marks: Marks, start: int, end: int, section: int) -> int:
    """Mark a comment below ``section``, and give the section that it begins, or that goes on."""
    at = start
    for found in _SECTION.finditer(marks.text, start, end) if marks.text.startswith("--", start) else ():
        if at < found.start():
            mark_paragraphs(marks, at, found.start(), section)
        section = marks.unit(found.start(), kind="heading", title=found["name"].strip())
        marks.head(section)
        at = found.end()
    if marks.text[at:end].strip():
        mark_paragraphs(marks, at, end, section)
    return section


def _name(match: re.Match[str]) -> str:
    """The name of a table without its schema and quotes."""
    return match["name"].rpartition(".")[2].strip('`"[]').casefold()


def _statement(marks: Marks, start: int, end: int, tables: dict[str, int], section: int) -> None:
    """Mark a statement.

    Args:
        marks: Receives it.
        start, end: Its offsets.
        tables: Tables that rows are inserted into without names of columns, by the unit that creates each; -1 for none.
            Such rows stand under that unit, which is then whole.
        section: What the others stand under.
    """
    text = marks.text
    length = len(text[start:end].rstrip())
    created, inserted = _CREATED.match(text, start, end), _BARE_INSERT.match(text, start, end)
    table = tables.get(_name(inserted), -1) if inserted else -1
    unit = marks.unit(start, table if table >= 0 else section)
    if created and length <= LONG and _name(created) in tables:
        tables[_name(created)] = unit
        return
    columns = _COLUMNS.match(text, start, end)
    many = length > _SHORT_INSERT and _INSERT.match(text, start, end) is not None
    if length <= LONG and not many and not (columns and text.count("\n", start, start + length) >= _FEWEST_LINES):
        return
    found = _TITLE.match(text, start, start + 2 * LONGEST)
    marks.head(unit, " ".join(found[0].split())[:LONGEST] if found else "")
    newline = after(text, start, end)
    values = _VALUES.search(text, start, min(end, start + 4 * LONG_LINE))
    if values and (many or "\n" not in text[values.end() : values.end() + 2 * LONG_LINE]):
        _rows(marks, values.end(), end, unit)
    elif newline - start > 2 * LONG_LINE:
        cut_line(marks, start, end, unit)
    else:
        closing = _CLOSING.search(text, newline, end) if columns else None
        if closing and length <= LONG:
            _columns(marks, newline, closing.start(), unit)
        else:
            mark_indented(marks, newline, closing.start() if closing else end, unit, "sql")
        if closing:
            marks.close(closing.start(), unit)


def _columns(marks: Marks, start: int, end: int, parent: int) -> None:
    """Mark the columns of a table, each with the lines in which its brackets go on."""
    text = marks.text
    at, depth = start, 0
    while at < end:
        line = physical(text, at, end)
        at = after(text, at, end)
        if line is not None:
            if depth <= 0:
                marks.unit(line.start, parent)
            words = _STRING.sub("", text[line.start : line.end])
            depth += words.count("(") - words.count(")")


def _rows(marks: Marks, start: int, end: int, parent: int) -> None:
    """Mark the rows of one long line of ``VALUES``."""
    marks.unit(start, parent, exact=True)
    for match in _ROW.finditer(marks.text, start, end):
        marks.unit(match.end(), parent, exact=True)


def _copied(marks: Marks, start: int, stop: int, end: int, parent: int) -> int:
    """Mark ``COPY … FROM stdin`` with its lines of data, and give where they end."""
    text = marks.text
    unit = marks.unit(start, parent)
    marks.head(unit, " ".join(text[start:stop].partition("(")[0].split())[:LONGEST])
    at = after(text, stop, end)
    while at < end:
        line = physical(text, at, end)
        at = after(text, at, end)
        if line is not None and text[line.start : line.end] == "\\.":
            marks.close(line.start, unit)
            return at
        if line is not None:
            marks.unit(line.start, unit)
    return at
