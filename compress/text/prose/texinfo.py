"""Sources of Texinfo: chapters and sections, definitions of functions, and items of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxpipe.compress.text.prose.heading import Heading, matches
from ctxpipe.compress.text.prose.lines import LinePattern

_DEPTHS = {
    name: depth
    for depth, names in enumerate(
        (
            "top",
            "chapter unnumbered appendix",
            "section unnumberedsec appendixsec",
            "subsection unnumberedsubsec appendixsubsec",
            "subsubsection unnumberedsubsubsec appendixsubsubsec",
        )
    )
    for name in names.split()
}
_SECTION = LinePattern(re.compile(rf"^@({'|'.join(_DEPTHS)})[ \t]+(\S[^\n]*)$", re.MULTILINE), "@[a-z]")
_DEFINED = LinePattern(re.compile(r"^@def(?:typ)?[a-z]{2,8}[ \t]+(\S[^\n]*)$", re.MULTILINE), "@def")
_LISTED = LinePattern(
    re.compile(r"^@(?:[fv]?table[ \t]|end[ \t]+[fv]?table\b|item[ \t])[^\n]*$", re.MULTILINE), "@[efvti]"
)
BLOCK = re.compile(
    r"^@(?:(?:[fv]?table|def(?:typ)?[a-z]{2,8})[ \t]|end[ \t]+(?:[fv]?table|def[a-z]{2,11})\b)[^\n]*", re.MULTILINE
)
"""What begins or ends a table of terms, or a definition."""
OPENING = ("@t", "@f", "@v", "@d")
"""What the first of them begin with."""
_ITEM_LEVEL = 6


def is_texinfo(text: str) -> bool:
    """Whether a text has chapters or sections of Texinfo."""
    return text.startswith("\\input texinfo") or "\n@chapter " in f"\n{text[:200]}" or "\n@node " in text


def texinfo_headings(text: str) -> Iterator[Heading]:
    """The headings of a source of Texinfo, with items of its tables of terms."""
    yield from matches(_SECTION, text, lambda m: (_DEPTHS[m[1]], m[2]))
    yield from matches(_DEFINED, text, lambda m: (_ITEM_LEVEL, m[1]))
    tables = 0
    for line in _LISTED.finditer(text):
        if line[0].startswith("@item"):
            if tables:
                yield Heading(line.start(), line.end(), _ITEM_LEVEL, " ".join(line[0].split()[1:]))
        else:
            tables = max(0, tables + (-1 if line[0].startswith("@end") else 1))
