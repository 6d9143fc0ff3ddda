"""Lines that name a file above what it holds, where files were put one below the other in one text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from ctxpipe.compress.text.prose.heading import Heading, begins_paragraph
from ctxpipe.compress.text.prose.lines import LinePattern

_LINE = LinePattern(
    re.compile(
        r"^[ ]{0,3}(?P<mark>(?:#+|//|;+|--+|==>|\*\*|[`\"'])[ ]?)?"
        r"(?P<label>(?:File(?:name)?|Path|Source|Datei|Fichier|Archivo):[ ]?)?"
        r"(?P<path>[\w.@~/\\:-]{2,160}+)(?:\*\*|[`\"':])?(?:[ ](?:<==|--+))?[ \t]*$",
        re.MULTILINE,
    ),
    r"[ ]{0,3}[#/;=*`\"'\w.@~\\:-]",
)
_PATH = re.compile(r"(?:\.{0,2}/|~/|[A-Za-z]:\\)?(?:[\w.@-]+[/\\])*[\w.@-]*[A-Za-z_][\w.@-]*")
_EXTENSION = re.compile(r"\w\.[A-Za-z]\w{0,9}$")
_INDENTED = re.compile(r"\n[ \t]+\S")
_FEWEST = 2


def path_headings(text: str, level: int) -> Iterator[Heading]:
    """Lines that are the path of a file, with or without signs around it, which begin paragraphs.

    Args:
        text: The text.
        level: Level of the headings.
    """
    found = [m for m in _LINE.finditer(text) if _is_path(m) and begins_paragraph(text, m.start())]
    if len({match["path"] for match in found}) < max(_FEWEST, len(found)):
        return
    if not all(text[a.end() : b.start()].strip() for a, b in itertools.pairwise(found)):
        return  # a list of files
    if all(_INDENTED.match(text, match.end()) for match in found):
        return  # terms with their definitions
    for match in found:
        yield Heading(match.start(), match.start() + len(match[0].rstrip()), level, match["path"].rstrip(":"))


def _is_path(match: re.Match[str]) -> bool:
    path = match["path"].rstrip(":")
    if not _PATH.fullmatch(path):
        return False
    deep = "/" in path or "\\" in path
    return bool((match["label"] or match["mark"] or deep) and (_EXTENSION.search(path) or (deep and path[0] in "/~")))
