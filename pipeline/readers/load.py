"""Turns the bytes of one file into a document."""

from __future__ import annotations

import dataclasses
import os
import re

from ctxpipe.compress.text.code.page_templates import is_page_template
from ctxpipe.compress.text.data.json_tree import is_json
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.chats import chat_document, chats_of, joined_messages
from ctxpipe.pipeline.readers.kinds import (
    COMMENTED,
    PAGE_TEMPLATE,
    REFUSED,
    TEXT,
    FileFormat,
    by_magic,
    by_name,
    by_text,
)
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.registry import READERS
from ctxpipe.pipeline.readers.text.decode import decode_noted
from ctxpipe.pipeline.readers.titles import markdown_title

EMPTY = "empty"
_MEMBER = re.compile(r'^[ \t]*"[^"\n]{1,100}"[ \t]*:', re.MULTILINE)
_MEMBERS = 3
"""Lines that begin with a key from which on a text that is no valid JSON is read as one with comments."""


def load(data: bytes, *, source: str, name: str, errors: Errors = "strict") -> Document:
    """Make a document from a file.

    Args:
        data: The whole file.
        source: Source of the document.
        name: The file's name, whose extension decides the format; empty for standard input, whose bytes decide.
        errors: ``"replace"`` lets undecodable bytes pass as U+FFFD.

    Raises:
        ReadError: if the file is empty, binary, damaged, or in a format that has no reader.
    """
    if not data or data.isspace():
        raise ReadError(source, EMPTY)
    stem, ending = os.path.splitext(os.path.basename(name))
    if advice := REFUSED.get(ending.lower()):
        raise ReadError(source, advice)
    format, note = _format(data, name, ending)
    if format is None or format.reader == "text" or format.reader == "html":
        document = _load_text(data, format, source, stem, errors)
    else:
        document = READERS.create(format.reader).read(data, source=source, errors=errors)
        document = document if document.title else dataclasses.replace(document, title=stem)
        document = dataclasses.replace(document, notes=(note, *document.notes)) if note else document
    if not document.text or document.text.isspace():
        raise ReadError(source, "empty: no text in it")
    return document


def _format(data: bytes, name: str, ending: str) -> tuple[FileFormat | None, str]:
    """The format of a file, and a note when its bytes say another than its name does."""
    named = by_name(name)
    if named is not None and named.reader in ("text", "html"):
        return named, ""
    by_bytes = by_magic(data)
    if named is None or by_bytes is None or by_bytes == named:
        return named or by_bytes, ""
    return by_bytes, f"not a {ending.lower()} file; read as .{by_bytes.reader}"


def _load_text(data: bytes, format: FileFormat | None, source: str, stem: str, errors: Errors) -> Document:
    declares = format is None or format.kind in ("html", "code")
    text, note = decode_noted(data, source=source, errors=errors, declares=declares)
    notes = (note,) if note else ()
    if format is None:
        format = by_text(text)
    elif format.kind == "json" and not is_json(text):
        # Comments and commas at the end are not JSON, and what is cut off is none either; both have its indentation.
        format = COMMENTED if len(_MEMBER.findall(text, 0, 1 << 16)) >= _MEMBERS else TEXT
    elif format.reader == "html" and is_page_template(text):
        format = PAGE_TEMPLATE
    if format.reader == "html":
        from ctxpipe.pipeline.readers.html.html import html_page
        from ctxpipe.pipeline.readers.html.messages import page_chat

        if shown := page_chat(text):
            return dataclasses.replace(chats_of([shown], source=source), title=stem, notes=notes)
        page = html_page(text)
        return Document(
            text=page.text, source=source, kind="html", title=page.title or stem, noise=page.noise, notes=notes
        )
    if format.kind == "json" and (chat := chat_document(text, source=source)) is not None:
        return dataclasses.replace(chat, title=stem, notes=notes)
    if format == TEXT:
        text = joined_messages(text)
    title = markdown_title(text) if format.kind == "markdown" else ""
    return Document(
        text=text, source=source, kind=format.kind, title=title or stem, language=format.language, notes=notes
    )
