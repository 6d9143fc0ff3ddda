"""Headings of Markdown and reStructuredText, and header rows of their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxpipe.evals.scores.trail.element import Element, Open, closed

_LINE = re.compile(r"^.*$", re.MULTILINE)
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_ADORNED = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*$")
_NO_TITLE = re.compile(r"\s*$|[ \t]*(?:[-*+>|]|\d+[.)][ \t])|[ \t]{4}")
_RULE = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?[ \t]*$")
_BAR = re.compile(r"(?:^|[ \t])\|[ \t]")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*`]")


def table_elements(text: str) -> list[Element]:
    """Header rows of tables in plain text: the first of three or more lines that all have a bar between words."""
    elements: list[Element] = []
    run: list[tuple[int, str]] = []
    for match in [*_LINE.finditer(text), None]:
        if match and _BAR.search(match.group()):
            run.append((match.start(), match.group()))
            continue
        if len(run) > 2:
            (start, head), (last, row) = run[0], run[-1]
            elements.append(Element(start, start + len(head), last + len(row), 7, head.strip()))
        run = []
    return elements


def markdown_elements(text: str) -> list[Element]:
    """ATX and setext headings, and the header rows of pipe tables, over what stands under them; none in fences."""
    headings: list[Open] = []
    tables: list[Element] = []
    lines = list(_outside_fences(text))
    for i, (start, line) in enumerate(lines):
        atx = _ATX.match(line)
        above = lines[i - 1] if i and lines[i - 1][0] + len(lines[i - 1][1]) + 1 == start else None
        if atx:
            headings.append(Open(start, start + len(line), len(atx.group(1)), _plain(atx.group(2))))
        elif above and _SETEXT.match(line) and not _NO_TITLE.match(above[1]) and not _ATX.match(above[1]):
            level = 1 if "=" in line else 2
            headings.append(Open(above[0], start + len(line), level, _plain(above[1])))
        elif above and _RULE.match(line) and "|" in above[1]:
            tables.append(_table(lines, i))
    return sorted([*closed(headings, len(text)), *tables])


def _outside_fences(text: str) -> Iterator[tuple[int, str]]:
    fence = ""
    for match in _LINE.finditer(text):
        mark = _FENCE.match(match.group())
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
        elif not fence:
            yield match.start(), match.group()


def _table(lines: list[tuple[int, str]], rule: int) -> Element:
    start, row = lines[rule - 1]
    until = lines[rule][0] + len(lines[rule][1])
    for begin, line in lines[rule + 1 :]:
        if "|" not in line or begin != until + 1:
            break
        until = begin + len(line)
    return Element(start, start + len(row), until, 7, row.strip())


def _plain(title: str) -> str:
    return _MARKUP.sub(lambda match: match.group(1) or "", title).strip()


def rst_elements(text: str) -> list[Element]:
    """Sections of reStructuredText: titles with a line of punctuation under them, or over and under them.

    Each kind of line is a level of its own, in the order in which they first occur.
    """
    lines = [(match.start(), match.group().rstrip()) for match in _LINE.finditer(text)]
    styles: list[str] = []
    opened: list[Open] = []
    for (_, over), (start, title), (below, under) in zip([(0, ""), *lines], lines, lines[1:], strict=False):
        adorned = _ADORNED.match(under)
        if not adorned or not title.strip() or _ADORNED.match(title) or len(under) < len(title.strip()):
            continue
        both = over == under
        if title[0].isspace() and not both:
            continue
        style = adorned.group(1) * (2 if both else 1)
        if style not in styles:
            styles.append(style)
        opened.append(Open(start, below + len(under), styles.index(style) + 1, title.strip()))
    return closed(opened, len(text))
