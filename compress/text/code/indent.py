"""The indentation tree: what a line stands under where no grammar says it."""

from __future__ import annotations

import re
from typing import NamedTuple

from ctxpipe.compress.text.code.languages import description_mark, line_comment
from ctxpipe.compress.text.code.lines import LogicalLine, logical_lines
from ctxpipe.compress.text.code.marks import LONG_LINE, Marks
from ctxpipe.compress.text.code.paragraphs import mark_paragraphs
from ctxpipe.compress.text.code.titles import title

_CLOSING = re.compile(
    r"(?:[\])}>]+[\])}>;,.\s]*|</[\w:.-]+>|(?:end(?:if|for|while|function|class|module|case|try|macro|sub|def|foreach)?"
    r"|fi|done|esac|end[ \t-](?:if|do|loop|case|function|subroutine|module|program|class|while|select|perform|evaluate|"
    r"read|type|interface)(?:[ \t]+\w+)?|#endif.*|\}\s*[\w.]*\s*[;,]|endef)[;.,)]*)\s*",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"(?:\}\s*)?(?:else|elif|elsif|elseif|except|catch|rescue|ensure|finally|#\s*else|#\s*elif)\b", re.IGNORECASE
)
_ENDS_MANUAL = {"perl": "=cut"}
"""By language, the line that ends a manual between code."""
_LEANING_ALSO = {"sql": re.compile(r"(?:begin|exception|declare)\b", re.IGNORECASE)}
"""By language, what else belongs to the line above it of the same indentation, unless that ends a statement."""
_GOES_ON = re.compile(r"[ \t\r]*\n\s*(?:else|elif|elsif|elseif|except|catch|rescue|ensure|finally)\b", re.IGNORECASE)
_OPENING = re.compile(r"[{(\[]\s*")
_HEADS: dict[str, tuple[re.Pattern[str], ...]] = {
    "dockerfile": (re.compile(r"FROM\s", re.IGNORECASE),),
    "batch": (re.compile(r":\w"),),
    "cobol": (
        re.compile(r"(?:\d{6})?\s*[\w-]+\s+DIVISION\b", re.IGNORECASE),
        re.compile(r"(?:\d{6})?\s*[\w-]+\s+SECTION\s*\.", re.IGNORECASE),
    ),
    "perl": (re.compile(r"package\s+[\w:]+\s*;|=head1\s"), re.compile(r"=head[2-4]\s")),
}
_OPENERS = ("{", "(", "[", ">")
_FLAT = {"makefile": re.compile(r"(?:ifn?def|ifn?eq|define)\b")}
_CUT = re.compile(r"[;{}]\s*|,\s*|\s+")


class _IndentLevel(NamedTuple):
    """A line that others may stand under: its place, its unit, and the unit that its closing line closes.

    The place is its indentation, and how many blocks without indentation (``ifdef`` of make) are around it. ``words``
    is what it says, and empty once something stands under it.
    """

    place: tuple[int, int]
    unit: int
    owner: int
    words: str


def mark_indented(marks: Marks, start: int, end: int, parent: int = -1, language: str = "") -> None:
    """Mark ``text[start:end]``: a line stands under the nearest earlier line with less indentation.

    Lines that only close belong to the line that they close; continued lines are one unit; neighbouring comment lines
    are one, or cut by paragraph.
    """
    _Indented(marks, parent, language).run(start, end)


