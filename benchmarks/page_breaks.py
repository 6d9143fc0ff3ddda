"""Sentences that go on over a page break in the PDFs of ``pdf.py``, drawn and read by hand: are they whole?

``page_breaks.json`` has the words before each break and those with which the sentence goes on. The first hundred were
drawn before the reader was changed for those that were in two parts. The others were drawn after that, to tell what it
is worth for sentences that nobody had looked at.
"""

from __future__ import annotations

import functools
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

SENTENCES = Path(__file__).with_name("page_breaks.json")
DRAWN = 150
NEAR = 6_000
"""Characters around a word in which its unit is."""
_STOPPED = re.compile(r"[.!?:…][\"'”’»)\]]*$")
_SPACE = re.compile(r"\s+")


def verdict(documents: Mapping[str, Document]) -> dict[str, Any]:
    """For each of the two draws, how many sentences there are, and which are not in one unit.

    Args:
        documents: By package and name of the file.
    """
    found: dict[str, Any] = {}
    for row in json.loads(SENTENCES.read_text(encoding="utf-8")):
        draw = found.setdefault(f"draw_{row['draw']}", {"sentences": 0, "whole": 0, "parted": []})
        draw["sentences"] += 1
        if is_whole(documents[row["file"]], row["before"], row["after"]):
            draw["whole"] += 1
        else:
            draw["parted"].append(f"{row['file']}, page {row['page']}: {row['before']} | {row['after']}")
    return found


def is_whole(document: Document, before: str, after: str) -> bool:
    """Whether a unit has the words before a page break and, behind them, those after it; spaces do not count."""
    wanted = re.compile(f"{_squeezed(before)}.*{_squeezed(after)}", re.DOTALL)
    for match in re.finditer(r"\s+".join(map(re.escape, before.split())), document.text):
        at = match.start()
        units = _outlined(document).units(max(0, at - NEAR), at + NEAR)
        if any(wanted.search(_SPACE.sub("", document.text[u.start : u.end])) for u in units if u.start <= at < u.end):
            return True
    return False


def _squeezed(words: str) -> str:
    return re.escape(_SPACE.sub("", words))


def drawn(documents: Sequence[Document], seed: int) -> list[tuple[Document, int]]:
    """Page breaks at which a sentence seems to go on: the page ends in none, or the next begins in small letters."""
    places = list(_places(documents))
    return random.Random(seed).sample(places, min(DRAWN, len(places)))


def _places(documents: Sequence[Document]) -> Iterator[tuple[Document, int]]:
    for document in documents:
        for start in document.page_starts[1:]:
            before = document.text[:start].rstrip().rpartition("\n")[2]
            after = document.text[start : start + 200].split("\n")[0]
            in_noise = any(a <= start < b for a, b in document.noise)
            goes_on = len(before) > 40 and not _STOPPED.search(before) and re.search(r"[a-z]{3} [a-z]{2}", before)
            if not in_noise and len(after) > 20 and (goes_on or re.match(r"[a-z]{2,} [a-z]", after)):
                yield document, start


def shown(document: Document, start: int) -> str:
    """A page break with what stands around it, for a person to read."""
    text = document.text
    return (
        f"{document.source} p. {document.page(start)}\n{text[max(0, start - 260) : start]}|{text[start : start + 160]}"
    )


_outlined = functools.cache(outline)
