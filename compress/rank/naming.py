"""Headings as texts name them: without case, punctuation and what stands in brackets."""

from __future__ import annotations

import re

_SHORTEST = 4
"""Characters of a heading that can be looked for; shorter ones stand in any text."""
_ASIDE = re.compile(r"\([^)]*\)")
_NO_WORD = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """A text's words in lower case, with one space before and after each."""
    return f" {_NO_WORD.sub(' ', text.lower()).strip()} "


def name_of(heading: str) -> str:
    """A heading as it is looked for in a plain text; empty when it is so short that chance would find it."""
    name = plain(_ASIDE.sub(" ", heading))
    return name if len(name) - 2 >= _SHORTEST else ""
