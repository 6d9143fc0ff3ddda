"""Where kept characters of the sources stand in the text that was made of them."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

LETTER = re.compile(r"[^\W_]")


@dataclass(slots=True)
class PlacedText:
    """Kept text, with the place of every kept character.

    Attributes:
        text: The kept text.
        frames: Ranges of it that are no source: labels, marks, repeated chains; ascending, end exclusive.
        offsets, places: For each document, the offsets of its kept characters that are no white space, ascending, and
            where each stands in ``text``.
    """

    text: str
    frames: list[tuple[int, int]] = field(default_factory=list)
    offsets: dict[int, list[int]] = field(default_factory=dict)
    places: dict[int, list[int]] = field(default_factory=dict)

    def place(self, document: int, offset: int) -> int | None:
        """Where the first kept character at or behind ``offset`` of a document stands; None if there is none."""
        offsets = self.offsets.get(document, [])
        index = bisect.bisect_left(offsets, offset)
        return self.places[document][index] if index < len(offsets) else None

    def kept(self, document: int, start: int, end: int) -> list[int]:
        """The offsets in a range of a document that were kept, white space left out."""
        offsets = self.offsets.get(document, [])
        return offsets[bisect.bisect_left(offsets, start) : bisect.bisect_left(offsets, end)]

    def letters(self, document: int, text: str, start: int, end: int) -> list[int]:
        """Those of them that are letters or digits of the document's text."""
        return [offset for offset in self.kept(document, start, end) if LETTER.match(text, offset)]


def letters_in(text: str, start: int, end: int) -> int:
    """How many letters and digits a stretch of text has."""
    return sum(1 for _ in LETTER.finditer(text, start, end))


def placed(
    texts: Sequence[str],
    text: str,
    spans: Iterable[tuple[int, int, int]],
    frames: Sequence[tuple[int, int]] = (),
) -> PlacedText:
    """Find every span in the kept text.

    Without white space and frames the kept text is the concatenation of its spans. Where no frames are known, what
    stands between two spans counts as frames, a line each.

    Args:
        texts: The documents' texts.
        text: The kept text.
        spans: Kept stretches as (document, start, end), in the order of the text.
        frames: Ranges of the kept text that are no source.
    """
    result = PlacedText(text)
    framed = {place for start, end in frames for place in range(start, end)}
    solid = [place for place, character in enumerate(text) if not character.isspace() and place not in framed]
    bare = "".join(text[place] for place in solid)
    at = 0
    taken: set[int] = set()
    for document, start, end in spans:
        offsets = [offset for offset in range(start, end) if not texts[document][offset].isspace()]
        said = "".join(texts[document][offset] for offset in offsets)
        begin = bare.find(said, at)
        if begin < 0:  # no concatenation of its spans; what can be told of it begins behind what was found
            continue
        at = begin + len(said)
        result.offsets.setdefault(document, []).extend(offsets)
        result.places.setdefault(document, []).extend(solid[begin:at])
        taken.update(range(begin, at))
    strangers = [place for i, place in enumerate(solid) if i not in taken]
    result.frames = sorted(frames) or _lines(text, strangers)
    return result


def _lines(text: str, places: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges of places with nothing but spaces between them."""
    spans: list[tuple[int, int]] = []
    for place in places:
        if spans and text[spans[-1][1] : place].strip(" \t") == "":
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    return spans
