"""Lines of a text, and which of them go on in the next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ctxpipe.evals.scores.placed import LETTER
from ctxpipe.evals.scores.whole.sentences import finished, sentence_ends

_LINE = re.compile(r"[^\n\r]*\S[^\n\r]*")
_FENCE = re.compile(r"(`{3,})")
_MARKDOWN_FENCE = re.compile(r"(`{3,}|~{3,})")  # elsewhere tildes stand under headings
_ATX = re.compile(r" {0,3}#{1,6}[ \t]+\S")
_RULE = re.compile(r"([^\w\s])\1{2,}|_{3,}")
_ITEM = re.compile(r"(?:[-*+•‣◦–]|\(?(?:\d{1,3}|[A-Za-z])[.)])[ \t]+\S|\d+(?:\.\d+)+\.?[ \t]+\S")
_LEADERS = re.compile(r"(?:\.[ \t]?){6,}")
_WORDS_THAT_GO_ON = frozenset(
    "a an and are as at be been but by can could do does for from had has have if in into is it its may must no nor "
    "not of on or our over shall should so such than that the their then these they this those to under was we were "
    "when where which who whose will with would your".split()
)
_LAST_WORD = re.compile(r"([^\W\d_]+)$")
_CODE = re.compile(r"[(_=<>$\\/{}\[\]@]|\.\w")
_CODE_LINE = re.compile(r"<-|\s==?\s|[;{}]$|^[>$%#]\s|\)$")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff]")
_SHAPED = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not empty.

    Attributes:
        start, end: Offsets without the white space around.
        alone: Whether it is a unit by itself: a heading, a row, a line of code, a line of a table of contents.
        begins: Whether something begins with it: a list item, a numbered section.
        first: Whether an empty line, a line of punctuation or nothing is above it.
        indent: White space before it, in characters.
    """

    start: int
    end: int
    alone: bool = False
    begins: bool = False
    first: bool = False
    indent: int = 0


def lines_of(text: str, start: int, end: int, *, markdown: bool = False) -> list[Line]:
    """The lines of a stretch of text that hold a letter or digit, told apart by their looks."""
    fences = _MARKDOWN_FENCE if markdown else _FENCE
    lines: list[Line] = []
    fence, above = "", -1
    for match in _LINE.finditer(text, start, end):
        line = match.group().strip()
        indent = match.group().index(line[0])
        left = match.start() + indent
        mark = fences.match(line)
        inside = bool(fence or mark)
        if mark and (not fence or line.startswith(fence)):
            fence = "" if fence else mark.group(1)
        elif not inside and above >= 0 and text.count("\n", above, left) == 1 and _RULE.fullmatch(line):
            lines[-1] = replace(lines[-1], alone=True, begins=False)  # a heading, this line under it
        if not LETTER.search(line):
            above = -1
            continue
        alone = inside or bool(_ATX.match(match.group()) or _is_row(line) or _LEADERS.search(line))
        first = above < 0 or text.count("\n", above, left) > 1
        lines.append(Line(left, left + len(line), alone, bool(_ITEM.match(line)), first, indent))
        above = match.end()
    return lines


def _is_row(line: str) -> bool:
    return line.startswith("|") or line.count("|") > 1 or line.count("\t") > 1


def runs_of(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Stretches of lines with neither an empty line nor a line that stands alone between them."""
    run: list[Line] = []
    for line in lines:
        if run and (line.first or line.alone or run[-1].alone):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def width_of(lines: Sequence[Line]) -> int:
    """How long a full line is: what nine lines in ten do not exceed, at least 40 characters."""
    lengths = sorted(line.end - line.start for line in lines if not line.alone)
    return max(40, lengths[len(lengths) * 9 // 10]) if lengths else 40


def are_records(said: Sequence[str]) -> bool:
    """Whether lines are records: three or more with equal separators, or with the same shape of beginning.

    Lines in which sentences end are prose, however many commas they have.
    """
    if len(said) < 3 or 3 * sum(bool(sentence_ends(line)) for line in said) >= len(said):
        return False
    enough = 0.8 * len(said)
    separators = Counter(tuple(line.count(mark) for mark in (",", ";", "\t", "|", "  ", " = ")) for line in said)
    counts, often = separators.most_common(1)[0]
    if often >= enough and (sum(counts) >= 2 or (sum(counts) == 1 and len(said) >= 5)):
        return True
    starts = Counter(re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", line.split(maxsplit=1)[0])) for line in said)
    shape, often = starts.most_common(1)[0]
    return often >= enough and bool(_SHAPED.search(shape))


def breaks_of(run: Sequence[Line], said: Sequence[str], width: int) -> list[bool]:
    """For each break between two lines of a run, whether something ends there (rather than going on).

    What goes on is told from what can be seen: a small letter, a comma or a word such as "of" at the break of a long
    line, or of an item whose next line stands deeper; or lines as long as their neighbours that go on. What follows
    must come to an end. Where it cannot be seen, something ends: a cut there is no fault that can be shown.

    Args:
        run: The lines.
        said: Their texts.
        width: Characters of a full line.
    """
    item = _ItemDepth()
    widths = [0 if item.holds(line) else width for line in run]
    over = [
        below.begins or finished(a) or not _goes_on(a, b, wide)
        for (a, b), below, wide in zip(pairwise(said), run[1:], widths[1:], strict=True)
    ]
    for i in reversed(range(len(over))):
        below = said[i + 1]
        closes = i + 1 == len(over) or run[i + 2].begins or finished(below) or not over[i + 1]
        if over[i] and not run[i + 1].begins and not finished(said[i]) and _fills(said[i], below, width):
            over[i] = all(over[j] for j in (i - 1, i + 1) if 0 <= j < len(over))
        over[i] = over[i] or not closes
    return over


class _ItemDepth:
    """Whether a line stands under the item above it, deeper than its mark."""

    def __init__(self) -> None:
        self._depth: int | None = None

    def holds(self, line: Line) -> bool:
        if line.begins:
            self._depth = line.indent
            return False
        return self._depth is not None and line.indent > self._depth


def _goes_on(above: str, below: str, width: int) -> bool:
    long = len(above) >= 0.6 * width
    if _UNSPACED.match(above[-1]) and _UNSPACED.match(below[0]):
        return len(above) >= 0.9 * width
    if _looks_like_code(above, below):
        return False
    word = _LAST_WORD.search(above)
    if word and word.group() in _WORDS_THAT_GO_ON and len(above.split()) > 2:
        return long
    if below[0].islower():
        return long or above.endswith(("-", ","))
    return above.endswith(",") and long and below[0].isalnum()


def _fills(above: str, below: str, width: int) -> bool:
    """Whether a line is as long as a full one, and ends and goes on in letters."""
    return (
        0.85 * width <= len(above) <= 1.3 * width
        and above[-1].isalpha()
        and below[0].isalnum()
        and len(above.split()) > 5
        and not _looks_like_code(above, below)
    )


def _looks_like_code(above: str, below: str) -> bool:
    return bool(_CODE.search(below.split(maxsplit=1)[0]) or _CODE_LINE.search(above) or _CODE_LINE.search(below))


def goes_on_over_page(above: str, below: str, width: int) -> bool:
    """Whether a sentence goes on from the last line of a page to the first of the next."""
    return not finished(above) and not _ITEM.match(below) and _goes_on(above, below, width)
