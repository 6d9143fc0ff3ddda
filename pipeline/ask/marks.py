"""Numbers by which an answer cites excerpts: ``[3]``, ``[1, 3]``, ``[1][3]``, ``[1-3]`` and ``【3】``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import regex

from ctxpipe.compress.text.sentences import sentences

_LIST = r"\d{1,4}(?:\s*[-–—]\s*\d{1,4})?"
_NUMBERS = rf"(?:excerpts?\s+)?{_LIST}(?:\s*(?:[,;&]|and)\s*{_LIST})*"
_MARK = regex.compile(rf"\[\s*({_NUMBERS})\s*\]|【\s*({_NUMBERS})(?:†[^】\n]{{0,80}})?\s*】", regex.IGNORECASE)
_RANGE = regex.compile(r"(\d+)(?:\s*[-–—]\s*(\d+))?")
_CODE = regex.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", regex.DOTALL)
_LINK = regex.compile(r"\(|:\s*(?:<|/|\w+://)")
_ATTACHED = regex.compile(r"[\w)\]'\"`.]+$")
_WORD = regex.compile(r"\p{L}{3,}|.*[\p{N}\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}%]")
_ENDS_CLAUSE = regex.compile(r"(?:\s?\[[^\[\]\n]*\])*(?:[.,;:!?)](?![\w(])|[。，；：！？【]|\s*(?:$|\n))")
_BEFORE = 80
"""Characters before a number that are compared with the source."""
_LAST_WORD = regex.compile(r"\S+\s*$")


class Mark(NamedTuple):
    """A citation in an answer: its characters, and the numbers it names."""

    start: int
    end: int
    numbers: tuple[int, ...]


def marks(answer: str, source: str, most: int) -> list[Mark]:
    """The citations in an answer.

    Numbers in brackets are no citations in code, in Markdown links and as an array's index. They are none either if the
    source has the same words: the answer then quotes it.

    Args:
        answer: The answer.
        source: The text that the model read, without its numbers.
        most: The highest number there is; numbers above it, and 0, name nothing.

    Returns:
        The citations that name something, in order.
    """
    code = [match.span() for match in _CODE.finditer(answer)]
    said = " ".join(source.split()) if "[" in source or "【" in source else ""
    marked: list[Mark] = []
    last = -1
    for match in _MARK.finditer(answer):
        start, end = match.span()
        if any(a <= start < b for a, b in code) or not _cites(answer, start, end, last, said):
            continue
        last = end
        numbers = tuple(dict.fromkeys(_numbers(match[1] or match[2], most)))
        if numbers:
            marked.append(Mark(start, end, numbers))
    return marked


def statements(answer: str, marked: list[Mark]) -> list[tuple[str, tuple[int, ...]]]:
    """The sentences of an answer without its marks, each with the numbers that it carries.

    A mark belongs to the sentence that it stands in or follows. At the beginning of a line it belongs to the next one.
    """
    plain, places = _without(answer, marked)
    spans = sentences(plain) or [(0, 0)] * bool(marked)
    carried: list[dict[int, None]] = [{} for _ in spans]
    for mark, at in zip(marked, places, strict=True):
        before, after = plain[:at].rpartition("\n")[2], plain[at:].partition("\n")[0]
        leads = not before.strip() and bool(after.strip())
        if leads:
            place = next((i for i, (_, end) in enumerate(spans) if end > at), -1)
        else:
            place = max((i for i, (start, _) in enumerate(spans) if start < at), default=0 if spans else -1)
        if place >= 0:
            carried[place].update(dict.fromkeys(mark.numbers))
    return [(plain[a:b], tuple(numbers)) for (a, b), numbers in zip(spans, carried, strict=True)]


def _without(answer: str, marked: list[Mark]) -> tuple[str, list[int]]:
    """An answer without its marks, and where each of them stood in what is left."""
    pieces: list[str] = []
    places: list[int] = []
    at = size = 0
    for mark in marked:
        pieces.append(answer[at : mark.start])
        size += mark.start - at
        places.append(size)
        at = mark.end
    return "".join([*pieces, answer[at:]]), places


def _cites(answer: str, start: int, end: int, last: int, said: str) -> bool:
    if _LINK.match(answer, end):
        return False
    before = answer[max(0, start - _BEFORE) : start]
    word = _LAST_WORD.search(before)
    if word and said and " ".join(f"{word[0]}{answer[start:end]}".split()) in said:
        return False
    if start == last or answer[start] == "【":
        return True
    attached = _ATTACHED.search(before)
    if attached is None or attached[0].endswith("."):
        return True
    # "tall[3]." cites, "x[3]" and "items[3] = 1" do not.
    held = f"{attached[0]}[" in said
    return not held and bool(_WORD.fullmatch(attached[0])) and bool(_ENDS_CLAUSE.match(answer, end))


def _numbers(text: str, most: int) -> Iterator[int]:
    for match in _RANGE.finditer(text):
        first = int(match[1])
        last = int(match[2] or first)
        yield from range(max(1, first), min(last, most) + 1)
