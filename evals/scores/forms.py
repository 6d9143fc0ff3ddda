"""In which form a passage is written, by the name of its file."""

from __future__ import annotations

import os
from typing import Literal

from ctxpipe.evals.types import Passage

Form = Literal["prose", "markdown", "rst", "pdf", "records", "sections", "yaml", "python", "code", "json", "xml", "csv"]
"""``records``: a line is a record whatever it looks like. ``sections``: TOML, INI and their like. A text from HTML or
an office file is ``markdown``, as the readers write it."""

_ENDINGS: dict[Form, str] = {
    "markdown": "md markdown mdown mkd mdx qmd rmd html htm xhtml docx pptx xlsx",
    "rst": "rst",
    "pdf": "pdf",
    "records": "log",
    "sections": "toml ini cfg conf properties env",
    "yaml": "yaml yml",
    "python": "py pyi pyw",
    "code": "js mjs cjs jsx ts tsx java cpp cc cxx c h hpp go rs rb php scala swift kt cs proto r lua pl pm hs ex exs "
    "ps1 sh bash zsh sql css scss gradle tf mk cmake dockerfile diff patch",
    "json": "json jsonl ndjson geojson jsonld",
    "xml": "xml xsd xsl svg",
    "csv": "csv tsv tab",
}
_BY_ENDING = {f".{ending}": form for form, endings in _ENDINGS.items() for ending in endings.split()}


def form_of(passage: Passage) -> Form:
    """The form that the ending of the passage's file name promises; ``prose`` for any other and for none."""
    return _BY_ENDING.get(os.path.splitext(passage.source)[1].lower(), "prose")
