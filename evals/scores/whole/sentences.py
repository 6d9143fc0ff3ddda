"""Sentences in running text whose lines have been joined."""

from __future__ import annotations

import regex

_END = regex.compile(
    r"""
      [.!?…]+["'”’»)\]*_`]*                  # a stop and what closes behind it,
      (?=\s+(?![\p{Ll},;:)\]]))              # then no small letter and no punctuation that goes on
    | [。！？｡]+["”’」』）]*(?=\S)            # a stop of a script without spaces
    """,
    regex.VERBOSE,
)
_ABBREVIATION = regex.compile(r"(?i:(?<![^\W_])(?:mr|mrs|ms|dr|prof|vs|cf|viz|approx|e\.g|i\.e)\.)$")
_BEFORE_NUMBERS = regex.compile(r"(?i:(?<![^\W_])(?:nos?|vols?|figs?|eqs?|sec|ch|chap|pp?|al|ca|ver|art)\.)$")
_INITIAL = regex.compile(r"(?:(?<=\p{Lu}[\p{L}.'’-]{0,30}\s)|(?<=[(\[]))\p{Lu}\.$")
_LETTER = regex.compile(r"(?<![^\W_])\p{Lu}\.(?:$|\s)")
_BACK = 48


def sentence_ends(text: str) -> list[int]:
    """Offsets behind the stops at which a reader would take a sentence for finished, ascending.

    Not behind an abbreviation, an initial in a name, or a number that begins the line, as in a list. An abbreviation
    that may end a sentence as well (``Ltd.``, ``etc.``) counts as an end: to cut there is no fault that can be shown.
    """
    ends = []
    for match in _END.finditer(text):
        end = match.end()
        before = text[max(0, match.start() + 1 - _BACK) : match.start() + 1]
        if match.group()[0] == "." and _goes_on(before, text[end : end + 8].lstrip()):
            continue
        ends.append(end)
    return ends


def _goes_on(before: str, after: str) -> bool:
    if _BEFORE_NUMBERS.search(before):
        return after[:1].isdigit() or after[:1] in "(["
    if _LETTER.search(before) and _LETTER.match(after):
        return True
    return bool(_ABBREVIATION.search(before) or _INITIAL.search(before)) or before.strip(" .").isdigit()


def finished(line: str) -> bool:
    """Whether a line ends as a sentence or an introduction does, so that nothing need go on behind it."""
    bare = line.rstrip().rstrip("\"'”’»)]*_`}")
    if not bare or bare[-1] in "!?…。！？:：":
        return True
    return bare[-1] == "." and not _ABBREVIATION.search(bare[-_BACK:]) and not _INITIAL.search(bare[-_BACK:])
