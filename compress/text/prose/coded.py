"""Names in code that stand alone in Markdown above what is said of them, as references of interfaces have them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from ctxpipe.compress.text.prose.heading import Heading

_NAME = re.compile(r"(?:(?<=\n\n)|\A)`([^`\s]{2,80})`:?[ \t]*$(?=\n\n)", re.MULTILINE)
_FEWEST = 2
_BEFORE = 80
"""Characters before a name in which a colon says that it is an example of something."""


def code_titles(text: str, level: int) -> Iterator[Heading]:
    """Paragraphs that are one name in code, if there are several with something below each.

    Args:
        text: A text of Markdown.
        level: Level of the headings.
    """
    if "\n\n`" not in text:  # quicker than the pattern
        return
    found = [
        m for m in _NAME.finditer(text) if not text[max(0, m.start() - _BEFORE) : m.start()].rstrip().endswith(":")
    ]
    if len(found) < _FEWEST or not all(text[a.end() : b.start()].strip() for a, b in itertools.pairwise(found)):
        return
    for match in found:
        yield Heading(match.start(), match.end(1) + 1, level, match[1])
