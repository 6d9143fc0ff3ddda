"""``compress --show``: the context as it is sent, and the whole text with what was kept and dropped of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import click

from ctxpipe.commands.shared.printing import coloured, safe_line, safe_text

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext

LONGEST = 400
"""Characters of a dropped stretch up to which it is shown whole; of a longer one, both ends are."""

_FRAME = "cyan"
_STYLES: Mapping[str, Mapping[str, bool]] = {
    "kept": {"bold": True},
    "protected": {"bold": True, "underline": True},
    "dropped": {"dim": True, "strikethrough": True},
    "elided": {"dim": True, "italic": True},
}
_PLAIN = ("dumb", "unknown")
"""Terminals without styles."""
_MARKS = {"kept": "+ ", "protected": "+ ", "dropped": "- ", "elided": "  "}


def show_context(context: CompressedContext, *, err: bool) -> None:
    """Print the context as it is sent, then all documents.

    What was kept and dropped shows in a terminal by bold and struck-out text, elsewhere by a mark before each line.

    Args:
        context: What was kept.
        err: Whether to print to standard error.
    """
    stream = sys.stderr if err else sys.stdout
    terminal = stream.isatty() and os.environ.get("TERM") not in _PLAIN
    say = partial(click.echo, err=err)
    (_styled if terminal else _marked)(context, say)


def _styled(context: CompressedContext, say: Callable[..., None]) -> None:
    from ctxpipe.pipeline.view.pieces import pieces, sent

    say(click.style("The context as it is sent", bold=True, reverse=True))
    say("".join(coloured(safe_text(text), _FRAME) if frame else safe_text(text) for text, frame in sent(context)))
    say()
    say(" ".join(click.style(fate, **_STYLES[fate]) for fate in ("kept", "protected", "dropped")), nl=False)
    current = -1
    for piece in pieces(context.documents, context.spans, context.protected, longest=LONGEST):
        if piece.document != current:
            current = piece.document
            name = safe_line(context.documents[current].source)
            say("\n\n" + click.style(f"== {name}", bold=True, reverse=True))
        say(click.style(safe_text(piece.text), **_STYLES[piece.fate]), nl=False)
    say()


def _marked(context: CompressedContext, say: Callable[..., None]) -> None:
    """Kept and dropped stretches on lines of their own; where one begins in mid-sentence, so does its line."""
    from ctxpipe.pipeline.view.pieces import pieces

    say("== The context as it is sent")
    say(safe_text(context.text))
    say("== The documents: + kept, - dropped")
    current, mark, pending = -1, "", ""
    for piece in pieces(context.documents, context.spans, context.protected, longest=LONGEST):
        following = _MARKS[piece.fate]
        if (piece.document, following) != (current, mark):
            _lines(mark, pending, say)
            pending, mark = "", following
        if piece.document != current:
            current = piece.document
            say(f"== {safe_line(context.documents[current].source)}")
        pending += piece.text
    _lines(mark, pending, say)


def _lines(mark: str, text: str, say: Callable[..., None]) -> None:
    for line in safe_text(text).split("\n"):
        if line.strip():
            say(f"{mark}{line.strip()}")
