"""Who says what: speakers of a conversation, and quoted lines of messages."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import regex

from ctxpipe.compress.text.prose.lines import LinePattern

_TIME = r"(?:[ \t]*[\[(]\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?[\])])?"
_SPEAKER = regex.compile(
    rf"(?:\*\*|__)?(?P<name>\p{{L}}[\p{{L}}\p{{M}}\p{{N}} .'’()-]{{0,40}}?)"
    rf"(?:(?:\*\*|__)?{_TIME}[:：]|{_TIME}[:：](?:\*\*|__))[ \t\u3000]?(?=\S)"
)
_STAMP = r"(?:\[[^\]\n]{1,40}\][ \t]*|\d[\d:.,/ -]{2,24}(?:[ \t]?[AP]M)?[ \t]*[-–]?[ \t]+)"
_TO = r"""(?:[ ]\(to[ ](?P<whom>[^:"\n]{1,60}):[ ]"(?P<quoted>[^"\n]{1,80})"\))?"""
"""Whom a message of a chat answers, as the reader of chats writes it."""
_TURN = regex.compile(
    rf"[ \t]*{_STAMP}{{0,2}}(?:\*\*|__)?(?:<(?P<name>[^<>\s]{{1,40}})>"
    rf"|(?P<name>[\p{{L}}+~][\p{{L}}\p{{M}}\p{{N}} .'’()_-]{{0,40}}?){_TO}"
    rf"(?:(?:\*\*|__)?{_TIME}[:：]|{_TIME}[:：](?:\*\*|__))"
    rf"|(?P<name>[QAFRVO])\p{{N}}{{0,3}}[.:)])[ \t]+\S"
)
_CUED = regex.compile(r"[ \t]*\[(?:\p{N}{1,2}:)?\p{N}{1,2}:\p{N}{2}(?:[.,]\p{N}+)?\][ \t]+\S")
"""A line of subtitles, which have the time but often no speaker."""
_CALLED = LinePattern(
    regex.compile(
        r"^[ \t]*+(?P<mark>\*\*|__?)?(?P<name>\p{Lu}[\p{L}\p{M} '’&-]{1,30}+)\.(?(mark)\g<mark>)"
        r"[ \t]*+(?:[-—–]{1,2}[ \t]*+)?(?=\S)",
        regex.MULTILINE,
    ),
    r"[ \t]*+(?:\*\*|__?)?\p{Lu}",
)
"""The name of a speaker with a full stop behind it, as in printed plays."""
_NUMBERED = re.compile(r"[ ][IVXLC]+$")
_KEY = regex.compile(r"(?:\*\*|__)?(\p{L}[\p{L}\p{M}\p{N} .'’()_/-]{0,40}?)(?:\*\*|__)?[:：](?:\*\*|__)?(?=\s|\Z)")
_FIRST_PARAGRAPH = re.compile(r"[ \t]*([^\n]{2,80})")
_PARAGRAPH = re.compile(r"\n[ \t]*+(?:(?:[-*_=~#] ?){3,}+[ \t]*+)?\n[ \t]*([^\n]{2,80})")
_CUE = LinePattern(
    regex.compile(r"(?<=\A|\n[ \t]*\n)[ \t]*(\p{Lu}[\p{Lu}\p{M} '’-]{1,30}[.:])[ \t]*(?=\n[ \t]*\S)"),
    r"[ \t]*+\p{Lu}[\p{Lu}\p{M} '’-]{1,30}[.:]",
)
_MARKS = regex.compile(r"[ \t]*(?:>[ \t]?)+")
_FURTHER = regex.compile(
    r"(?:and|but|what about|how about|or|und|aber|oder|et|mais|ou|y|pero|o|e|mas|и|а)\b(?!['’-])", regex.IGNORECASE
)
"""What a question begins with that leaves out what the one before it is about."""
_QUESTION = re.compile(r"[?？؟](?=[\s*_)\]!?]|\Z)|[？؟]")
_FEWEST = 2
_TURNS = 0.3
"""Share of the paragraphs of a conversation that begin with who speaks."""
_REMARKS = frozenset(
    "note notes warning caution tip hint important example see remark question answer exercise step hinweis achtung "
    "beispiel remarque attention exemple nota ejemplo".split()
)
"""What paragraphs begin with that nobody says."""
_LONGEST_TALK = 12
"""Turns of a conversation up to which all stand under the first."""


def paragraph_beginnings(text: str) -> list[str]:
    """The first 80 characters of the first line of each paragraph."""
    first = _FIRST_PARAGRAPH.match(text)
    return [*([first[1]] if first else []), *_PARAGRAPH.findall(text, first.end() if first else 0)]


def paragraph_speakers(beginnings: Sequence[str]) -> list[str]:
    """The name or key before a colon that each paragraph begins with; empty for none."""
    matches = (_SPEAKER.match(words) if _has_colon(words) else None for words in beginnings)
    return [match["name"] if match else "" for match in matches]


def paragraph_names(speakers: Sequence[str]) -> frozenset[str]:
    """Names and keys with which two or more paragraphs begin.

    Args:
        speakers: The name or key that each paragraph begins with.
    """
    return frozenset(name for name, count in Counter(speakers).items() if name and count >= _FEWEST)


def called(text: str, paragraphs: int) -> frozenset[str]:
    """Names with a full stop behind them that begin turns of a play: two or more, each of which speaks again.

    Args:
        text: All of it.
        paragraphs: How many it has.
    """
    counts = Counter(match["name"] for match in _CALLED.finditer(text) if _is_name(match))
    names = frozenset(name for name, count in counts.items() if count >= _FEWEST)
    said = sum(counts[name] for name in names)
    return names if len(names) >= _FEWEST and said >= _TURNS * paragraphs else frozenset()


def called_in(line: str, names: frozenset[str]) -> int:
    """Where a line goes on behind its speaker, who is one of the names; 0 if none of them speaks."""
    match = _CALLED.match(line) if names else None
    return match.end() if match and match["name"] in names else 0


def _is_name(match: regex.Match[str]) -> bool:
    # Scenes and acts have numbers.
    return bool(match["mark"] or match["name"].isupper()) and not _NUMBERED.search(match["name"])


def _has_colon(words: str) -> bool:
    return ":" in words or "：" in words


def paragraph_keys(beginnings: Sequence[str]) -> frozenset[str]:
    """Keys with which two or more paragraphs begin, with any gap between the colon and the value."""
    counts = Counter(match[1] for words in filter(_has_colon, beginnings) if (match := _KEY.match(words)))
    return frozenset(key for key, count in counts.items() if count >= _FEWEST)


def speakers(names: frozenset[str]) -> regex.Pattern[str] | None:
    """What a turn of a conversation begins with; None if the text is no conversation of two or more speakers.

    Args:
        names: Names with which several paragraphs begin.
    """
    return _SPEAKER if len(names) >= _FEWEST else None


def is_conversation(speakers: Sequence[str]) -> bool:
    """Whether a text is a conversation whose turns may go on in paragraphs without a name: many begin with one.

    Args:
        speakers: The name or key that each paragraph begins with, or an empty string.
    """
    names = paragraph_names(speakers)
    said = sum(name in names for name in speakers)
    remarks = any(name.casefold() in _REMARKS for name in names)
    return len(names) >= _FEWEST and said >= _TURNS * len(speakers) and not remarks


def cues(text: str) -> frozenset[str]:
    """Names on lines of their own above what is said in a play, each at least twice."""
    counts = Counter(match[1] for match in _CUE.finditer(text))
    names = frozenset(name for name, count in counts.items() if count >= _FEWEST)
    return names if len(names) >= _FEWEST else frozenset()


def is_card(lines: Sequence[str], first: frozenset[str]) -> bool:
    """Whether lines are the keys of one thing, which the first of them names.

    Args:
        lines: The lines of a block that are indented least.
        first: Keys with which such blocks begin.
    """
    names = [match[1] for match in itertools.takewhile(bool, map(_KEY.match, lines)) if match]
    return len(names) == len(lines) > 1 and names[0] in first and names[0] not in names[1:]


def has_key(line: str) -> bool:
    """Whether a line begins with a key and a colon."""
    return _KEY.match(line) is not None


def is_talk(lines: Sequence[str], first: frozenset[str]) -> bool:
    """Whether lines are a short conversation that another one follows: the first turn says what it is about.

    Args:
        lines: The lines of a block.
        first: Names with which several blocks begin.
    """
    if not 2 < len(lines) <= _LONGEST_TALK:
        return False
    names = [match["name"] for match in itertools.takewhile(bool, map(_TURN.match, lines)) if match]
    return len(names) == len(lines) and len(set(names)) > 1 and names[0] in first


class Speaker(NamedTuple):
    """Who says a turn, where what is said begins, and which turn the line says it answers: whose, with what words."""

    name: str
    said: int
    whom: str = ""
    quoted: str = ""


def speaker(text: str, start: int, end: int) -> Speaker:
    """Who says a turn; an empty name and ``start`` if that is not known."""
    said = _TURN.match(text, start, end)
    return (
        Speaker(said["name"], said.end() - 1, said["whom"] or "", said["quoted"] or "") if said else Speaker("", start)
    )


def asks_in(text: str, start: int, end: int) -> bool:
    """Whether something is asked anywhere in what is said."""
    return _QUESTION.search(text, start, end) is not None


def after_cue(text: str, start: int, end: int) -> int:
    """Where what is said begins in a line of subtitles, which has nothing but a time before it; -1 for another line."""
    match = _CUED.match(text, start, end)
    return match.end() - 1 if match else -1


def goes_on(text: str, start: int, end: int) -> bool:
    """Whether what is said in a turn begins with words that go on with what was said before."""
    return _FURTHER.match(text, start, end) is not None


def quote_depth(text: str, start: int) -> int:
    """How many marks of quotation a line begins with."""
    marks = _MARKS.match(text, start)
    return marks[0].count(">") if marks else 0
