"""Comments that name a section of code, as rules, boxes, frames or paths do: what follows them stands under them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ctxpipe.compress.text.code.comments import is_comment
from ctxpipe.compress.text.unit import Unit

_RUN = re.compile(r"([-=#*~_/+;%─━═])\1{2,}")
_RULED = re.compile(
    r"([-=#*~_/+;%─━═])\1{3,}|\W{1,3}[ \t]*([-=*~_+─━═])\2{2,}|[^\n]*?([-=#*~_+;%─━═])\3{2,}[ \t]*(?:\*/)?\Z"
)
"""A line that begins or ends with a rule, apart from the three signs that may begin a comment."""
_EDGES = re.compile(r"^[\s\-=#*~_/+;%!<>─━═]+|[\s\-=#*~_/+;%<>─━═]+$")
_MARKED = re.compile(r"(?://|#|--)[ ]?(?:MARK:[ -]*|region\b|pragma mark\b[ -]*)[ ]?\S", re.IGNORECASE)
_PATH = re.compile(
    r"\W{1,4}(?:File(?:name)?:[ ]?|Path:[ ]?|Source:[ ]?)?(?:[\w.@~-]*/)+[\w.@-]+|\W{1,4}File(?:name)?:[ ]?[\w.-]+",
    re.IGNORECASE,
)
_FRAME = re.compile(r"^[ \t]*(#|//|--|;+|%+)[ \t]*\n[ \t]*\1[ \t]+\S[^\n]*\n[ \t]*\1[ \t]*\n[ \t]*$", re.MULTILINE)
"""A line of a comment between two empty ones, away from what follows: right above a function it would describe that."""
_LONGEST, _LONGEST_BOX = 100, 600
_FEWEST = 2


def with_banners(text: str, units: Sequence[Unit], language: str) -> list[Unit]:
    """Units of which those below a comment that names a section stand under it, up to the next such comment.

    A function may be there again and again, as where files were put one below the other; its section tells which it is.

    Args:
        text: The text.
        units: Its units, in order.
        language: As in ``Document.language``.
    """
    if not (_RUN.search(text) or _MARKED.search(text) or "/" in text or _FRAME.search(text)):
        return list(units)
    named = {unit.start: name for unit in units if (name := _name(text, unit, language))}
    counts = Counter(unit.parent for unit in units if unit.start in named)
    if not counts or counts.most_common(1)[0][1] < _FEWEST:
        return list(units)
    above: dict[int, int] = {}
    moved: list[Unit] = []
    for unit in units:
        if unit.start in named and counts[unit.parent] >= _FEWEST:
            above[unit.parent] = unit.start
            moved.append(unit._replace(kind="heading", title=named[unit.start]))
        else:
            moved.append(unit._replace(parent=above.get(unit.parent, unit.parent)))
    return moved


def _name(text: str, unit: Unit, language: str) -> str:
    """The name of the section that a comment begins; empty for any other unit."""
    if unit.kind != "line" or unit.close >= 0 or not is_comment(text, unit.start, language):
        return ""
    words = text[unit.start : unit.end].strip()
    lines = [line.strip() for line in words[:_LONGEST_BOX].split("\n")]
    bare = [said for line in lines if any(map(str.isalnum, said := _EDGES.sub("", line)))]
    if len(words) > _LONGEST_BOX or len(bare) != 1 or len(bare[0]) > _LONGEST or words.startswith("#!"):
        return ""
    ruled = any(map(_RULED.match, lines)) or (len(lines) == 3 and _FRAME.match(text, unit.start))
    return bare[0] if ruled or _MARKED.match(words) or _PATH.fullmatch(words) else ""
