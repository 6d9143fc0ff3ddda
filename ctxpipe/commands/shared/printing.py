"""Text from outside, printed so that it cannot steer a terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext


def safe_line(text: str) -> str:
    """One line without characters that could steer a terminal."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in " ".join(text.split("\n"))
    )


def safe_text(text: str) -> str:
    """Text without characters that could steer a terminal, lines kept."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text.replace("\r\n", "\n"))


def coloured(text: str, colour: str, **styles: Any) -> str:
    """``click.style`` with a colour, which ``NO_COLOR`` takes away."""
    return click.style(text, fg=None if os.environ.get("NO_COLOR") else colour, **styles)


def say_notes(context: CompressedContext) -> None:
    """Say what a person should know of a compression, on standard error."""
    for note in context.notes:
        click.echo(f"note: {safe_line(note)}", err=True)
