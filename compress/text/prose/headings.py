"""Headings of prose, by the markup of each format, with their levels."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import regex

from ctxpipe.compress.text.prose.changes import change_headings, posts
from ctxpipe.compress.text.prose.coded import code_titles
from ctxpipe.compress.text.prose.enclosed import titled_blocks
from ctxpipe.compress.text.prose.heading import Heading, begins_paragraph, is_stopped, matches
from ctxpipe.compress.text.prose.levels import POST_LEVEL, above_named, with_back_matter, with_outer
from ctxpipe.compress.text.prose.lines import LinePattern
from ctxpipe.compress.text.prose.minuted import minuted
from ctxpipe.compress.text.prose.named import named_headings
from ctxpipe.compress.text.prose.paths import path_headings
from ctxpipe.compress.text.prose.posted import posted
from ctxpipe.compress.text.prose.printed import page_heads
from ctxpipe.compress.text.prose.records import GAP
from ctxpipe.compress.text.prose.repeated import named_parts
from ctxpipe.compress.text.prose.reported import report_headings
from ctxpipe.compress.text.prose.roman import roman_headings
from ctxpipe.compress.text.prose.ruled import after_gaps, between_rules, between_stars
from ctxpipe.compress.text.prose.texinfo import is_texinfo, texinfo_headings
from ctxpipe.compress.text.prose.underlined import underlined
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.types import Document

_ATX = LinePattern(re.compile(r"^[ ]{0,3}(#{1,6})[ \t]+(\S(?:.*[^ \t#])?)[ \t#]*$", re.MULTILINE), r" {0,3}#")
_BOLD = LinePattern(
    re.compile(
        r"""(?:(?<=\n\n)|\A)\*\*([^*\n]{2,160})\*\*
        (?:[ \t]*[—–:|-]?[ \t]*[*_][^*_\n]{1,80}[*_]
          |[ \t]*[—–|,·-][ \t]*[^*\n]{1,80}[^*\s.!?](?=[ \t]*\n(?:[ \t]*[*_](?![*_\s])|\n[ \t]*[-*+•][ ])))?:?[ \t]*
        (?:\n[ \t]*[*_](?![*_])[^*_\n]{1,80}[*_][ \t]*)?$(?=\n\n)""",
        re.MULTILINE | re.VERBOSE,
    ),
    r"\*\*",
)
_BELOW_RULE = LinePattern(
    re.compile(
        r"^[ \t]*([=*#~_-])\1{9,}[ \t]*\n[ \t]{0,8}(?P<title>\S[^\n]{1,90}?)[ \t]*$(?=\n[ \t]*(?:\n|\Z))",
        re.MULTILINE,
    ),
    r"[ \t]*+[=*#~_-]{10}",
)
_ORG = re.compile(r"^(\*+)[ \t]+(\S(?:[^\n]*\S)?)[ \t]*$", re.MULTILINE)
_ORG_TITLE = re.compile(r"^#\+TITLE:[ \t]*(\S(?:[^\n]*\S)?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_ASCIIDOC = re.compile(r"^(={1,6})[ \t]+(\S(?:[^\n]*\S)?)[ \t]*$", re.MULTILINE)
_TEX = re.compile(r"\\(part|chapter|section|subsection|subsubsection|paragraph)\*?(?:\[[^\]\n]*\])?\{([^\n]{1,200}?)\}")
_TEX_LEVELS = {
    name: level
    for level, name in enumerate(("part", "chapter", "section", "subsection", "subsubsection", "paragraph"), start=1)
}
_COMMENTED = re.compile(r"(?<!\\)%")
_MAIL = LinePattern(
    re.compile(
        r"(?:^From \S+ [^\n]*\d{4}\n)?(?:^(?:[A-Z][\w-]{1,40}):[ \t][^\n]*(?:\n[ \t]+\S[^\n]*)*(?:\n|\Z)){2,}",
        re.MULTILINE,
    ),
    r"(?:From |[A-Z][\w-]{1,40}:[ \t])",
)
_MAIL_FIELD = re.compile(r"^(From|Date|Sent|Subject|To):", re.MULTILINE)
_NUMBERED = LinePattern(
    regex.compile(
        r"^[ \t]{0,3}(\d{1,3}(?:\.\d{1,3}){0,5})\.?[ \t]+"
        r"((?:[\p{Lu}\p{Lo}]|(?<=\.\d{1,3}\.?[ \t]+)/\w)[^\n]{1,70}?)[ \t]*$",
        regex.MULTILINE,
    ),
    r"[ \t]{0,3}\d",
)
_RUN_IN = LinePattern(
    regex.compile(
        r"""^[ \t]{0,3}(?:
            (?:Section|Clause|Article|Art\.|Abschnitt|Ziffer|Artikel|Artículo|Cláusula|Articolo|Статья|§)
            [ \t]*(?P<number>\d{1,3}(?:\.\d{1,3}){0,4}) | (?P<number>\d{1,3}(?:\.\d{1,3}){1,4}))[.:]?[ \t]+
            \p{Lu}[\p{L}\p{M}'’/&-]*(?:,?[ \t]+[\p{L}\p{M}'’/&-]+){0,6}[.:](?=[ \t]+["“(]?\p{Lu})""",
        regex.MULTILINE | regex.VERBOSE,
    ),
    r"[ \t]{0,3}[\dSCAZС§]",
)
"""The number and title of a clause, whose text goes on in the same line."""
_JIRA = LinePattern(re.compile(r"^h([1-6])\.[ \t]+(\S(?:[^\n]*\S)?)[ \t]*$", re.MULTILINE), r"h[1-6]\.")
_WIKI = LinePattern(re.compile(r"^(={2,6})[ \t]*([^=\s](?:[^=\n]*[^=\s])?)[ \t]*\1[ \t]*$", re.MULTILINE), "==")
_SPACED_WIKI = LinePattern(
    re.compile(r"^ ?(=(?: ?=){0,5}) ([^=\s](?:[^=\n]*[^=\s])?) \1 *$(?=\n[ \t]*\n|\n\{\{|\Z)", re.MULTILINE), r" ?="
)
"""Headings of MediaWiki with spaces between their signs, as data sets of its articles have them."""
_ROFF = LinePattern(re.compile(r"^\.(S[HShs])[ \t]+\"?(\S[^\n]*?)\"?[ \t]*$", re.MULTILINE), r"\.S")
_POD = LinePattern(re.compile(r"^=(?:head([1-6])|item)[ \t]+(\S(?:[^\n]*\S)?)[ \t]*$", re.MULTILINE), "=[hi]")
_SECTION = LinePattern(re.compile(r"^\[([^\]\n]{1,60})\][ \t]*$(?=\n[\w.-]+[ \t]*=)", re.MULTILINE), r"\[")
_TAGGED = re.compile(
    r"^[ \t]{0,3}(?:<details\b[^>\n]*>[ \t]*)?<(h[1-6]|summary)\b[^>\n]*>([^\n]{1,160}?)</\1>[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_TAG = re.compile(r"<[^>\n]*>")
_CAPITALS = LinePattern(
    regex.compile(
        r"^[ \t]{0,3}(\p{Lu}[\p{Lu}\p{N} ,'&/()\-]{3,70}?(?:\p{Lu}[ ]\([^()\n]{2,40}\))?)[ \t]*$", regex.MULTILINE
    ),
    r"[ \t]{0,3}\p{Lu}[\p{Lu}\p{N} ,'&/()\-]{3}",
)
_NUMBERED_TABLE = re.compile(r"(?:TAB(?:LE|ELLE|LEAU|LA|ELLA|\.)?|FIG(?:URE|URA|\.)?|ABB(?:ILDUNG|\.))[ ]\d")
_ALONE = LinePattern(
    regex.compile(
        r"(?<=\n[ \t]*\n|\A)([\p{Lu}\p{N}][^\n]{1,60})\n[ \t]*\n"
        r"(?=\S[^\n]{40,}|(?:Q|Question|Frage|Pregunta|Domanda)[.:][ ]\S|(?:[2-9]|\d{2,3})\.[ ]+\S[^\n]{15,}"
        r"|\d{4}(?:[ ]?[-–—][ ]?\w{3,12})?[ ]{2,}\S)"
    ),
    r"[\p{Lu}\p{N}]",
)
"""A short line alone above a paragraph, also one whose number goes on, a question, or what happened in some year."""
_PROMPT = LinePattern(
    re.compile(
        r"^((?:\$|\((?:gdb|lldb|[Pi]?db)\)|[\w.-]{1,30}@[\w.-]{1,40}[: ][^\s$#]{0,60}[ ]?[$#]"
        r"|(?:PS )?[A-Z]:\\[^>\n]{0,60}>)[ ]\S[^\n]*)$",
        re.MULTILINE,
    ),
    r"(?:\$|\(|[\w.-]{1,30}@|(?:PS )?[A-Z]:)",
)
"""What was typed at a prompt, below which stands what was printed."""
_COLUMNS = re.compile(r"\S[ ]{2,}\S[^\n]*?\S[ ]{2,}\S[^\n]*?\S[ ]{2,}\S")
"""Three wide gaps: the number at the head of a row counts rows."""
_NO_TITLE = re.compile(r"(?:\s|\.)\d{1,4}$|\b0x[0-9a-f]{3}")
"""The number of a page at the end, or an address of memory."""
_FOOT = re.compile(r"\[Page [\divxlc]{1,5}\]$")
_OF_LIST = re.compile(r"[;,] (?:and|or)$|^\d{1,3}(?:\.\d{1,3})+\.?[ \t]+[a-z]")
"""What a clause in a list ends or begins with."""
_PHRASE, _WORD = regex.compile(r"\p{Ll}{4,}"), regex.compile(r"\p{Ll}{3,}")

_FEWEST_OF_DOKUWIKI = 5
"""Signs of the first heading of a page, by which it is none of MediaWiki."""
_SHORT = 60
"""Characters below which a numbered paragraph of its own is a heading though it ends in a full stop."""

MAIL_LEVEL = 0
_THING_LEVEL, _NAMED_LEVEL = 3, 4
_CHANGES_LEVEL, _RULE_LEVEL, _CAPITALS_LEVEL, _ROMAN_LEVEL, _NUMBERED_LEVEL = 7, 8, 9, 10, 11
_BOLD_LEVEL, _ALONE_LEVEL, _PROMPT_LEVEL = 20, 21, 22


def headings(document: Document, is_hidden: Callable[[int, int], bool]) -> list[Heading]:
    """The headings of a document of prose, in order and disjoint.

    Those that the reader found come first; then those of the format's markup (Markdown and HTML, reStructuredText,
    Org, AsciiDoc, TeX), heads of mail messages, and in text without markup numbered lines, lines of capitals and short
    lines that stand alone above a paragraph.

    Args:
        document: The document.
        is_hidden: Whether a stretch is no prose (fenced code, a table).
    """
    text = document.text
    all_headings: list[Heading] = []
    taken: list[tuple[int, int]] = []

    def add(heading: Heading) -> None:
        if heading.end > heading.start and not is_hidden(heading.start, heading.end):
            all_headings.append(heading)
            taken.append((heading.start, heading.end))

    for start, end, level in document.headings:
        add(Heading(start, end, level, " ".join(text[start:end].split()).lstrip("#").lstrip()))
    marked = [*_posts(text), *_marked(document)]
    things = named_parts(text, _THING_LEVEL) if document.kind == "text" and not document.headings else []
    if _are_known(things, marked):
        things = []
    for heading in (*things, *marked):
        add(heading)
    if document.kind == "text" and (heads := page_heads(text)):
        # Under headings of its own a text goes on over pages, whose heads would part it.
        all_headings = [heading for heading in all_headings if (heading.start, heading.end) not in heads] or [
            Heading(start, end, _ALONE_LEVEL, " ".join(text[start:end].split())) for start, end in heads
        ]
    all_headings.sort(key=lambda heading: heading.start)
    disjoint: list[Heading] = []
    for heading in all_headings:
        if not disjoint or heading.start >= disjoint[-1].end:
            disjoint.append(heading)
    if document.kind == "text" and not document.headings:
        disjoint = above_named(text, with_outer(text, disjoint, _CAPITALS_LEVEL), _CAPITALS_LEVEL)
        disjoint = with_back_matter(disjoint, _NUMBERED_LEVEL, _BOLD_LEVEL - 1)
    return _above_parts(disjoint, {start for start, *_ in things})


def _are_known(things: list[Heading], marked: list[Heading]) -> bool:
    """Whether some of what names a thing is a heading already, and its parts are deeper ones."""
    starts = {thing.start for thing in things}
    in_order = sorted(marked, key=lambda heading: heading.start)
    return any(a.start in starts and a.level < b.level for a, b in itertools.pairwise(in_order))


def _above_parts(headings: list[Heading], things: set[int]) -> list[Heading]:
    """Headings of which those that begin in ``things`` have no deeper level than what comes right below them."""
    below = [b.level for a, b in itertools.pairwise(headings) if a.start in things and b.start not in things]
    level = min(_THING_LEVEL, *below) if below else _THING_LEVEL
    return [heading._replace(level=level) if heading.start in things else heading for heading in headings]


def _posts(text: str) -> Iterator[Heading]:
    for post in posted(text):
        yield Heading(post.start, post.end, POST_LEVEL + post.depth, post.title)


def _marked(document: Document) -> Iterator[Heading]:
    text, language = document.text, document.language
    if document.kind in ("markdown", "html"):
        yield from _with_posts(text, list(matches(_ATX, text, lambda m: (len(m[1]), m[2]))))
        yield from matches(_BOLD, text, lambda m: (_BOLD_LEVEL, m[1]))
        yield from code_titles(text, _BOLD_LEVEL)
        yield from underlined(text, markdown=True)
        for heading in matches(_TAGGED, text, lambda m: (_BOLD_LEVEL if m[1][0] in "sS" else int(m[1][1]), m[2])):
            yield heading._replace(title=" ".join(_TAG.sub(" ", heading.title).split()))
    elif language == "org":
        yield from matches(_ORG_TITLE, text, lambda m: (0, m[1]))
        yield from matches(_ORG, text, lambda m: (len(m[1]), m[2]))
    elif language == "asciidoc":
        yield from matches(_ASCIIDOC, text, lambda m: (len(m[1]), m[2]))
        yield from titled_blocks(text, _BOLD_LEVEL)
    elif language == "tex":
        for heading in matches(_TEX, text, lambda m: (_TEX_LEVELS[m[1]], m[2])):
            if not _COMMENTED.search(text, text.rfind("\n", 0, heading.start) + 1, heading.start):
                yield heading
    else:
        yield from matches(_BOLD, text, lambda m: (_BOLD_LEVEL, m[1]))
        yield from underlined(text, markdown=False)
        yield from _unmarked(document)


def _unmarked(document: Document) -> Iterator[Heading]:
    text = document.text
    for match in _MAIL.finditer(text):
        if len(set(_MAIL_FIELD.findall(match.group()))) >= 2:
            start, end = trim(text, *match.span())
            subject = re.search(r"^Subject:[ \t]*(.*)", match.group(), re.MULTILINE)
            yield Heading(start, end, MAIL_LEVEL, subject[1].strip() if subject else "")
    if document.language == "rst" or document.headings:
        return
    yield from path_headings(text, MAIL_LEVEL)
    yield from _of_wikis(text)
    for change in change_headings(text):
        yield Heading(change.start, change.end, _CHANGES_LEVEL + change.depth, change.title)
    for named in named_headings(text):
        if _begins_anew(text, named.start) and not _goes_on(text, named.end):
            yield Heading(named.start, named.end, _NAMED_LEVEL + named.depth, named.title)
    run_ins = list(_RUN_IN.finditer(text))
    below = set(minuted(text, {run_in.start() for run_in in run_ins}))
    for run_in in run_ins:
        if run_in.start() in below or begins_paragraph(text, run_in.start()):
            start, end = trim(text, *run_in.span())
            yield Heading(start, end, _NUMBERED_LEVEL + run_in["number"].count("."), " ".join(run_in.group().split()))
    yield from report_headings(text, _CHANGES_LEVEL)
    for roman in roman_headings(text):
        yield Heading(roman.start, roman.end, _ROMAN_LEVEL, roman.title)
    yield from _numbered(document)
    prompts = list(matches(_PROMPT, text, lambda m: (_PROMPT_LEVEL, m[1])))
    yield from prompts if len(prompts) > 1 else ()
    yield from _of_capitals(text)
    if document.kind == "text":
        for heading in matches(_ALONE, text, lambda m: (_ALONE_LEVEL, m[1])):
            if not is_stopped(heading.title) and not _FOOT.search(heading.title) and not _OF_LIST.search(heading.title):
                yield heading
        yield from after_gaps(text, _ALONE_LEVEL)


def _of_capitals(text: str) -> Iterator[Heading]:
    """Lines of capitals; with small letters in a bracket behind them where other lines have capitals alone."""
    lines = (
        heading
        for heading in matches(_CAPITALS, text, lambda m: (_CAPITALS_LEVEL, m[1]))
        if begins_paragraph(text, heading.start) and _is_said(text[heading.start : heading.end])
    )
    found = list(lines)
    alone = any(heading.title.isupper() for heading in found)
    yield from (heading for heading in found if alone or heading.title.isupper())


def _with_posts(text: str, marked: list[Heading]) -> Iterator[Heading]:
    """Headings with a sign, and heads of comments: right below the title, or below the heading right above the first.

    What a comment has headings for stands under the comment, and ends with it.
    """
    found = list(posts(text))
    if not found:
        yield from marked
        return
    levels = [heading.level for heading in marked]
    top = min(levels, default=0)
    top -= levels.count(top) > 1
    last = max((heading for heading in marked if heading.end <= found[0].start), default=None)
    if last and not text[last.end : found[0].start].strip("- \n\r"):
        top = last.level
    for heading in marked:
        yield heading._replace(level=heading.level + (heading.level > top))
    for post in found:
        yield Heading(post.start, post.end, top + 1, post.title)


def _of_wikis(text: str) -> Iterator[Heading]:
    """Headings of Markdown, wikis, manual pages, POD and sections of settings in a text of unknown format."""
    hashed = [h for h in matches(_ATX, text, lambda m: (len(m[1]), m[2])) if begins_paragraph(text, h.start)]
    # Lines with one sign may be comments.
    if len(hashed) > 1 and any(heading.level > 1 for heading in hashed):
        yield from hashed
    yield from matches(_JIRA, text, lambda m: (int(m[1]), m[2]))
    wiki = _of_dokuwiki(list(matches(_WIKI, text, lambda m: (len(m[1]), m[2]))))
    spaced = list(matches(_SPACED_WIKI, text, lambda m: (m[1].count("="), m[2])))
    if wiki or any(heading.level > 1 for heading in spaced):
        known = {heading.start for heading in wiki}
        yield from (heading for heading in spaced if heading.start not in known)
    yield from wiki
    yield from matches(_ROFF, text, lambda m: (1 + (m[1][1] in "Ss"), m[2]))
    for match in _BELOW_RULE.finditer(text):
        if begins_paragraph(text, match.start()) and not is_stopped(match["title"]):
            yield Heading(*match.span("title"), _RULE_LEVEL, " ".join(match["title"].split()))
    yield from between_rules(text, _RULE_LEVEL)
    yield from between_stars(text, _CAPITALS_LEVEL)
    if is_texinfo(text):
        yield from texinfo_headings(text)
    yield from matches(_POD, text, lambda m: (int(m[1] or 6), m[2]))
    yield from matches(_SECTION, text, lambda m: (_ALONE_LEVEL, m[1]))


def _of_dokuwiki(marked: list[Heading]) -> list[Heading]:
    """Headings of a wiki; those with the most signs stand highest if the first has five or six, as in DokuWiki."""
    levels = [heading.level for heading in marked]
    if not levels or levels[0] < _FEWEST_OF_DOKUWIKI or not min(levels) < levels[0] == max(levels):
        return marked
    return [heading._replace(level=1 + levels[0] - heading.level) for heading in marked]


def _numbered(document: Document) -> Iterator[Heading]:
    """Numbered lines that are headings: without a stop at the end, and not one after the other like items of a list."""
    text = document.text
    lines = list(matches(_NUMBERED, text, lambda m: (_NUMBERED_LEVEL + m[1].count("."), m[2])))
    if not lines:
        return
    beside = [text[a.end : b.start].strip(" \t\r") == "\n" and a.level == b.level for a, b in itertools.pairwise(lines)]
    for heading, before, after in zip(lines, [False, *beside], [*beside, False], strict=True):
        alone = begins_paragraph(text, heading.start) and text[heading.end : heading.end + 2].strip(" ") in (
            "\n\n",
            "\n",
        )
        ends = is_stopped(heading.title) and not (
            alone and (heading.title.endswith("?") or (heading.title.endswith(".") and len(heading.title) < 60))
        )
        # In a PDF a number and few letters may be a label of a drawing, or a row of a table.
        word = _WORD if alone else _PHRASE
        bare = document.kind == "pdf" and heading.level == _NUMBERED_LEVEL and not word.search(heading.title)
        row = _COLUMNS.search(text, heading.start, heading.end)
        plain = not (ends or bare or row or _NO_TITLE.search(heading.title))
        if plain and not before and not after and not _goes_on(text, heading.end):
            # The number belongs to the title: it tells clauses apart.
            yield heading._replace(title=" ".join(text[heading.start : heading.end].split()))


def _is_said(title: str) -> bool:
    """Whether a line of capitals has letters, not mostly codes, as a weather report has, and no titles of columns.

    The number of a table or a figure is no title of what stands below the table.
    """
    words = title.split()
    if len(GAP.findall(title)) > 1 or _NUMBERED_TABLE.match(title):
        return False
    coded = sum(any(map(str.isdigit, word)) for word in words)
    return sum(map(str.isalpha, title)) >= 4 and 2 * coded <= len(words)


def _goes_on(text: str, end: int) -> bool:
    """Whether the next line goes on with a sentence."""
    return re.match(r"[ \t\r]*\n[ \t]*[a-z]", text[end : end + 80]) is not None


def _begins_anew(text: str, start: int) -> bool:
    """Whether what stands before a line is a blank line, or a line that ends a sentence or is short."""
    before = text[max(0, start - 200) : start].rstrip(" \t\r\n").rpartition("\n")[2]
    return begins_paragraph(text, start) or not before or before.endswith((".", "!", "?", ":")) or len(before) < 40
