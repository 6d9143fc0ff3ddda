"""What is not worth its tokens: contents and index lines, page numbers, licence boilerplate, generated files."""

from __future__ import annotations

import os
import re
from typing import Literal

from ctxpipe.compress.text.prose.records import is_contents
from ctxpipe.compress.types import Document

_PAGED = re.compile(
    r"""
      ^\s*[-–—|\[(]*\s*(?:[Pp]age\s+)?\d{1,4}(?:\s+(?:of|/)\s+\d{1,4})?\s*[-–—|\])]*\s*$      # a page number
    | ^[^.!?\n]{2,60},\s\d{1,4}(?:[–-]\d{1,4})?(?:,\s\d{1,4}(?:[–-]\d{1,4})?)+\.?$   # an index line
    """,
    re.VERBOSE,
)
_PRINTED = re.compile(r"\[Page [\divxlc]{1,5}\]\s*(?:\f[^\n]*)?$|\f[^\n]*$")
"""The foot of a page of text for printers, and the head of the next one, which a form feed begins."""
_PAGE_ENDS = re.compile(r"(?:\f|\[Page [\divxlc]{1,5}\])\s{0,12}\Z")
_FURNITURE = 40
"""Characters before the head of a page in which the page before ends."""
_COUNTS = re.compile(
    r"\d{1,4} (?:reply|replies|reactions?|likes?|views?)(?:[ ·,]+(?:last reply|view thread)[^\n]{0,40})?", re.I
)
"""What a chat says below a message of how many answered."""
_NAVIGATION = re.compile(r"\[ ?(?:[A-Z][\w ]{1,24} ?\| ?){1,8}[A-Z][\w ]{1,24}\]")
"""Links to other pages, as manuals that were pages of the web have them below each chapter."""
_LINKED = re.compile(r"\b(?:Contents|Home|Index|Top|Up|Back|Prev|Previous|Next)\b")
_CLOSING = re.compile(r"(?:</\w+>\s*)+")
_COMMAND = re.compile(r"=(?:pod|cut|over|back|encoding)\b[^\n]{0,20}")
"""A command of POD that says nothing."""
_LICENCE = (
    "permission is hereby granted, free of charge",
    "redistribution and use in source and binary forms",
    "without warranty",
    "without warranties",
    "the software is provided",
    "under the terms of the gnu",
    "licensed under the apache license",
    "you may not use this file except in compliance",
    "in no event shall",
)
_SHORTEST_LICENCE = min(map(len, _LICENCE))
_GENERATED = re.compile(
    r"""^[ \t]*(?:\#|//|/\*|\*|--|;|%|<!--|\(\*|REM\b|rem\b|dnl\b|"{3}|'{3})[^\n]*   # in a comment
    (?:@generated\b|DO\ NOT\ EDIT|Code\ generated\ by
    |This\ file\ (?:is|was)\ (?:auto(?:matically)?[-\ ])?generated)""",
    re.MULTILINE | re.VERBOSE,
)
_LOCKS = frozenset(
    "package-lock.json yarn.lock pnpm-lock.yaml npm-shrinkwrap.json poetry.lock pipfile.lock uv.lock pdm.lock "
    "pixi.lock cargo.lock gemfile.lock composer.lock go.sum flake.lock packages.lock.json bun.lock bun.lockb "
    "deno.lock mix.lock pubspec.lock podfile.lock package.resolved gradle.lockfile conda-lock.yml renv.lock "
    ".terraform.lock.hcl".split()
)
_MINIFIED_NAME = re.compile(r"\.min\.(?:js|mjs|cjs|css)$|\.(?:js|mjs|cjs|css|ts)\.map$")
_MINIFIED = 500
"""Characters a line, on average, from which on code is taken for minified."""
_DATA = frozenset(("xml", "sql"))
"""Languages in which long lines are data."""
_HEAD = 1500

NoiseKind = Literal["", "lock", "minified", "generated"]


def is_noise(text: str, start: int, end: int, *, paged: bool) -> bool:
    """Whether a unit says nothing: a contents line, licence boilerplate, on pages also an index line or a number."""
    if end - start > 2000:
        return False
    piece = text[start:end]
    if not any(map(str.isalnum, piece)):
        return True
    if "\n" not in piece and "  " in piece and _PAGE_ENDS.search(text, max(0, start - _FURNITURE), start):
        return True
    if len(piece) < 80 and _COUNTS.fullmatch(piece.strip()):
        return True
    if piece.startswith("</") and _CLOSING.fullmatch(piece):
        return True
    if piece[0] == "=" and _COMMAND.fullmatch(piece):
        return True
    if piece[0] == "[" and "|" in piece and _NAVIGATION.fullmatch(piece) and _LINKED.search(piece):
        return True
    paged = paged or text[end : end + 8].lstrip(" \n\r\t").startswith("\f")
    if _is_printed(piece) or is_contents(piece) or (paged and _PAGED.search(piece)):
        return True
    if len(piece) < _SHORTEST_LICENCE:
        return False
    folded = piece.lower()
    return any(words in folded for words in _LICENCE)


def _is_printed(piece: str) -> bool:
    return ("[Page " in piece or "\f" in piece) and _PRINTED.search(piece) is not None


def is_lock(name: str) -> bool:
    """Whether a file's name is that of a lock file."""
    return name.lower() in _LOCKS


def noise_kind(document: Document) -> NoiseKind:
    """Whether a document is a lock file, minified or generated; empty for what people wrote."""
    name = os.path.basename(document.source).lower()
    if is_lock(name):
        return "lock"
    if _MINIFIED_NAME.search(name):
        return "minified"
    if document.kind != "code":
        return ""
    text = document.text
    if document.language not in _DATA or name.endswith(".svg"):
        lines = text.count("\n") + 1
        if len(text) > max(2000, _MINIFIED * lines):
            return "minified"
    return "generated" if _GENERATED.search(text, 0, _HEAD) else ""


def is_noise_document(document: Document) -> bool:
    """Whether a document is a lock file, minified or generated."""
    return bool(noise_kind(document))
