"""Contents and index pages: rows that say where something is and nothing else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ctxpipe.pipeline.readers.pdf.rows import Row

_LED = re.compile(r"(?:\.\s?|·\s?|…\s?){3,}\s*(?:[A-Z]?[-.]?\d{1,4}|[ivxlc]{1,7})$")
_PAGED = re.compile(r"\S\s{2,}(?:\d{1,4}|[ivxlc]{1,7})$|^(?:\d{1,2}(?:\.\d{1,2}){0,4}\.?)\s+\S.*\s(?:\d{1,4})$")
_INDEXED = re.compile(r"\S[,;\s]\s*(?:[A-Z]-)?\d{1,4}(?:[–-]\d{1,4})?(?:,\s*(?:[A-Z]-)?\d{1,4}(?:[–-]\d{1,4})?)*[,.]?$")
_TITLES = re.compile(
    r"(?:table of )?contents?|index|.{0,30}\bindex|(?:list of )?(?:figures|tables|examples)|inhalt(?:sverzeichnis)?"
    r"|table des mati[eè]res|[ií]ndice.{0,20}|sommaire|inhoud",
    re.IGNORECASE,
)
_ENDS = frozenset("0123456789ivxlc.,")
"""What a contents or index row may end in."""
_SHARE, _TITLED_SHARE = 0.6, 0.35
_FEWEST = 4


def mark_listings(pages: Sequence[Sequence[Sequence[Row]]]) -> None:
    """Mark the rows of contents and index pages, and any row whose dots lead to a page.

    A page whose rows mostly end in page numbers that do not fall is a contents page; one whose rows mostly end in lists
    of them is an index page. A title that says so, or such a page before it, needs fewer rows.
    """
    before = False
    for columns in pages:
        rows = [row for column in columns for row in column]
        for row in rows:
            row.listed = row.text[-1] in _ENDS and _LED.search(row.text) is not None
        before = _mark_page(rows, before)


def _mark_page(rows: Sequence[Row], before: bool) -> bool:
    """Mark the rows of one page; tell whether it is a contents or index page to its end."""
    first = next(
        (at for at, row in enumerate(rows) if len(row.text) < 50 and _TITLES.fullmatch(row.text.strip(" .:"))), -1
    )
    below = rows[first + 1 :] if first >= 0 else rows
    led = sum(row.listed for row in below)
    share = _TITLED_SHARE if first >= 0 or before else _SHARE
    ending = [row for row in below if row.listed or row.text[-1] in _ENDS]
    if len(ending) < max(_FEWEST, share * len(below)):
        return False
    paged = _ascending([row for row in ending if row.listed or _PAGED.search(row.text)])
    indexed = sum(_INDEXED.search(row.text) is not None for row in ending)
    if max(led, paged, indexed) < _FEWEST or max(led, paged, indexed) < share * len(below):
        if first >= 0:
            _mark_run(below)
        return False
    for row in below:
        row.listed = True
    return True


def _mark_run(rows: Sequence[Row]) -> None:
    """Mark the contents rows right below their title, on a page that goes on with something else."""
    run: list[Row] = []
    for row in rows:
        if not row.listed and not _PAGED.search(row.text):
            break
        run.append(row)
    if len(run) >= _FEWEST and _ascending(run):
        for row in run:
            row.listed = True


def _ascending(rows: Sequence[Row]) -> int:
    """Number of rows, if their page numbers mostly do not fall, else 0."""
    numbers = [int(match[0]) for row in rows if (match := re.search(r"\d+$", row.text))]
    falls = sum(b < a for a, b in itertools.pairwise(numbers))
    return len(rows) if falls <= 0.1 * len(numbers) else 0
