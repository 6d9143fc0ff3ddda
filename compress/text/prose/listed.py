"""Lines between the items of a list that are no part of them: the title of the next list, or what is said of them."""

from __future__ import annotations

from collections.abc import Sequence

from ctxpipe.compress.text.prose.headed import begins_anew, is_stopped_line, is_title
from ctxpipe.compress.text.prose.interrupted import goes_on
from ctxpipe.compress.text.prose.spoken import has_key


def after_items(
    lines: Sequence[str], indents: Sequence[int], items: Sequence[bool], *, interrupts: bool = False
) -> list[int]:
    """The lines that end a list without a blank line before them.

    Such a line is indented less than the items above it, or as much and is the title of the items below it, or a key
    with its value (the answer below the choices of an examination), or the rest of a sentence that the list interrupts.

    Args:
        lines: Lines of a block without blank lines, stripped.
        indents: Their indentation in columns.
        items: Which of them begin an item.
        interrupts: Whether the list stands inside a sentence.
    """
    width = max(indent + len(line) for indent, line in zip(indents, lines, strict=True))
    ends: list[int] = []
    item = -1
    for index, line in enumerate(lines):
        if items[index]:
            item = index
            continue
        rest = interrupts and goes_on(line)
        if item < 0 or indents[index] > indents[item] or not (rest or begins_anew(line)):
            continue
        before = lines[index - 1]
        # A line that was wrapped fills the width.
        filled = indents[index - 1] + len(before) + 1 + len(line.split(None, 1)[0]) >= width
        titles = index + 1 < len(lines) and items[index + 1] and (line.endswith(":") or is_title(line))
        ended = is_stopped_line(before) or not filled
        is_less = indents[index] < indents[item]
        if (is_less and (titles or ended or rest)) or (ended and (titles or rest or has_key(line))):
            ends.append(index)
            item = -1
    return ends
