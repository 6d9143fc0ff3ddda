"""The words of what is attached to a message, where it is text."""

from __future__ import annotations

import os

from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.mail.calendar import calendar_text
from ctxpipe.pipeline.readers.text.decode import HEAD, binary_reason, decode

_HTML = frozenset((".html", ".htm"))
_TEXT = _HTML.union(".txt .md .csv .tsv .log .json .xml .yaml .yml .diff .patch .ics".split())
"""Extensions of text that mail programs send as they send any file."""
_LARGEST = 1_000_000
"""Bytes of an attachment that is read."""


def attached_text(data: bytes, name: str, type: str) -> str:
    """The words of what is attached, if it is text by its name or its media type; empty for anything else.

    An attachment in another format is named and not read, as one archive in another is.

    Args:
        data: What is attached, decoded.
        name: Its file name.
        type: Its media type.
    """
    ending = os.path.splitext(name)[1].lower()
    is_text = type.startswith("text/") or ending in _TEXT
    if not is_text or len(data) > _LARGEST or binary_reason(data[:HEAD]):
        return ""
    try:
        text = decode(data, source=name, errors="replace", declares=True)
    except ReadError:
        return ""
    if type == "text/html" or ending in _HTML:
        from ctxpipe.pipeline.readers.html.html import html_page

        return html_page(text, addresses=True).text
    text = text.replace("\r\n", "\n").replace("\0", "").strip("\n")
    if type == "text/calendar" or ending == ".ics":
        return calendar_text(text) or text
    return text
