"""RTF to text through striprtf, with its headings by their outline level."""

from __future__ import annotations

import itertools
import re

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.rtf_changes import without_deleted
from ctxpipe.pipeline.readers.tables.rows import table_lines
from ctxpipe.pipeline.readers.titles import one_line

# Characters for private use mark the level of a heading and its paragraph; no document has them in a pair.
_MARK, _LEVELS = 0xE2F0, 9
_OUTLINE = re.compile(r"\\outlinelevel([0-8])(?![0-9])")
_HEADING = re.compile(rf"{chr(_MARK)}([{chr(_MARK + 1)}-{chr(_MARK + _LEVELS)}])")
_BULLET = re.compile(r"^[\s]*[·•▪o\uf0b7\uf0a7-][\t ]+")
_ITEM = re.compile(r"- |\s*(?:\d{1,3}|[a-z])[.)]\s")
_NOTE = re.compile(
    r"\{\s*(?:\\\*)?\\footnote(?![a-z])"
    r"|(?:\{\s*\\\*\\atnauthor\s(?P<author>[^{}]{0,200})\}\s*(?:\\chatn\s*)?)?\{\s*\\\*\\(?P<comment>annotation)(?![a-z])"
)
_IN_NOTE = re.compile(r"\\(?:par|line|chftn|chatn)(?![a-z]) ?")
_ESCAPED_OR_BRACE = re.compile(r"\\[\\{}]|[{}]")

_FONTS = re.compile(r"\{[^{}]*\\fonttbl")
_BRACE = re.compile(r"[{}]")
_LONGEST_FONTS = 30_000
"""Characters of a table of fonts, which Word fills to 20,000."""
_LONGEST_NOTE = 20_000
"""Characters of a footnote or comment with its markup."""


class RtfReader:
    """Reads rich text; paragraphs with an outline level are headings."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read rich text.

        Raises:
            ReadError: if the file is no rich text.
        """
        if not data.lstrip().startswith(b"{\\rtf"):
            raise ReadError(source, "not a .rtf file, or damaged")
        text = _plain(data, source)
        builder = DocumentBuilder()
        # Every paragraph is a line; rows of a table and items of a list stay together.
        for kind, lines in itertools.groupby(filter(str.strip, text.split("\n")), key=_kind):
            _add(kind, [_BULLET.sub("- ", line).strip() for line in lines], builder)
        title = next((line for line in text.split("\n") if _HEADING.search(line)), "")
        return builder.document(source=source, kind="text", title=one_line(_HEADING.sub("", title)))


def _plain(data: bytes, source: str) -> str:
    from striprtf.striprtf import rtf_to_text

    # Patterns of the library look for links and fonts along a line, in time that grows with its square and worse. A
    # line break means nothing, so one inside the word keeps links from them; a huge font table is left out.
    markup = without_deleted(data.decode("latin-1").replace("HYPERLINK", "HYPER\nLINK"))
    markup = _with_notes(_bounded_fonts(markup))
    marked = _OUTLINE.sub(lambda match: f"{match[0]}{_escaped(int(match[1]))}", markup)
    try:
        text = rtf_to_text(marked, errors="replace")
        # A character beyond 16 bits is written as two halves.
        return str(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except Exception as exc:  # damage makes the parser raise anything: ValueError, IndexError, OverflowError, ...
        raise ReadError(source, f"not a .rtf file, or damaged ({type(exc).__name__})") from exc


def _with_notes(markup: str) -> str:
    """The markup with footnotes and comments as text where they are called; the library leaves them out."""
    parts, at = [], 0
    for note in _NOTE.finditer(markup):
        if note.start() < at:
            continue
        end = _end_of_group(markup, note.end())
        if end is None:
            break  # a hostile file opens a million
        inner = _IN_NOTE.sub(" ", markup[note.end() : end])
        author = f" by {' '.join(note['author'].split())}" if note["author"] else ""
        name = f"Comment{author}" if note["comment"] else "Footnote"
        parts += [markup[at : note.start()], f"{{ [{name}: ", inner.strip(), "]"]
        at = end
    return "".join([*parts, markup[at:]])


def _end_of_group(markup: str, start: int) -> int | None:
    """Where the brace is that closes a group; None if there is none, or the group is too long for a note."""
    depth = 1
    for brace in _ESCAPED_OR_BRACE.finditer(markup, start, start + _LONGEST_NOTE):
        depth += {"{": 1, "}": -1}.get(brace.group(), 0)
        if depth == 0:
            return brace.start()
    return None


def _bounded_fonts(markup: str) -> str:
    fonts = _FONTS.search(markup)
    if fonts is None:
        return markup
    depth = 0
    for brace in _BRACE.finditer(markup, fonts.start(), fonts.start() + _LONGEST_FONTS):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return markup
    return markup.replace("\\fonttbl", "\\*\\nofonts")


def _kind(line: str) -> str:
    if _HEADING.search(line):
        return "heading"
    if line.rstrip().endswith("|"):
        return "row"
    return "item" if _BULLET.match(line) or _ITEM.match(line) else "paragraph"


def _add(kind: str, lines: list[str], builder: DocumentBuilder) -> None:
    if kind == "row":
        rows = [[cell.strip() for cell in line.strip().removesuffix("|").split("|")] for line in lines]
        builder.add("\n".join(table_lines(rows)))
    elif kind == "item":
        builder.add("\n".join(" ".join(line.split()) for line in lines))
    else:
        for line in lines:
            marked = _HEADING.search(line)
            words = " ".join(_HEADING.sub("", line).split())
            if marked:
                builder.heading(words, ord(marked[1]) - _MARK)
            else:
                builder.add(words)


def _escaped(level: int) -> str:
    return "".join(f"{{\\uc1\\u{code - 0x10000}?}}" for code in (_MARK, _MARK + 1 + level))
