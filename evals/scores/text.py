"""Normalised words of a text, because pruned text and answers never match letter by letter."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import regex

_SCRIPTS_WITHOUT_SPACES = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(
    rf"""(?V1)
    [{_SCRIPTS_WITHOUT_SPACES}]\p{{M}}*            # one character a word
    | [[\p{{L}}\p{{N}}\p{{M}}]--[{_SCRIPTS_WITHOUT_SPACES}]]+
      (?:(?<=\p{{N}})\.(?=\p{{N}})[\p{{L}}\p{{N}}]+)*  # 1.5 and 3.10.2 stay whole
    """,
    regex.VERBOSE,
)
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POSSESSIVE = regex.compile(r"(?<=\p{L})['’]s\b")
_APOSTROPHE = regex.compile(r"(?<=\p{L})['’](?=\p{L})")
_ACRONYM = regex.compile(r"(?<![\p{L}\p{N}])(?:\p{L}\.){2,}")
_ARTICLES = frozenset({"a", "an", "the"})


def words(text: str, *, articles: bool = False) -> list[str]:
    """Lower-case words without punctuation and articles.

    SQuAD's normalisation (Rajpurkar et al. 2016, evaluate-v1.1.py), extended for numbers and other scripts:
    punctuation separates words instead of being deleted, except in 3,677, 1.5, U.S. and don't; a possessive 's is
    dropped; compatibility forms (full-width digits) are folded; a script without spaces gives one word a character.

    Args:
        text: Any text.
        articles: Keep English articles.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = _ACRONYM.sub(lambda match: match[0].replace(".", ""), _THOUSANDS.sub("", folded))
    folded = _APOSTROPHE.sub("", _POSSESSIVE.sub("", folded))
    tokens = _WORD.findall(folded)
    return tokens if articles else [word for word in tokens if word not in _ARTICLES]


def contains(haystack: Sequence[str], needle: Sequence[str]) -> bool:
    """Whether one sequence of words occurs in another without gaps; an empty one never does."""
    return bool(needle) and f" {' '.join(needle)} " in f" {' '.join(haystack)} "


def contains_text(text: str, answer: str, *, among: Sequence[str] | None = None) -> bool:
    """Whether an answer occurs in a text at word boundaries.

    An answer without words after normalisation (``"The"``, ``"+"``) is searched literally.

    Args:
        text: The text to search.
        answer: The answer to find.
        among: The words of ``text``, if already known.
    """
    needle = words(answer)
    if not needle:
        return bool(answer.strip()) and answer.strip() in text
    return contains(words(text) if among is None else among, needle)
