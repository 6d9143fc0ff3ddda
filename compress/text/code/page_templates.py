"""Conditions and loops of page templates: Jinja and its kin, Svelte, Angular, PHP between markup."""

from __future__ import annotations

import re

_JINJA = re.compile(
    r"[ \t]*\{%[-+~]?[ \t]*(?:(?P<turns>elif|elsif|elseif|else|empty)|(?P<ends>end(?P<of>\w+))|(?P<opens>\w+))\b"
    r"(?:[^%]|%(?!\})){0,400}%\}[ \t]*$",
    re.MULTILINE,
)
_SVELTE = re.compile(
    r"[ \t]*\{(?:(?P<turns>:\w+)|(?P<ends>/(?P<of>\w+))|#(?P<opens>if|each|await|key|snippet)\b)[^\n]*\}[ \t]*$",
    re.MULTILINE,
)
_ANGULAR = re.compile(
    r"[ \t]*(?:(?P<turns>\}[ \t]*@(?:else|empty|placeholder|loading|error)\b[^\n{}]*\{)"
    r"|@(?P<opens>if|for|switch|case|default|defer)\b[^\n{}]*\{|(?P<ends>\}))[ \t]*$",
    re.MULTILINE,
)
_PHP = re.compile(
    r"[ \t]*<\?(?:php)?\s+(?:(?P<turns>\}?\s*else(?:if)?\b(?:[^?]|\?(?!>))*[:{])"
    r"|(?P<ends>end(?P<of>if|foreach|for|while|switch)\s*;?|\}(?:\s*//[^\n?]*)?)"
    r"|(?P<opens>if|foreach|for|while|switch)\b(?:[^?]|\?(?!>))*[:{])\s*\?>[ \t]*$",
    re.MULTILINE,
)
PAGE_CONDITIONS = (_JINJA, _SVELTE, _ANGULAR, _PHP)
"""What matches a line that begins, changes or ends a condition, with the groups that ``with_conditions`` looks for."""
_LINE = re.compile(r"^[ \t]*(?:\{%(?:[^%\n]|%(?!\}))*%\}|\{[#:/]\w[^\n]*\})[ \t]*$", re.MULTILINE)
_ANGULAR_LINE = re.compile(r"^[ \t]*(?:\}?[ \t]*@[a-z]+\b[^\n{}]*\{|\})[ \t]*$", re.MULTILINE)
_SHOWN = re.compile(r"<(pre|code|textarea|script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.I | re.S)
_SIGNS = (
    (
        re.compile(r"^[ \t]*\{%-?[ \t]*(?:if|for|block|with)\b[^\n{}]*%\}[ \t]*$", re.MULTILINE),
        re.compile(r"^[ \t]*\{%-?[ \t]*end(?:if|for|block|with)\b[^\n{}]*%\}[ \t]*$", re.MULTILINE),
    ),
    (
        re.compile(r"^[ \t]*@(?:if|for|switch|defer)[ \t]*\([^\n{}]*\)[ \t]*\{[ \t]*$", re.MULTILINE),
        re.compile(r"^[ \t]*\}[ \t]*(?:$|@else\b)", re.MULTILINE),
    ),
)
_ISLAND = re.compile(r"<\?(?:php\b|(?==)|\s).*?(?:\?>|\Z)", re.DOTALL)
_STRING = re.compile(r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"|(?://|#)[^\n]*|/\*.*?\*/", re.DOTALL)


def is_page_template(markup: str) -> bool:
    """Whether a page of HTML is the source of pages: conditions or loops stand in lines of their own between its tags.

    Those that a page shows as an example (``<pre>``) do not count.
    """
    if "{%" not in markup and "@" not in markup:
        return False
    bare = _SHOWN.sub("", markup)
    return any(begins.search(bare) and ends.search(bare) for begins, ends in _SIGNS)


def control_lines(text: str) -> re.Pattern[str]:
    """What matches a line of a page that may begin, change or end a condition, other than PHP's."""
    return _ANGULAR_LINE if _SIGNS[1][0].search(text) else _LINE


def is_php_template(text: str) -> bool:
    """Whether PHP is markup with conditions in it: no part of its code halves a block but these."""
    found = False
    for island in _ISLAND.finditer(text):
        if _PHP.fullmatch(island[0]):
            found = True
        elif "{" in island[0] or "}" in island[0]:
            bare = _STRING.sub("", island[0])
            if bare.count("{") != bare.count("}"):
                return False
    return found