class _Indented:
    def __init__(self, marks: Marks, parent: int, language: str) -> None:
        self.marks = marks
        self.parent = parent
        self.levels: list[_IndentLevel] = []
        self.heads = _HEADS.get(language, ())
        self.comment = line_comment(language)
        self.description = description_mark(language)
        self.by_dash = language == "yaml"
        self.flat = _FLAT.get(language)
        self.ends_manual = _ENDS_MANUAL.get(language)
        self.leaning = _LEANING_ALSO.get(language)
        self.depth = 0
        self.goes_on = False
        self.comments: tuple[int, int, int] | None = None

    def run(self, start: int, end: int) -> None:
        lines = logical_lines(self.marks.text, start, end, comment=self.comment, description=self.description)
        for line in lines:
            words = self.marks.text[line.start : line.end]
            if line.comment:
                self._comment(line)
                continue
            self._flush()
            if not self._head(line, words):
                self._line(line, words)
            if self.ends_manual and words == self.ends_manual:
                self._end_manual()
        self._flush()

    def _comment(self, line: LogicalLine) -> None:
        if self.comments is not None and (self.comments[2] != line.indent or line.after_blank):
            self._flush()
        begin = line.start if self.comments is None else self.comments[0]
        self.comments = (begin, line.end, line.indent)

    def _flush(self) -> None:
        if self.comments is None:
            return
        start, end, indent = self.comments
        self.comments = None
        above = next((level.unit for level in reversed(self.levels) if level.place[0] < indent), self.parent)
        mark_paragraphs(self.marks, start, end, above)

    def _head(self, line: LogicalLine, words: str) -> bool:
        for depth, pattern in enumerate(self.heads):
            if pattern.match(words):
                indent = depth - len(self.heads)
                self._pop((indent, 0))
                unit = self.marks.unit(line.start, self._above())
                self.marks.head(unit, words.strip().rstrip(".;:"))
                self.levels.append(_IndentLevel((indent, 0), unit, unit, ""))
                return True
        return False

    def _end_manual(self) -> None:
        """Take the headings of a manual off what code stands under."""
        text = self.marks.text
        self.levels = [level for level in self.levels if not text.startswith("=", self.marks.start(level.unit))]

    def _line(self, line: LogicalLine, words: str) -> None:
        is_closing = _CLOSING.fullmatch(words) is not None
        is_leaning = _LEANING.match(words) is not None
        if self.flat and self.depth and (is_leaning or (is_closing and words.startswith("end"))):
            self.depth -= 1
        place = (self._indent(line, words), self.depth)
        self._pop((place[0], place[1] + 1))
        same = self.levels[-1] if self.levels and self.levels[-1].place == place else None
        if is_closing:
            if same is not None and _GOES_ON.match(self.marks.text, line.end):
                # The bracket belongs to the line that goes on, as it would on one line: ``} else {``.
                self.levels[-1] = same._replace(unit=self.marks.unit(line.start, same.owner), words="")
                self.goes_on = True
                return
            if same is not None and (not same.words or same.words.endswith(_OPENERS)):
                self.marks.close(line.start, same.owner)
                self.levels.pop()
                return
            if self.marks.last() >= 0 and len(words) < LONG_LINE and words[0] in ")]}":
                return
        if same is not None and _OPENING.fullmatch(words) and not self.marks.in_close():
            return
        if same is not None and self.goes_on:
            self.goes_on = False
            return
        goes_with = self.leaning and self.leaning.match(words) and same and not same.words.endswith(";")
        if same is not None and (is_leaning or goes_with):
            self.levels.pop()
            unit = self.marks.unit(line.start, same.owner)
            self.levels.append(_IndentLevel(place, unit, same.owner, ""))
        else:
            self._pop(place)
            unit = self.marks.unit(line.start, self._above())
            self.levels.append(_IndentLevel(place, unit, unit, words[:LONG_LINE]))
        if self.flat and (is_leaning or self.flat.match(words)):
            self.depth += 1
        if line.end - line.start > 2 * LONG_LINE:
            cut_line(self.marks, line.start, line.end, unit)

    def _indent(self, line: LogicalLine, words: str) -> int:
        # A sequence may stand at the indentation of its key in YAML.
        return 2 * line.indent + words.startswith("- ") if self.by_dash else line.indent

    def _pop(self, place: tuple[int, int]) -> None:
        while self.levels and self.levels[-1].place >= place:
            self.levels.pop()

    def _above(self) -> int:
        if not self.levels:
            return self.parent
        level = self.levels[-1]
        if level.words:
            self.marks.head(level.unit, title(level.words))
            self.levels[-1] = level._replace(words="")
        return level.unit


def cut_line(marks: Marks, start: int, end: int, parent: int) -> None:
    """Cut a very long line (minified code, data) into units of about ``LONG_LINE`` characters."""
    at = start
    while end - at > LONG_LINE:
        found = _CUT.search(marks.text, at + LONG_LINE // 2, min(end, at + LONG_LINE))
        at = found.end() if found else at + LONG_LINE
        if at < end:
            marks.unit(at, parent, exact=True)
