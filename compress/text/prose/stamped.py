"""Lines that say who speaks and when, above what is said."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPEAKER = re.compile(
    r"\[\d[^\]\n]{4,24}\d(?:[ ]?[AaPp]\.?[Mm]\.?)?\][ \t]+[\w.~+-][^\n.:!?]{0,40}"
    r"|(?:\[(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[ ]?[AaPp]\.?[Mm]\.?)?\]|\d{1,2}:\d{2}:\d{2})[ \t]+"
    r"[A-ZÀ-ÞΑ-ΩА-Я][\w.'’-]*(?:[ ][A-ZÀ-ÞΑ-ΩА-Я][\w.'’-]*){0,3}"
    r"|[^\n]{1,60}?[ \t(\[]+(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d+)?(?:[ \t]?[AaPp]\.?[Mm]\.?)?[)\]]?[ \t]*$"
)
_DAY = re.compile(
    r"[-–—= ]*(?:Today|Yesterday|Heute|Gestern|Hier|Aujourd.hui|Hoy|Ayer|Oggi|Ieri"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day[^\n]{0,20}|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?[ ]\d{1,2}(?:st|nd|rd|th)?(?:,?[ ]\d{4})?)"
    r"[-–—= ]*"
)
_FEWEST, _SHARE = 3, 0.3
"""Such lines, and the share of the paragraphs that begin with one, from which on a text is a conversation."""


def is_stamped(line: str) -> bool:
    """Whether a line says who speaks and when, and nothing else."""
    may = ":" in line and (line[0] in "[0123456789" or line.rstrip()[-1] in "0123456789mM.)]")
    return may and _SPEAKER.fullmatch(line) is not None


def is_day(line: str) -> bool:
    """Whether a line stands between the days of a conversation."""
    return _DAY.fullmatch(line) is not None


def are_stamped(beginnings: Sequence[str]) -> bool:
    """Whether a text is a conversation whose turns begin with such lines.

    Args:
        beginnings: The first line of each paragraph.
    """
    stamped = sum(map(is_stamped, beginnings))
    return stamped >= _FEWEST and stamped >= _SHARE * len(beginnings)
