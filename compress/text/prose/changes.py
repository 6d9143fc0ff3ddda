"""Headings of text without markup that name a version, a date, a commit, a day, or to whom a letter is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import regex

from ctxpipe.compress.text.prose.lines import LinePattern, first_words, lines_with
from ctxpipe.compress.text.prose.named import Named

_DAYS = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DATE = rf"""(?:\d{{4}}[-./]\d{{2}}[-./]\d{{2}} | \d{{1,2}}\.\d{{1,2}}\.\d{{4}} | (?:19|20)\d{{6}}
    | {_DAYS},?[ ]+{_MONTHS}[ ]+\d{{1,2}}(?:[ ]+[\d:]+)?(?:[ ]+[A-Z]{{2,5}})?[ ]+\d{{4}}
    | (?:{_DAYS},?[ ]+)?\d{{1,2}}(?:st|nd|rd|th)?[ ]+{_MONTHS},?[ ]+\d{{4}}
    | (?:{_DAYS},?[ ]+)?{_MONTHS}[ ]+\d{{1,2}}(?:st|nd|rd|th)?,?[ ]+\d{{4}})"""
_WORDS = r"""(?:["']?(?:[^\W\d_]|\d+\.)[\w.+*'"/-]{0,30}(?::[ \t]*|[ \t]+)){0,6}"""
_DATED = re.compile(
    rf"""(?:{_DATE} (?:[ \t]*[:–—-]? | [ \t]*[:,–—-]?[ \t]+(?!\d{{1,2}}:\d{{2}})[^\n]{{1,80}}?)
    | (?:[^\W\d_][\w.'-]*[ ]+){{1,4}}\({_DATE}\):?)[ \t]*$""",
    re.MULTILINE | re.VERBOSE,
)
"""A line that begins with a date but is no record, which has a time of day beside it; or a name with a date."""
_VERSION = re.compile(
    rf"""(?:[*=]{{1,3}}[ ])?(?P<lead>{_WORDS})
    [vV]?\d+(?:(?P<point>\.)\d+(?:\.\d+){{0,3}}(?:[-+~.]?[^\W_]+){{0,3}})?
    (?:[ \t]*[:.]? | [ \t]*[:,]?[ \t]+\d[\d./ -]{{5,}}[^\n]{{0,60}}? | [ \t]+(?:and|to)[ ]+v?[\d.]+:?
      | [ \t]*[:,]?[ \t]+(?:[(\[]|--?[ ]|[–—]|released?\b|by\b|{_DAYS}\b|{_MONTHS}[ ]\d)[^\n]{{0,80}}?
      | :[ \t]+[^\n]{{1,40}}? | [ ][^\w\s]{{1,3}}:?)[ \t]*=*[ \t]*$""",
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)
_WEEKDAYS = (
    "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag "
    "sonnabend sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes "
    "sábado domingo"
).split()
_DAY = regex.compile(
    rf"""[ \t]{{0,3}}(?:{"|".join(_WEEKDAYS)})
    (?:,?[ ](?:(?:the|den|le|el)[ ])?\d{{1,2}}(?:st|nd|rd|th|er|\.)?
        (?:[ ](?:(?:of|de)[ ])?\p{{L}}{{3,10}}\.?|[./-]\d{{1,2}}\.?)?
      |,?[ ]\p{{L}}{{3,10}}\.?[ ]\d{{1,2}}(?:st|nd|rd|th)?)?
    (?:,?[ ]\d{{4}})?[ \t]*[:.]?[ \t]*$""",
    regex.MULTILINE | regex.VERBOSE | regex.IGNORECASE,
)
"""A day of the week with or without its date, and nothing else."""
_RULED_DAY = LinePattern(
    regex.compile(
        rf"""^[ \t]{{0,3}}[-=*#_—–]{{2,}}[ \t]*(?:\p{{L}}[\p{{L}}:]*[ ]){{0,4}}{_DATE}
        (?:[ ,T]+\d{{1,2}}:\d{{2}}(?::\d{{2}})?)?[ \t]*[-=*#_—–]*[ \t]*$""",
        regex.MULTILINE | regex.VERBOSE,
    ),
    r"[ \t]{0,3}[-=*#_—–]{2}",
)
"""The line of a chat or log between the days, behind a rule."""
_POSTING = (" commented", " opened this ", " replied", " reviewed", " posted", " added a comment", " answered")
_POSTED = regex.compile(
    rf"""(?<=(?:\A|\n)[ \t]*\n|\A)[ \t]{{0,3}}(?:\*\*|__)?@?\p{{L}}[^\s:.!?][^\n:.!?]{{0,40}}?(?:\*\*|__)?
    (?:{"|".join(words.replace(" ", "[ ]") for words in _POSTING)})(?![\p{{L}}])
    (?:[^\n.!?]{{0,60}})?[ \t]*:?[ \t]*$(?=\n[ \t\r]*(?:\n|\Z))""",
    regex.MULTILINE | regex.VERBOSE,
)
"""The line alone above what somebody wrote in a discussion."""
_GREETINGS = (
    "Dear Hi Hello Liebe Lieber Liebes Hallo Cher Chère Bonjour Estimado Estimada Querido Querida Hola Gentile Egregio "
    "Caro Cara Beste Geachte Kjære Kära Уважаемый Уважаемая Дорогой Дорогая".split()
)
_ADDRESSEE = regex.compile(
    rf"""[ \t]{{0,3}}(?:My[ ])?(?:{"|".join(_GREETINGS)}|Sehr[ ]geehrte[rs]?|Guten[ ]Tag)
    [ ]\p{{L}}[^\n.?!:;]{{0,58}}[,:!][ \t]*$""",
    regex.MULTILINE | regex.VERBOSE,
)
"""The line of a letter that says to whom it is."""
_OPENS = frozenset((*_WEEKDAYS, *map(str.casefold, _GREETINGS), "my", "sehr", "guten"))
_OF_ROW = re.compile(r"\t|[€$£¥%]|^[^\n:]*(?<!ersion)(?<!elease)(?<!hanges)(?<!new):\s*\d")
"""What a row of a table or a key with its value has, and the head of a version does not."""
_SAYS = re.compile(r"(?:changes|version|release|what's new)\b", re.IGNORECASE)
"""What a line begins with that a version without a point follows."""
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+ \([^()\s]+\) [a-zA-Z][^\n;]*;[ ]*urgency=\w+[^\n]*$", re.MULTILINE)
_COMMIT = re.compile(
    r"commit [0-9a-f]{7,64}\b[^\n]*(?:\n(?:Author|AuthorDate|Commit|CommitDate|Committer|Date|Merge|Tags?):[^\n]*)*"
)
_STARRED = LinePattern(re.compile(r"^(\*{1,6})[ \t]+(\S[^\n]{0,100})$(?=\n[ \t\r]*(?:\n|\Z)|\Z)", re.MULTILINE), r"\*")
_MAINTAINER = re.compile(r"^  (\[ [^\n\]]{1,60} \])$", re.MULTILINE)
_SHORT = LinePattern(
    re.compile(r"""^["'*=\w](?=[^\n]{0,70}\d)[^\n]{2,120}$""", re.MULTILINE), r"""["'*=\w](?=[^\n]{0,70}\d)"""
)
_INSET = re.compile(r"[ \t\f]|[-+*•][ \t]|[ \t\r\f]*\n")
_OUTLINE = re.compile(r"-\*- *(?:mode: *)?(?:outline|org) *-\*-")
_GOES_ON = re.compile(r"[ \t\r]*\n[a-z]")
_FEWEST = 2
_SENTENCE = 20
"""Characters from which on a line that ends in a full stop is a sentence."""


def change_headings(text: str) -> Iterator[Named]:
    """Lines that begin a paragraph and are the head of a version, a date or a commit, where there are several.

    So are days of the week on lines of their own, and whom letters address.
    Below them stand lines with stars as in Emacs's outline mode, and the maintainers' names in Debian's change logs.
    """
    begins = [match.start() for match in _SHORT.finditer(text) if _begins(text, match.start())]
    packages = _alike(text, begins, _PACKAGE)
    heads = [*_alike(text, begins, _COMMIT), *packages, *_alike(text, begins, _DATED), *_alike(text, begins, _VERSION)]
    yield from heads
    opening = _opening(text)
    yield from _alone(text, map(partial(_DAY.match, text), opening))
    yield from _alone(text, map(partial(_ADDRESSEE.match, text), opening))
    yield from posts(text)
    yield from _alone(text, _RULED_DAY.finditer(text))
    if packages:
        yield from (Named(*match.span(1), 1, match[1]) for match in _MAINTAINER.finditer(text))
    yield from _outline(text, int(any(text[head.start] != "*" for head in heads)))


def posts(text: str) -> Iterator[Named]:
    """Lines alone that say who wrote what stands below them in a discussion, where there are several."""
    yield from _alone(text, map(partial(_POSTED.match, text), lines_with(text, *_POSTING)))


def _begins(text: str, start: int) -> bool:
    """Whether a line stands at the beginning, below a blank line, or below one that is indented or an item."""
    return not start or _INSET.match(text, text.rfind("\n", 0, start - 1) + 1) is not None


def _alike(text: str, begins: Sequence[int], pattern: re.Pattern[str]) -> list[Named]:
    """The heads of one kind; none if there is only one, which may be a line of anything."""
    heads = [match for match in (pattern.match(text, at) for at in begins) if match and _is_head(text, match)]
    if len(heads) < _FEWEST:
        return []
    return [Named(*match.span(), 0, " ".join(match.group().strip("*= \t").split())) for match in heads]


def _opening(text: str) -> list[int]:
    """Where lines begin whose first word is a day or greets: a look at one word is quicker than the patterns."""
    return [start for start, word in first_words(text) if word.rstrip(",:.").casefold() in _OPENS]


def _alone(text: str, matches: Iterable[regex.Match[str] | None]) -> Iterator[Named]:
    """Lines of one kind, each of another day or person than the first."""
    heads = [match for match in matches if match and not _GOES_ON.match(text, match.end())]
    if len({match.group().strip().casefold() for match in heads}) >= _FEWEST:
        for match in heads:
            line = match.group().strip()
            at = text.index(line, match.start())
            yield Named(at, at + len(line), 0, line.rstrip(",:!. "))


def _is_head(text: str, match: re.Match[str]) -> bool:
    """Whether a line is not the beginning of a sentence, and a number in it a version."""
    words = match.group().rstrip()
    if words.endswith((",", ";")) or (words.endswith(".") and len(words) >= _SENTENCE):
        return False
    if match.re is _VERSION and (_OF_ROW.search(words) or (not match["point"] and not _SAYS.match(match["lead"]))):
        return False
    return words.endswith((")", ":", "]", ">")) or not _GOES_ON.match(text, match.end())


def _outline(text: str, depth: int) -> Iterator[Named]:
    """Lines with one star, two stars and more, each alone, of which each more is one level further down."""
    stars = [match for match in _STARRED.finditer(text) if _begins(text, match.start())]
    if _OUTLINE.search(text, 0, 200) or {1, 2} <= {len(match[1]) for match in stars}:
        for match in stars:
            yield Named(*match.span(), depth + len(match[1]) - 1, match[2].strip())
