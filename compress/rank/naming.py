"""Finds headings in texts, ignoring case, punctuation and text in brackets."""

from __future__ import annotations

import re

_SHORTEST = 4
"""Least length of a heading in characters; shorter ones occur in any text."""
_ASIDE = re.compile(r"\([^)]*\)")
_NO_WORD = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """A text's words in lower case, with one space before and after each."""
    return f" {_NO_WORD.sub(' ', text.lower()).strip()} "


def name_of(heading: str) -> str:
    """A heading as it is searched in a plain text; empty if it is too short."""
    name = plain(_ASIDE.sub(" ", heading))
    return name if len(name) - 2 >= _SHORTEST else ""
