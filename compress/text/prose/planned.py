"""Plans of Terraform: each resource with what is said of it above it, and what changes in it below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.prose.lines import LinePattern
from ctxpipe.compress.text.prose.units import moved
from ctxpipe.compress.text.unit import Unit

_SAID = LinePattern(
    re.compile(
        r"^ {0,4}# (?P<title>\S{1,300} (?:\(deposed object \w+\) )?(?:will|must|has|is|was) [^\n]{1,200}\n)"
        r"(?: {0,4}# \([^\n]*\n){0,4}(?= {0,4}(?:(?:[-+~]|-/\+|\+/-|<=) +)?(?:resource|data) \")",
        re.MULTILINE,
    ),
    " {0,4}# ",
)
_SIGN = re.compile(r"^ *(?:-/\+|\+/-|<=|[-+~])(?= )", re.MULTILINE)
"""What happens to a thing; lines without one are indented as if they had it."""
_CLOSING = re.compile(r"\n {0,4}\}[ \t]*(?:#[^\n]*)?(?=\n|\Z)")


class Planned(NamedTuple):
    """A resource in a plan: where what is said of it begins, where that ends, where its block ends, and the title."""

    start: int
    said: int
    end: int
    title: str

    def units(self, text: str, parent: int) -> list[Unit]:
        """What is said of the resource, and the lines of its block under it."""
        head = Unit(self.start, self.said, "item", parent, title=self.title)
        begin = text.index("\n", self.said) + 1
        bare = _SIGN.sub(lambda sign: " " * len(sign[0]), text[begin : self.end])
        return [head, *(moved(unit, begin, self.start) for unit in code_units(bare))]


def planned(text: str) -> Iterator[Planned]:
    """The resources of a plan that a text shows, in order."""
    for match in _SAID.finditer(text):
        closing = _CLOSING.search(text, match.end())
        if closing is None:
            return
        begin = text.index("#", match.start())
        said = match.end() - len(match[0]) + len(match[0].rstrip())
        yield Planned(begin, said, closing.end(), " ".join(match["title"].split()))
