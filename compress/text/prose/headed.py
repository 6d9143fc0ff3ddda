"""First lines of paragraphs that are titles or questions, without which what stands below them says too much."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from ctxpipe.compress.text.abbreviations import is_abbreviated
from ctxpipe.compress.text.sentences import sentences

_TITLE = regex.compile(r"[\p{Lu}\p{Lo}\p{N}](?:[^\n]{0,58}[^\s.!?,;:…。！？，；：、|-])?")
_BEGINS = regex.compile(r"[\"'“„«¿¡(]{0,2}[\p{Lu}\p{Lo}\p{N}]")
_STOPPED = regex.compile(r"[.!?…。！？][\"'”»)*_]{0,3}\Z")
_OPEN = regex.compile(r" \p{Ll}{1,4}\Z")
"""A short last word in small letters ("with", "the"), after which a sentence goes on."""
_WORD = regex.compile(r"[\p{L}\p{N}]")
_LABEL = regex.compile(
    r"[*_]{0,2}(?:(?i:Abstract|Summary|Background|Objectives?|Aims?|Methods?|Results|Conclusions?|Introduction|Keywords"
    r"|Zusammenfassung|Résumé|Resumen|Resumo)"
    r"|(?i:Theorem|Lemma|Proposition|Corollary|Definition|Example|Remark|Exercise|Proof|Claim|Note|Case|Rule|Step"
    r"|Question|Problem|Satz|Beispiel|Aufgabe|Théorème|Définition|Exemple|Exercice|Teorema|Definición|Ejemplo)"
    r"(?:[ ]\d[\d.]{0,8})?"
    r"|FIRST|SECOND|THIRD|FOURTH|FIFTH|SIXTH|SEVENTH|EIGHTH|NINTH|TENTH|ELEVENTH|TWELFTH|LASTLY)"
    r"\.[*_]{0,2}[ ]+(?=[\"“(]?[\p{Lu}\p{N}])"
)
"""A word that says what a paragraph is, and a stop, with which no sentence ends."""
_RUN_IN = regex.compile(
    r"(?:[*_]{2}[\p{Lu}\p{N}][^\n*_]{0,58}(?::[*_]{2}|[*_]{2}:)|\p{Lu}[^\n.:;!?,\"“”]{0,38}:)"
    r"[ ]+(?=[\"“(]?[\p{Lu}\p{N}])"
)
"""A label with a colon that the sentences of a paragraph are about."""
_TERM = regex.compile(
    r"[*_]{0,2}(?!(?:An?|Th(?:e|is|at|ese|ose|ere|en)|He|She|It|I|We|You|They|No|Yes|But|And|So|Not|My|His|Her|Our)\b)"
    r"\p{Lu}[\p{L}\p{N}'’/-]*(?:[ ][\p{L}\p{N}'’/()-]+){0,3}\.[*_]{0,2}[ ]+(?=\p{Lu}\S*[ ]\S)"
)
"""The word that a paragraph explains, and a stop."""
_FEWEST_TERMS, _TERMS = 3, 0.5
"""Paragraphs that begin with one, and their share, from which on a text is a glossary."""
_NARROW = 0.85
"""Share of a paragraph's width that its title stays below."""
_LONGEST_HEAD = 3
_QUOTES = "\"'“”„‟‘’‚«»‹›「『"
_NEAREST = 160
"""Characters up to which a question at the head of a paragraph is what the rest of it answers."""


def is_titled(lines: list[str]) -> bool:
    """Whether the first line of a paragraph is its title: short, without a stop, above whole sentences.

    Args:
        lines: Lines of a paragraph, stripped.
    """
    if len(lines) < 2 or not _TITLE.fullmatch(lines[0]) or _OPEN.search(lines[0]) or not _BEGINS.match(lines[1]):
        return False
    width = _NARROW * max(map(len, lines))
    # The line below fills the width, or ends a sentence: lines of a poem or an address do neither.
    below = len(lines[1]) >= width or _STOPPED.search(lines[1])
    fills = len(lines[0]) + 1 + len(lines[1].split(None, 1)[0])
    return bool(fills < width and below and _STOPPED.search(lines[-1]))


