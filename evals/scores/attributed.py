"""Whether a kept text gives a value to the name that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import regex

from ctxpipe.evals.types import Twin

_BETWEEN = regex.compile(r"[\s_-]+")


def attributed(text: str, twins: Sequence[Twin]) -> float:
    """1 when the text has the right value, under the right names and under no other's, else 0.

    The rule, for the first of the twins, which is the one asked for:

    - The value stands in the text at least once, as a whole word: ``640`` is not found in ``1640``, ``640.5`` or
      ``12:640``, and white space inside a value may be a line break.
    - Each place where it stands is looked at for itself. On each level of names (the cities; the seasons) the nearest
      name *above* it is the one that ends last before the value begins, in a label, a heading, the same row or
      anywhere else in the text. All names of that level that any twin has are looked for, as whole words, in any case,
      with hyphens or underscores for spaces (file names have them); of names that overlap, the longer one counts.
    - A place is right when the nearest name of every level is the value's own, wrong when the nearest name of some
      level is another's, and open when a level has no name above it.
    - The score is 1 when at least one place is right and none is wrong.

    So a value that is said twice counts when it is under its name at least once and never under another's.

    Args:
        text: The context as a reader gets it, labels included.
        twins: Values and what they stand under, the one asked for first.

    Raises:
        ValueError: if there are no twins.
    """
    if not twins:
        raise ValueError("there are no twins to tell apart")
    asked = twins[0]
    places = [match.start() for match in _value(asked.value).finditer(text)]
    if not places:
        return 0.0
    levels = [_nearest(text, tuple({twin.names[i] for twin in twins}), places) for i in range(len(asked.names))]
    wanted = [_folded(name) for name in asked.names]
    columns = [[level[i] for level in levels] for i in range(len(places))]
    wrong = any(name is not None and name != own for names in columns for name, own in zip(names, wanted, strict=True))
    return float(not wrong and wanted in columns)


def _nearest(text: str, names: tuple[str, ...], places: Sequence[int]) -> list[str | None]:
    """The name that ends last before each place, in small letters; places ascend."""
    nearest: list[str | None] = []
    last: str | None = None
    at = 0
    for match in _names(tuple(sorted(names))).finditer(text):
        while at < len(places) and places[at] < match.end():
            nearest.append(last)
            at += 1
        last = _folded(match.group())
    return nearest + [last] * (len(places) - at)


def _folded(name: str) -> str:
    return _BETWEEN.sub(" ", name.casefold())


@lru_cache(maxsize=256)
def _value(value: str) -> regex.Pattern[str]:
    words = r"\s+".join(map(regex.escape, value.split()))
    return regex.compile(rf"(?<![^\W_])(?<!\d[.,:])(?:{words})(?![^\W_])(?![.,:]\d)")


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> regex.Pattern[str]:
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    # A file may be called report_saint-malo.txt: underscores and hyphens separate words as spaces do.
    listed = "|".join(r"[\s_-]+".join(map(regex.escape, _BETWEEN.split(name))) for name in longest_first)
    return regex.compile(rf"(?<![^\W_])(?:{listed})(?![^\W_])", regex.IGNORECASE)
