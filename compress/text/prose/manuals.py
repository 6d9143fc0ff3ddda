"""Tagged paragraphs of manual pages in their markup (roff)."""

from __future__ import annotations

import abc
import itertools
import re
from collections.abc import Sequence

from ctxpipe.compress.text.prose.region import Lines
from ctxpipe.compress.text.prose.statements import Statements

_ROFF_ITEM = re.compile(r"\.(?:TP|IP|It|HP)\b")
_ROFF_PARAGRAPH = re.compile(r"\.(?:TP|IP|It|HP|PP|LP|P)\b")


def _is_roff_item(words: Sequence[str]) -> bool:
    """Whether a paragraph of a manual page is tagged; DocBook writes its tag as a line above an indented part."""
    return _ROFF_ITEM.match(words[0]) is not None or any(line.startswith(".RS") for line in words[2:])


class ManualPages(Statements, abc.ABC):
    """Writes paragraphs of manual pages."""

    def roff(self, lines: Lines) -> bool:
        """Tagged paragraphs of a manual page in its markup, each one item, between others."""
        words = lines.words
        at = [index for index, line in enumerate(words) if line[0] == "." and _ROFF_PARAGRAPH.match(line)]
        if not any(_is_roff_item(words[index : index + 4]) for index in at):
            return False
        if at[0]:
            self.running(lines.start, lines.spans[at[0] - 1][1], lines.spans[: at[0]])
        for first, stop in itertools.pairwise([*at, len(lines.words)]):
            start, end = lines.spans[first][0], lines.spans[stop - 1][1]
            if _is_roff_item(words[first : min(first + 4, stop)]):
                self.add(start, end, self.whole_or_sentences(start, end, "item", self.parent))
            else:
                self.running(start, end, lines.spans[first:stop])
        return True
