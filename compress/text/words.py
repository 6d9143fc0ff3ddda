"""The smallest pieces of text that can be removed without changing the meaning of their neighbours."""

from __future__ import annotations

from typing import NamedTuple

import regex

from ctxpipe.compress.text.sentences import safe_cut, trim

LONGEST = 48
"""Most characters of a piece without whitespace that is nothing in particular; a longer one is cut at graphemes."""
LONGEST_NAME = 160
"""Most characters of an identifier, number or negation; a longer one is cut. Addresses and inline code never are."""
PIECE = 16
"""Characters of what a long piece is cut into."""

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_UNIT = (
    r"%|‰|°\s?[CFK]?|percent(?:age)?|per\s?cent|thousand|million|billion|trillion|dozen|hundred"
    r"|(?:[kKMGTPµumcnd]i?)?(?:[bB]|[gmsWVAJNLl]|Hz|Pa|bps|ha|eV|cal)"
    r"|(?:kilo|centi|milli)?met(?:re|er)s?|km/h|mph|[kc]?m[²³]"
    r"|inch(?:es)?|feet|foot|ft|yards?|miles?|acres?|(?:kilo)?grams?|pounds?|lbs?|oz|ounces?|tons?|tonnes?|lit(?:re|er)s?"
    r"|seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|century|centuries|dollars?|euros?|cents?|tokens?"
    r"|bytes?|bits?|USD|EUR|GBP|JPY|CNY|BC|AD|BCE|CE|am|pm|a\.m\.|p\.m\."
)
_NUMBER = (
    rf"(?:[~≈<>≤≥±]\s?)?[-+−–(]?[\p{{Sc}}]?\s?[-+−]?\d(?:[\d,.:/'’]*\d)?(?:(?:st|nd|rd|th)\b)?"
    rf"(?:[-\s]?(?:{_UNIT})(?![\p{{L}}\p{{N}}_]))?[^\s\p{{L}}\p{{N}}{UNSPACED}]*"
)
_NEGATION = (
    r"(?:not|no|never|without|neither|nor|none|cannot|hardly|barely|nobody|nothing|unless|except"
    r"|\p{L}+n['’]t|nicht|kein\w*|ne|pas|sin|nunca)"
)
_SMALL_WORD = r"(?:[ \t]+(?:a|an|the|any|be|been|to)(?![\p{L}]))"
_ADDRESS = r"""(?:(?:https?://|ftp://|www\.)[^\s<>"'）」]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"""
_WORD = regex.compile(
    rf"""
      (?P<address>{_ADDRESS}[^\s\p{{L}}\p{{N}}{UNSPACED}]*)
    | (?P<code>`[^`\s][^`\n]{{0,78}}`\S*)
    | (?P<negation>(?<![\p{{L}}\p{{N}}]){_NEGATION}{_SMALL_WORD}?[ \t]+[^\s{UNSPACED}]+)
    | (?P<number>(?<![\p{{L}}\p{{N}}_.])(?!\s){_NUMBER}(?=\s|$|[{UNSPACED}]))
    | (?P<unspaced>[{UNSPACED}]\p{{M}}*(?:[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20])*)
    | (?P<word>[^\s{UNSPACED}]+)
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
_IDENTIFIER = regex.compile(
    r"\p{L}[\p{L}\p{N}]*(?:_[\p{L}\p{N}]+)+|_+\p{L}\w*|\p{Ll}+\p{Lu}\w*|(?:\p{Lu}\p{Ll}+){2,}|\p{L}\w*(?:(?:\.|::|->)\p{L}\w*)+"
    r"|\p{Lu}[\p{Lu}\p{N}]+|\S*\d\S*|--?\p{L}[\w-]+|(?:/[\w.-]+){2,}"
)
_HOLDS_ADDRESS = regex.compile(_ADDRESS, regex.IGNORECASE)
_EDGE = "\"'“”‘’()[]{},.;:!?"


class Word(NamedTuple):
    """A piece of running text.

    ``joined`` is True when it goes on with the letters or digits of the piece before it, and says nothing alone.
    """

    start: int
    end: int
    protected: bool
    joined: bool


def words(text: str, start: int, end: int, *, piece: int = PIECE) -> list[Word]:
    """Cut ``text[start:end]`` into pieces that may be removed.

    Numbers with sign and unit, negations with what they negate, addresses, inline code and identifiers stay whole;
    scripts without spaces are cut by character.

    Args:
        text: The text.
        start, end: Range of it.
        piece: Characters of what a stretch without whitespace is cut into when it is too long to stay whole.

    Returns:
        Pieces that hold every non-whitespace character of the range, ascending and disjoint.
    """
    pieces: list[Word] = []
    for match in _WORD.finditer(text, start, end):
        left, right = match.span()
        group = match.lastgroup
        if group == "word" and _HOLDS_ADDRESS.search(text, left, right):
            group = "address"  # in brackets or quotes
        protected = group in ("address", "code", "negation", "number") or (
            group == "word" and _IDENTIFIER.fullmatch(match.group().strip(_EDGE)) is not None
        )
        longest = LONGEST_NAME if protected else LONGEST
        if right - left > longest and group not in ("address", "code"):
            _cut(pieces, text, left, right, piece)
        else:
            pieces.append(Word(left, right, protected, _goes_on(text, pieces, left)))
    return pieces


def _goes_on(text: str, pieces: list[Word], at: int) -> bool:
    return bool(pieces) and pieces[-1].end == at and text[at].isalnum() and text[at - 1].isalnum()


def _cut(pieces: list[Word], text: str, left: int, right: int, size: int) -> None:
    while left < right:
        cut = right if right - left <= size else min(right, safe_cut(text, left + size, left))
        begin, stop = trim(text, left, cut)
        if stop > begin:
            pieces.append(Word(begin, stop, False, _goes_on(text, pieces, begin)))
        left = cut