def is_title(line: str) -> bool:
    """Whether a line may be a title: short, and without a stop."""
    return _TITLE.fullmatch(line) is not None


def begins_anew(line: str) -> bool:
    """Whether a line begins as a sentence or a title does: with a capital or a number."""
    return _BEGINS.match(line) is not None


def is_stopped_line(line: str) -> bool:
    """Whether a line ends a sentence."""
    return _STOPPED.search(line) is not None


def is_report_head(lines: list[str]) -> bool:
    """Whether lines right above a table are its title and one or two that end a sentence below it."""
    if not 1 < len(lines) <= _LONGEST_HEAD or not is_title(lines[0]):
        return False
    return _STOPPED.search(lines[-1]) is not None and all(map(_BEGINS.match, lines[1:]))


def lead(lines: list[str]) -> int:
    """The line from which on what stands right above a list announces it; -1 where that is a rule, or ends with a stop.

    Args:
        lines: Lines of a paragraph, stripped.
    """
    if _STOPPED.search(lines[-1]) or not _WORD.search(lines[-1]):
        return -1
    first = len(lines) - 1
    while first and not (_BEGINS.match(lines[first]) and _ended(lines[first - 1])):
        first -= 1
    return first


def _ended(line: str) -> bool:
    """Whether the next line begins anew: a title, or the end of a sentence."""
    return is_title(line) or _STOPPED.search(line) is not None


def after_label(text: str, start: int, end: int) -> int:
    """Where a paragraph goes on behind the words that say what it is (``Abstract.``, ``Antacids:``), or -1."""
    label = _LABEL.match(text, start, end)
    if label is None and (label := _RUN_IN.match(text, start, end)) and len(sentences(text, label.end(), end)) < 2:
        return -1
    return label.end() if label else -1


def questions(lines: Sequence[str]) -> list[int]:
    """The lines that are questions, each above its answer; empty if there are fewer than two, or if lines are wrapped.

    Args:
        lines: Lines of a paragraph, stripped.
    """
    if len(lines) < 4 or lines[0][-1] not in "?？":
        return []
    asked = [index for index, line in enumerate(lines) if line[-1] in "?？"]
    begins = all(_BEGINS.match(lines[index]) and (not index or is_stopped_line(lines[index - 1])) for index in asked)
    answered = all(after - before > 1 for before, after in zip(asked, [*asked[1:], len(lines)], strict=True))
    return asked if len(asked) > 1 and begins and answered else []


def is_glossary(beginnings: Sequence[str]) -> bool:
    """Whether most paragraphs of a text begin with the word that they explain, each with another one.

    Args:
        beginnings: The beginning of each paragraph.
    """
    found = {words[:end] for words in beginnings if ". " in words and (end := after_term(words, 0, len(words))) > 0}
    return len(found) >= _FEWEST_TERMS and len(found) >= _TERMS * len(beginnings)


def after_term(text: str, start: int, end: int) -> int:
    """Where a paragraph of a glossary goes on behind the word that it explains, or -1."""
    term = _TERM.match(text, start, end)
    if term is None or is_abbreviated(text, start, len(term[0].rstrip("*_ ")) + start, term.end()):
        return -1
    return term.end()


def after_question(text: str, start: int, end: int) -> int:
    """Where the answer to the question begins that a paragraph begins with; -1 where it begins with none.

    What somebody is quoted to ask is no such question: in a story the rest of the paragraph tells what happens then.
    """
    if text[start] in _QUOTES:
        return -1
    near = min(end, start + _NEAREST)
    mark = text.find("?", start, near)
    if mark < 0 and (mark := text.find("？", start, near)) < 0:
        return -1
    first = sentences(text, start, min(end, mark + 200))
    if len(first) < 2 or not first[0][0] <= mark < first[0][1]:
        return -1
    return first[1][0]
