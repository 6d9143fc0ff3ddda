"""Titles of texts."""

from __future__ import annotations

import re

_HEAD = 65536
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*\r?$", re.MULTILINE)
_FENCED = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*)$|^([^\s#>|+*-].*)\n(?:=+|-{3,})[ \t]*\r?$", re.MULTILINE)
_CLOSING = re.compile(r"(?<=[ \t])#+$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def markdown_title(text: str) -> str:
    """The title in the front matter, else the first heading, without markup; empty if there is neither."""
    head = text[:_HEAD]
    front = _FRONT_MATTER.match(head)
    if front:
        if title := _FRONT_TITLE.search(front[1]):
            return one_line(title[1].strip("\"'"))
        head = head[front.end() :]
    heading = _HEADING.search(_FENCED.sub("", head))
    if not heading:
        return ""
    words = _CLOSING.sub("", one_line(heading[1] or heading[2] or ""))
    return _LINK.sub(r"\1", words).strip("*_` ")


def one_line(title: str) -> str:
    """A title with single spaces, of at most 300 characters."""
    return " ".join(title[:2000].split())[:300]
