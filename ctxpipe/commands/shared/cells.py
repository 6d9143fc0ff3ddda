"""Text in the columns of a terminal: its width, and its lines."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TextIO

import click

_PART = re.compile(r"[^/-]*[/-]*")
_WIDE, _NONE = ("W", "F"), ("Mn", "Me", "Cf")


def width(text: str) -> int:
    """Columns that a text takes; East Asian characters take two, colours none."""
    plain = click.unstyle(text)
    if plain.isascii():
        return len(plain)
    return sum(
        0 if unicodedata.category(c) in _NONE else 2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in plain
    )


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of at most so many columns, without spaces at their ends; only a word longer than a line is broken."""
    lines = [""]
    for word in text.split():
        gap = " " if lines[-1] else ""
        if width(lines[-1]) + len(gap) + width(word) <= columns:
            lines[-1] += gap + word
        elif width(word) <= columns:
            lines.append(word)
        else:
            broken = _broken(word, columns, columns - width(lines[-1]) - len(gap))
            if broken[0]:
                lines[-1] += gap + broken[0]
            lines += broken[1:]
    return lines


def columns_of(stream: TextIO, default: int) -> int:
    """Columns of a terminal; the default for what is none, or does not know."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or default
    except (OSError, ValueError):
        return default


def _broken(word: str, columns: int, room: int) -> list[str]:
    """Pieces of at most ``columns``, the first of at most ``room``, ended behind a hyphen or slash where one fits."""
    pieces = [""]
    for part in _PART.findall(word):
        if width(part) > room and width(part) <= columns:
            pieces.append("")
            room = columns
        for c in part:
            room -= width(c)
            if room < 0:
                pieces.append("")
                room = columns - width(c)
            pieces[-1] += c
    return pieces
