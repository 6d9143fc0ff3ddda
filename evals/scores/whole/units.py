"""The units of a passage: what is kept or left out as one."""

from __future__ import annotations

from functools import lru_cache

from ctxpipe.evals.scores.forms import form_of
from ctxpipe.evals.scores.whole.data import element_units, json_units, line_units, record_units
from ctxpipe.evals.scores.whole.prose import Unit, paged_units, prose_units
from ctxpipe.evals.types import Passage


@lru_cache(maxsize=64)  # every arm keeps something of the same passages
def units_of(passage: Passage) -> tuple[Unit, ...]:
    """The units of a passage, by the form of its file.

    Prose, Markdown, reStructuredText and pages: sentences across wrapped lines and pages, list items, headings, table
    rows, lines of code and of records. Code and configuration: lines. CSV: records. JSON: members. XML: elements.

    Where a text does not show whether something ends, it is taken to end there: what is then called broken is broken.
    """
    text, form = passage.text, form_of(passage)
    if form in ("prose", "markdown", "rst", "pdf"):
        if passage.page_starts and form == "pdf":
            return tuple(paged_units(text, passage.page_starts))
        return tuple(prose_units(text, markdown=form == "markdown"))
    split = {"json": json_units, "csv": record_units, "xml": element_units}.get(form, line_units)
    return tuple((span,) for span in split(text))
