"""Configuration by sections and keys: TOML, INI, properties and their kin."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from ctxpipe.compress.text.code.indent import cut_line, mark_indented
from ctxpipe.compress.text.code.lines import after, physical
from ctxpipe.compress.text.code.marks import LONG_LINE, Marks
from ctxpipe.compress.text.code.paragraphs import LONG, mark_paragraphs

_SECTION = re.compile(r"(?P<open>\[+)[ \t]*(?P<name>[^\n]*?)[ \t]*\]+[ \t]*(?:[#;][^\n]*)?")
_TOML = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[{\]}]|\n',
    re.DOTALL,
)
_TABLE = re.compile(r"""\[\[?[ \t]*[A-Za-z_"'][\w."' -]*\]\]?[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)""")
_NAMES = re.compile(r"[\"']?(?:name|id|key|title)[\"']?\s*[=:]", re.IGNORECASE)
_ARRAY = re.compile(r"^[ \t]*\[\[(?P<name>[^\]\n]*)\]\]", re.MULTILINE)
_SECTION_LINE = re.compile(r"^[ \t]*\[", re.MULTILINE)
_NAME_LINE = re.compile(r"^[ \t]*" + _NAMES.pattern, re.IGNORECASE | re.MULTILINE)
_LONGEST_NAME = 100
"""Most characters of a key with its value that tells a table from the others of its array."""


@dataclass(slots=True)
class _Sections:
    marks: Marks
    language: str
    named: dict[str, int] = field(default_factory=dict)
    section: int = -1
    comments: tuple[int, int] | None = None
    array: str = ""
    names_array: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def run(self, start: int, end: int) -> None:
        text = self.marks.text
        self.counts.update(found["name"].strip() for found in _ARRAY.finditer(text, start, end))
        at = start
        while at < end:
            line = physical(text, at, end)
            at = after(text, at, end)
            if line is None:
                self._flush()
            elif text[line.start] in "#;!" or text.startswith("//", line.start):
                self.comments = (self.comments[0] if self.comments else line.start, line.end)
            else:
                section = _SECTION.fullmatch(text, line.start, line.end)
                if section and section["name"]:
                    self._section(section)
                else:
                    self._flush()
                    at = self._key(line.start, line.end, line.indent, at, end)
        self._flush()

    def _flush(self, parent: int | None = None) -> None:
        if self.comments is not None:
            mark_paragraphs(self.marks, *self.comments, self.section if parent is None else parent)
            self.comments = None

    def _section(self, section: re.Match[str]) -> None:
        name = section["name"]
        parts = name.split(".")
        outer = (".".join(parts[:n]) for n in range(len(parts) - 1, 0, -1))
        above = next((self.named[other] for other in outer if other in self.named), -1)
        self._flush(above)
        self.section = self.marks.unit(section.start(), above, kind="heading", title=name)
        self.marks.head(self.section)
        self.named[name] = self.section
        self.array = name
        self.names_array = len(section["open"]) == 2

    def _key(self, start: int, end: int, indent: int, at: int, stop: int) -> int:
        """Mark a key with its value and give where the next line begins."""
        text = self.marks.text
        last = self._value_end(start, end, indent, at, stop)
        unit = self.marks.unit(start, self.section)
        if last - start > LONG and last > end:
            mark_indented(self.marks, after(text, end, stop), last, unit, self.language)
        elif last - start > 2 * LONG_LINE:
            cut_line(self.marks, start, last, unit)
        if self.names_array:
            # Nothing but its first key tells one table of an array from the next.
            self.names_array = False
            if _NAMES.match(text, start) or (last - start <= _LONGEST_NAME and self._is_twin(last, stop)):
                self.marks.head(unit, " ".join(text[start:last].split())[:100])
                self.section = self.named[self.array] = unit
        return after(text, last, stop)

    def _is_twin(self, at: int, stop: int) -> bool:
        """Whether there are other tables of the array, and no key below ``at`` names this one."""
        following = _SECTION_LINE.search(self.marks.text, at, stop)
        names = _NAME_LINE.search(self.marks.text, at, following.start() if following else stop)
        return names is None and self.counts[self.array] > 1

    def _value_end(self, start: int, end: int, indent: int, at: int, stop: int) -> int:
        return self._toml_end(start, stop) if self.language == "toml" else self._ini_end(end, indent, at, stop)

    def _toml_end(self, start: int, stop: int) -> int:
        """The end of a value of TOML, which brackets and quotes may carry over lines."""
        text = self.marks.text
        opened = 0
        end = stop
        for found in _TOML.finditer(text, start, stop):
            token = found[0]
            if token in "[{":
                opened += 1
            elif token in "]}":
                opened -= 1
            elif token == "\n" and (opened <= 0 or _TABLE.match(text, found.end(), stop)):
                end = found.start()
                break
        return start + len(text[start:end].rstrip())

    def _ini_end(self, end: int, indent: int, at: int, stop: int) -> int:
        """The end of a value of INI or properties, which goes on in indented lines and after a backslash."""
        text = self.marks.text
        last = end
        while at < stop:
            line = physical(text, at, stop)
            if line is None:
                break
            goes_on = text[last - 1] == "\\"
            if not goes_on and (line.indent <= indent or text[line.start] in "#;[" or self.language == "properties"):
                break
            last = line.end
            at = after(text, at, stop)
        return last


def mark_sections(marks: Marks, start: int, end: int, language: str) -> None:
    """Mark ``text[start:end]`` of TOML, INI, properties or the like.

    A section line is a heading of the keys below it and stands under the section whose name begins its own
    (``[a.b]`` under ``[a]``). A key with its whole value is a unit; a long value is cut by line. In an array of tables
    of TOML the rest of a table stands under its first key where that is a name, or where nothing else
    tells it from the others.
    """
    _Sections(marks, language).run(start, end)


def has_sections(text: str) -> bool:
    """Whether a text of unknown dialect (``.conf``) has sections and keys, rather than blocks in braces or tags."""
    if re.search(r"^[ \t]*<\w[^>\n]*>[ \t]*$|\{[ \t]*$", text[: 1 << 16], re.MULTILINE):
        return False
    return re.search(r"^[ \t]*\[[^\]\n]+\][ \t]*$", text[: 1 << 16], re.MULTILINE) is not None
